// Whether a stored ReplicaSet runs the template that a Rollout wants (rollout.md 2.5).
import { canonicalPodTemplate } from './hash.ts';
import type { PodTemplateSpec } from './kubernetes.ts';
import { HASH_LABEL } from './names.ts';
import { defaultPodTemplate } from './pod-defaults.ts';

type JsonRecord = Readonly<Record<string, unknown>>;

function isRecord(value: unknown): value is JsonRecord {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function comparable(template: JsonRecord): JsonRecord {
  const metadata = isRecord(template['metadata']) ? template['metadata'] : {};
  const labels = isRecord(metadata['labels']) ? metadata['labels'] : {};
  const { [HASH_LABEL]: _hash, ...bare } = labels;
  const spec = isRecord(template['spec']) ? template['spec'] : {};
  // The old alias is filled in by the server only.
  const { serviceAccount: _alias, ...rest } = spec;
  return { metadata: { labels: bare, annotations: metadata['annotations'] }, spec: rest };
}

/**
 * Semantic equality of a live template (defaulted by the server) and a desired one: defaults are filled in on
 * both sides, absent and empty lists are alike, quantities are compared by value, the hash label is ignored.
 */
export function isSameTemplate(live: PodTemplateSpec, desired: PodTemplateSpec): boolean {
  const text = (template: PodTemplateSpec) =>
    canonicalPodTemplate(comparable(defaultPodTemplate(template)), 'current');
  return text(live) === text(desired);
}
