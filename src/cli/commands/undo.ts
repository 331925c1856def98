// `undo` (cli.md 2.3).
import type { PodTemplateSpec, ReplicaSet } from '../../api/kubernetes.ts';
import { HASH_LABEL, REVISION } from '../../api/names.ts';
import type { Json, KubeObject, ObjectRef, ResourceType } from '../../api/object.ts';
import { DEPLOYMENTS, POD_TEMPLATES, REPLICA_SETS, ROLLOUTS } from '../../api/resources.ts';
import type { Rollout } from '../../api/rollout.ts';
import { selectorText } from '../../api/selector.ts';
import { isSameTemplate } from '../../api/template-equality.ts';
import type { KubeClient } from '../../kube/client.ts';
import { isControlledBy } from '../../core/ownership.ts';
import { userTemplateOf } from '../../core/rollout/user-template.ts';
import { CommandError, type Leaf } from '../command.ts';
import { int } from '../flags.ts';

interface Revision {
  readonly set: ReplicaSet;
  readonly revision: number;
}

function revisionsOf(rollout: Rollout, sets: readonly ReplicaSet[]): readonly Revision[] {
  return sets
    .filter((set) => isControlledBy(set, rollout.metadata.uid))
    .flatMap((set) => {
      const text = set.metadata.annotations?.[REVISION] ?? '0';
      return /^\d+$/.test(text) ? [{ set, revision: Number(text) }] : [];
    })
    .toSorted((a, b) => b.revision - a.revision);
}

function chosen(rollout: Rollout, all: readonly Revision[], wanted: number): ReplicaSet {
  if (wanted > 0) {
    const found = all.find(({ revision }) => revision === wanted);
    if (found !== undefined) return found.set;
    throw new CommandError(`unable to find specified revision ${wanted} in history`);
  }
  const previous = all[1];
  if (previous !== undefined) return previous.set;
  throw new CommandError(`no revision found for rollout "${rollout.metadata.name}"`);
}

/** As its user wrote it: what the strategy has put in is no part of the revision. */
function withoutHash(set: ReplicaSet): PodTemplateSpec {
  const template = userTemplateOf(set);
  const { [HASH_LABEL]: _hash, ...labels } = template.metadata?.labels ?? {};
  return { ...template, metadata: { ...template.metadata, labels } };
}

export const UNDO: Leaf = {
  kind: 'leaf',
  name: 'undo',
  args: 'ROLLOUT_NAME',
  minArgs: 1,
  maxArgs: 1,
  short: 'Undo a rollout',
  long: 'Rollback to the previous rollout, or with --to-revision to an older one.',
  example:
    '# Undo a rollout\nkubectl argo rollouts undo guestbook\n\n' +
    '# Undo a rollout revision 3\nkubectl argo rollouts undo guestbook --to-revision=3',
  flags: [int('to-revision', '0', 'The revision to rollback to. Default to 0 (last revision)')],
  completes: 'rollouts',
  run: async ({ flags, connect, terminal }, [name = '']) => {
    const { client, namespace } = await connect();
    const rollout = await client.get<Rollout>({ resource: ROLLOUTS, namespace, name });
    const labelSelector = selectorText(rollout.spec.selector);
    const sets = await client.listAll<ReplicaSet>(REPLICA_SETS, { namespace, labelSelector });
    const wanted = flags.int('to-revision');
    const template = withoutHash(chosen(rollout, revisionsOf(rollout, sets.items), wanted));
    try {
      const place = placeOf(rollout);
      const current = await templateAt(client, place, rollout);
      if (isSameTemplate(template, current)) {
        terminal.out(`skipped rollback (current template already matches revision ${wanted})\n`);
        return 0;
      }
      const value = JSON.parse(JSON.stringify(template)) as Json;
      const body = [{ op: 'replace', path: place.path, value }];
      await client.patch(place.ref, { type: 'json', body });
    } catch (error) {
      const cause = error instanceof Error ? error.message : String(error);
      throw new CommandError(`failed restoring revision ${wanted}: ${cause}`, { cause: error });
    }
    terminal.out(`rollout '${name}' undo\n`);
    return 0;
  },
};

/** Where the pod template stands. */
interface TemplatePlace {
  readonly ref: ObjectRef;
  readonly path: '/spec/template' | '/template';
}

const WORKLOADS: Readonly<
  Record<string, Pick<TemplatePlace, 'path'> & { readonly resource: ResourceType }>
> = {
  Deployment: { resource: DEPLOYMENTS, path: '/spec/template' },
  ReplicaSet: { resource: REPLICA_SETS, path: '/spec/template' },
  PodTemplate: { resource: POD_TEMPLATES, path: '/template' },
};

/** In the rollout itself, or in the workload that it refers to. */
function placeOf({ metadata, spec }: Rollout): TemplatePlace {
  const { namespace = '', name } = metadata;
  const { workloadRef } = spec;
  if (workloadRef === undefined) {
    return { ref: { resource: ROLLOUTS, namespace, name }, path: '/spec/template' };
  }
  const { kind = '', name: workload = '' } = workloadRef;
  const found = WORKLOADS[kind];
  if (found === undefined) throw new CommandError(`workload of type ${kind} is not supported`);
  return { ref: { resource: found.resource, namespace, name: workload }, path: found.path };
}

interface WithTemplate extends KubeObject {
  readonly template?: PodTemplateSpec;
  readonly spec?: { readonly template?: PodTemplateSpec };
}

async function templateAt(
  client: KubeClient,
  { ref, path }: TemplatePlace,
  rollout: Rollout,
): Promise<PodTemplateSpec> {
  if (rollout.spec.workloadRef === undefined) return rollout.spec.template ?? {};
  const workload = await client.get<WithTemplate>(ref);
  return (path === '/template' ? workload.template : workload.spec?.template) ?? {};
}
