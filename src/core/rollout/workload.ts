// The object that `spec.workloadRef` names: where a Rollout's pod template comes from (rollout.md 3.11).
// Entry point: `resolvedRollout`; what is done to that object is in workload-scaling.ts.
import type { LabelSelector, PodTemplateSpec, ReplicaSet } from '../../api/kubernetes.ts';
import { HASH_LABEL } from '../../api/names.ts';
import type { KubeObject, ResourceType } from '../../api/object.ts';
import { DEPLOYMENTS, POD_TEMPLATES, REPLICA_SETS } from '../../api/resources.ts';
import type { Rollout } from '../../api/rollout.ts';
import { userTemplateOf } from './user-template.ts';
import type { RolloutProblem } from './validation/problem.ts';

/** What the shell found under `spec.workloadRef`. */
export interface Workload {
  /** Absent while `problem` says why. */
  readonly object?: KubeObject;
  readonly problem?: RolloutProblem;
}

export interface Resolved {
  /** With template and selector filled in; only in memory, never to be written. */
  readonly rollout: Rollout;
  /** Absent without `spec.workloadRef`. */
  readonly workload?: Workload;
}

const KINDS: readonly ResourceType[] = [DEPLOYMENTS, REPLICA_SETS, POD_TEMPLATES];

function groupOf(apiVersion: string): string {
  return apiVersion.includes('/') ? apiVersion.slice(0, apiVersion.indexOf('/')) : '';
}

/** The kind that the Rollout refers to; undefined without a reference, or if a template cannot come from it. */
export function workloadKind({ spec }: Rollout): ResourceType | undefined {
  const { apiVersion = '', kind } = spec.workloadRef ?? {};
  return KINDS.find((known) => known.kind === kind && known.group === groupOf(apiVersion));
}

/**
 * The Rollout as it counts: with the template of the workload, and its selector unless the Rollout has one.
 *
 * `current` is the set of the last known template. When the workload is gone its template is that set's, so that an abort
 * can still be carried out.
 */
export function resolvedRollout(
  rollout: Rollout,
  { object, current }: { readonly object?: KubeObject; readonly current?: ReplicaSet },
): Resolved {
  if (rollout.spec.workloadRef === undefined) return { rollout };
  const problem = problemOf(rollout, object);
  if (problem !== undefined) {
    const kept = problem.isReference && current !== undefined;
    return { rollout: kept ? fromSet(rollout, current) : rollout, workload: { problem } };
  }
  const { template, selector } = contentOf(object);
  return {
    rollout: filled(rollout, template, selector),
    workload: object === undefined ? {} : { object },
  };
}

function problemOf(rollout: Rollout, object: KubeObject | undefined): RolloutProblem | undefined {
  const { metadata, spec } = rollout;
  const { apiVersion = '', kind = '', name = '' } = spec.workloadRef ?? {};
  const wrong = (text: string, isReference: boolean): RolloutProblem => ({
    text,
    isReference,
    allowsAbort: isReference,
  });
  const { labels, annotations } = spec.template?.metadata ?? {};
  if (Object.keys({ ...labels, ...annotations }).length > 0) {
    return wrong('template must be empty for workload reference rollout', false);
  }
  const resource = workloadKind(rollout);
  if (resource === undefined) {
    return wrong(`workload of type ${groupOf(apiVersion)}/${kind} is not supported`, false);
  }
  if (object !== undefined) return undefined;
  const plural = [resource.plural, resource.group].filter((part) => part !== '').join('.');
  return wrong(`${plural} "${metadata.namespace ?? ''}/${name}" not found`, true);
}

interface WithTemplate {
  readonly template?: PodTemplateSpec;
  readonly selector?: LabelSelector;
}

/** A PodTemplate has its template at the top, and no selector. */
function contentOf(object: KubeObject | undefined): WithTemplate {
  const { spec, template } = (object ?? {}) as WithTemplate & { readonly spec?: WithTemplate };
  return spec ?? (template === undefined ? {} : { template });
}

function filled(
  rollout: Rollout,
  template: PodTemplateSpec | undefined,
  selector: LabelSelector | undefined,
): Rollout {
  const { spec } = rollout;
  return {
    ...rollout,
    spec: {
      ...spec,
      template: template ?? {},
      ...(spec.selector !== undefined || selector === undefined ? {} : { selector }),
    },
  };
}

/** What the strategy has put into the set's template is no part of it. */
function fromSet(rollout: Rollout, set: ReplicaSet): Rollout {
  const template = userTemplateOf(set);
  const { selector } = set.spec;
  const labels = withoutHash(template.metadata?.labels);
  const own = { ...template, metadata: { ...template.metadata, labels } };
  return filled(rollout, own, { ...selector, matchLabels: withoutHash(selector.matchLabels) });
}

function withoutHash(labels: Readonly<Record<string, string>> = {}): Record<string, string> {
  const { [HASH_LABEL]: _hash, ...rest } = labels;
  return rest;
}

/** Names one state of the workload's template: what is dear to compute from it holds as long as this does. */
export function workloadVersion({ object }: Workload): string {
  const { uid = '', generation, resourceVersion = '' } = object?.metadata ?? {};
  return `${uid}/${generation ?? resourceVersion}`;
}

/** As the Rollout and its sets record it; undefined if there is no workload. */
export function workloadGeneration(workload: Workload | undefined): string | undefined {
  const object = workload?.object;
  return object === undefined ? undefined : String(object.metadata.generation ?? 0);
}
