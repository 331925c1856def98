// Whether the metadata of roles can stand on pods (rollout.md 8.5): an API server would refuse the ReplicaSet, and the
// Rollout would stand still without a word.
import type { Rollout } from '../../../api/rollout.ts';
import { HASH_LABEL } from '../../../api/names.ts';
import type { PodMetadata } from '../ephemeral-metadata.ts';
import { invalid, type Problem } from './problem.ts';

const NAME = /^(?:[A-Za-z0-9][-A-Za-z0-9_.]{0,61})?[A-Za-z0-9]$/;
const PREFIX =
  /^(?=.{1,253}\/)[a-z0-9](?:[-a-z0-9]*[a-z0-9])?(?:\.[a-z0-9](?:[-a-z0-9]*[a-z0-9])?)*\//;

function isKey(key: string): boolean {
  return NAME.test(key.replace(PREFIX, ''));
}

function isLabelValue(value: string): boolean {
  return value === '' || NAME.test(value);
}

/** The first member that cannot be. */
export function metadataProblem({ spec }: Rollout): Problem | undefined {
  const { canary, blueGreen } = spec.strategy ?? {};
  const { matchLabels = {}, matchExpressions = [] } = spec.selector ?? {};
  const users = spec.template?.metadata?.labels ?? {};
  const selecting = new Map<string, string | undefined>([
    [HASH_LABEL, undefined],
    ...matchExpressions.map(({ key }) => [key, users[key]] as const),
    ...Object.entries(matchLabels),
  ]);
  const all: readonly (readonly [string, PodMetadata | undefined])[] = [
    ['canary.canaryMetadata', canary?.canaryMetadata],
    ['canary.stableMetadata', canary?.stableMetadata],
    ['blueGreen.activeMetadata', blueGreen?.activeMetadata],
    ['blueGreen.previewMetadata', blueGreen?.previewMetadata],
  ];
  for (const [path, metadata] of all) {
    const field = `spec.strategy.${path}`;
    const found = labelProblem(field, metadata, selecting) ?? annotationProblem(field, metadata);
    if (found !== undefined) return found;
  }
  return undefined;
}

const KEY_RULE =
  'a key is an optional DNS name and a slash, then up to 63 letters, digits, `-`, `_` and `.`, a letter or digit at both ends';

function labelProblem(
  field: string,
  metadata: PodMetadata | undefined,
  selecting: ReadonlyMap<string, string | undefined>,
): Problem | undefined {
  for (const [key, value] of Object.entries(metadata?.labels ?? {})) {
    const at = `${field}.labels[${key}]`;
    if (selecting.has(key) && selecting.get(key) !== value) {
      return invalid(at, value, 'this label decides whose pods they are; use another key');
    }
    if (!isKey(key)) return invalid(at, key, KEY_RULE);
    if (!isLabelValue(value)) {
      const rule =
        'a value is up to 63 letters, digits, `-`, `_` and `.`, a letter or digit at both ends';
      return invalid(at, value, `${rule}; what does not fit can be an annotation`);
    }
  }
  return undefined;
}

function annotationProblem(field: string, metadata: PodMetadata | undefined): Problem | undefined {
  const wrong = Object.keys(metadata?.annotations ?? {}).find((key) => !isKey(key));
  return wrong === undefined
    ? undefined
    : invalid(`${field}.annotations[${wrong}]`, wrong, KEY_RULE);
}
