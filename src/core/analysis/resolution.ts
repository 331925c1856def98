// Arguments of a run as they enter its metrics, secrets among them (analysis.md 3.3).
import type { Argument, Metric } from '../../api/analysis.ts';
import type { Answer, Ask } from '../decision.ts';
import { resolveMetric, type Substituted } from './substitution.ts';
import type { AnalysisWorld } from './world.ts';

/** Stands for a secret where its content does not matter. */
export const PLACEHOLDER = (): Substituted<string> => ({ ok: true, value: 'temp-for-secret' });

type SecretValue = (ref: { readonly name: string; readonly key: string }) => Substituted<string>;

/** All metrics with their arguments filled in; `secret` says what stands for a secret's content. */
export function resolvedMetrics(
  { run }: AnalysisWorld,
  secret: SecretValue,
): Substituted<readonly Metric[]> {
  const args: Argument[] = [];
  for (const argument of run.spec.args ?? []) {
    const ref = argument.valueFrom?.secretKeyRef;
    if (ref === undefined) {
      args.push(argument);
      continue;
    }
    const value = secret(ref);
    if (!value.ok) return value;
    args.push({ name: argument.name, value: value.value });
  }
  const metrics: Metric[] = [];
  for (const metric of run.spec.metrics ?? []) {
    const resolved = resolveMetric(metric, args);
    if (!resolved.ok) return resolved;
    metrics.push(resolved.value);
  }
  return { ok: true, value: metrics };
}

/** What has been read of the secrets that arguments name, and what must be asked for. */
export interface Secrets {
  readonly values: ReadonlyMap<string, Readonly<Record<string, string>>>;
  readonly missing: readonly Ask[];
}

function secretNames({ run }: AnalysisWorld): readonly string[] {
  const names = (run.spec.args ?? []).flatMap((argument) => {
    const ref = argument.valueFrom?.secretKeyRef;
    return ref === undefined ? [] : [ref.name];
  });
  return [...new Set(names)];
}

export function secretsOf(world: AnalysisWorld): Substituted<Secrets> {
  const values = new Map<string, Readonly<Record<string, string>>>();
  const missing: Ask[] = [];
  for (const name of secretNames(world)) {
    const key = `secret/${name}`;
    const answer = world.answers.find((one): one is Extract<Answer, { kind: 'secret' }> => {
      return one.kind === 'secret' && one.key === key;
    });
    if (answer === undefined) missing.push({ kind: 'secret', key, name });
    else if ('error' in answer.secret) return { ok: false, error: answer.secret.error };
    else values.set(name, answer.secret.data);
  }
  return { ok: true, value: { values, missing } };
}

export function secretValue(
  values: Secrets['values'],
  { name, key }: { readonly name: string; readonly key: string },
): Substituted<string> {
  const value = values.get(name)?.[key];
  if (value === undefined) {
    return { ok: false, error: `key '${key}' does not exist in secret '${name}'` };
  }
  return { ok: true, value };
}

/** The secret values that the run's arguments stand for. */
export function hidden({ run }: AnalysisWorld, values: Secrets['values']): readonly string[] {
  return (run.spec.args ?? []).flatMap((argument) => {
    const ref = argument.valueFrom?.secretKeyRef;
    const value = ref === undefined ? undefined : values.get(ref.name)?.[ref.key];
    return value === undefined ? [] : [value];
  });
}
