// Placeholders that exist only in an experiment's analysis arguments (experiment.md 6.2).
import { parseDuration, parseInstant, formatInstant, later } from '../../lib/time.ts';
import { substitute, type Substituted } from '../analysis/substitution.ts';

export interface ExperimentVariables {
  /** RFC 3339 as stored; absent until all templates have been available. */
  readonly availableAt?: string;
  readonly duration?: string;
  /** Templates whose ReplicaSet exists. */
  readonly sets: readonly {
    readonly template: string;
    readonly name: string;
    readonly hash: string;
  }[];
}

/** The text with its placeholders replaced; a duration that cannot be read is an error even where it is not used. */
export function substituteExperiment(
  text: string,
  variables: ExperimentVariables,
): Substituted<string> {
  const values = new Map<string, string>();
  for (const { template, name, hash } of variables.sets) {
    values.set(`templates.${template}.podTemplateHash`, hash);
    values.set(`templates.${template}.replicaset.name`, name);
  }
  const availableAt = variables.availableAt ?? '';
  if (availableAt !== '') values.set('experiment.availableAt', availableAt);
  const durationText = variables.duration ?? '';
  if (durationText !== '') {
    const duration = parseDuration(durationText);
    if (!duration.ok) return { ok: false, error: duration.error };
    const start = parseInstant(availableAt);
    if (start !== undefined) {
      values.set('experiment.finishedAt', formatInstant(later(start, duration.duration)));
    }
  }
  return substitute(text, values);
}
