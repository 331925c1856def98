// A set's template as its user wrote it: what a strategy puts into the templates of sets is no part of a version.
import type { PodTemplateSpec, ReplicaSet } from '../../api/kubernetes.ts';
import { isSameTemplate } from '../../api/template-equality.ts';
import { withoutAntiAffinity } from './anti-affinity.ts';
import { withoutEphemeral } from './ephemeral-metadata.ts';

/** Without the metadata of roles and without the rule against the stable set's nodes; with the hash label. */
export function userTemplateOf(set: ReplicaSet): PodTemplateSpec {
  return withoutAntiAffinity(withoutEphemeral(set));
}

/** Whether the set runs the template that is wanted (rollout.md 2.5, 3). */
export function isMadeOf(set: ReplicaSet, template: PodTemplateSpec | undefined): boolean {
  return isSameTemplate(userTemplateOf(set), withoutAntiAffinity(template ?? {}));
}
