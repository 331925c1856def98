// `undo` (cli.md 2.3).
import type { PodTemplateSpec, ReplicaSet } from '../../api/kubernetes.ts';
import { HASH_LABEL, REVISION } from '../../api/names.ts';
import type { Json } from '../../api/object.ts';
import { REPLICA_SETS, ROLLOUTS } from '../../api/resources.ts';
import type { Rollout } from '../../api/rollout.ts';
import { selectorText } from '../../api/selector.ts';
import { isSameTemplate } from '../../api/template-equality.ts';
import { isControlledBy } from '../../core/ownership.ts';
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

function withoutHash(set: ReplicaSet): PodTemplateSpec {
  const { template = {} } = set.spec;
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
    const ref = { resource: ROLLOUTS, namespace, name };
    const rollout = await client.get<Rollout>(ref);
    if (rollout.spec.workloadRef !== undefined) {
      throw new CommandError(
        'undo of a rollout with workloadRef is not in this version of Slipway yet: ' +
          `undo the ${rollout.spec.workloadRef.kind ?? 'workload'} it names`,
      );
    }
    const labelSelector = selectorText(rollout.spec.selector);
    const sets = await client.listAll<ReplicaSet>(REPLICA_SETS, { namespace, labelSelector });
    const wanted = flags.int('to-revision');
    const target = withoutHash(chosen(rollout, revisionsOf(rollout, sets.items), wanted));
    if (isSameTemplate(target, rollout.spec.template ?? {})) {
      terminal.out(`skipped rollback (current template already matches revision ${wanted})\n`);
      return 0;
    }
    const value = JSON.parse(JSON.stringify(target)) as Json;
    try {
      const body = [{ op: 'replace', path: '/spec/template', value }];
      await client.patch(ref, { type: 'json', body });
    } catch (error) {
      const cause = error instanceof Error ? error.message : String(error);
      throw new CommandError(`failed restoring revision ${wanted}: ${cause}`, { cause: error });
    }
    terminal.out(`rollout '${name}' undo\n`);
    return 0;
  },
};
