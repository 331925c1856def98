// `promote` (cli.md 2.1).
import type { Json } from '../../api/object.ts';
import { ROLLOUTS } from '../../api/resources.ts';
import type { Rollout } from '../../api/rollout.ts';
import { isNotFound } from '../../kube/errors.ts';
import { CommandError, type Leaf, type Values } from '../command.ts';
import { bool } from '../flags.ts';

interface Patches {
  readonly status: Json | undefined;
  readonly spec: Json | undefined;
  /** For servers whose kind has no status subresource. */
  readonly unified: Json | undefined;
}

/** What to patch for the way of promoting that the flags ask for. */
export function promotionPatches(rollout: Rollout, flags: Pick<Values, 'bool'>): Patches {
  const { spec, status } = rollout;
  const unpause = spec.paused === true ? { spec: { paused: false } } : undefined;
  const count = (spec.strategy?.canary?.steps ?? []).length;
  const next = Math.min((status?.currentStepIndex ?? 0) + 1, count);
  if (flags.bool('skip-current-step')) return same({ status: { currentStepIndex: next } });
  if (flags.bool('skip-all-steps')) return same({ status: { currentStepIndex: count } });
  if (flags.bool('full')) return fullPatches(rollout, unpause);
  return { ...resumePatches(rollout, { next, count }), spec: unpause };
}

function fullPatches({ status }: Rollout, unpause: Json | undefined): Patches {
  const isNew = (status?.currentPodHash ?? '') !== (status?.stableRS ?? '');
  return {
    status: isNew ? { status: { promoteFull: true } } : undefined,
    spec: unpause,
    unified: { spec: { paused: false }, status: { promoteFull: true } },
  };
}

/** A pause is ended or the index moves on, never both, except past an inconclusive analysis. */
function resumePatches(
  { status }: Rollout,
  { next, count }: { readonly next: number; readonly count: number },
): Omit<Patches, 'spec'> {
  const resumed = { pauseConditions: null };
  const both = (change: Readonly<Record<string, Json>>) => ({
    spec: { paused: false },
    status: change,
  });
  if ((status?.pauseConditions ?? []).length > 0) {
    const isUnclear = status?.canary?.currentStepAnalysisRunStatus?.status === 'Inconclusive';
    const skipped = { ...resumed, controllerPause: false, currentStepIndex: next };
    const change = isUnclear && status.controllerPause === true ? skipped : resumed;
    return { status: { status: change }, unified: both(resumed) };
  }
  if (count === 0) return { status: undefined, unified: undefined };
  const advanced = { ...resumed, currentStepIndex: next };
  return { status: { status: advanced }, unified: both(advanced) };
}

function same(status: Json): Patches {
  return { status, spec: undefined, unified: status };
}

function checkSkips({ spec }: Rollout, flags: Values): void {
  const skips = flags.bool('skip-current-step') || flags.bool('skip-all-steps');
  if (!skips) return;
  if (spec.strategy?.blueGreen !== undefined) {
    throw new CommandError('Cannot skip steps of a bluegreen rollout. Run without a flags');
  }
  if ((spec.strategy?.canary?.steps ?? []).length === 0) {
    throw new CommandError('Cannot skip steps of a rollout without steps');
  }
}

export const PROMOTE: Leaf = {
  kind: 'leaf',
  name: 'promote',
  args: 'ROLLOUT_NAME',
  minArgs: 1,
  maxArgs: 1,
  short: 'Promote a rollout',
  long: 'Promote a rollout: end its pause, go to its next step, or with --full skip all that is left.',
  example:
    '# Promote a paused rollout\nkubectl argo rollouts promote guestbook\n\n' +
    '# Fully promote a rollout to desired version, skipping analysis, pauses, and steps\n' +
    'kubectl argo rollouts promote guestbook --full',
  flags: [
    bool('full', 'Perform a full promotion, skipping analysis, pauses, and steps'),
    {
      ...bool('skip-current-step', 'Skip currently running canary step'),
      shorthand: 'c',
      isHidden: true,
      deprecated: 'use without the flag instead ex: promote ROLLOUT_NAME',
    },
    {
      ...bool('skip-all-steps', 'Skip remaining steps'),
      shorthand: 'a',
      isHidden: true,
      deprecated: 'use --full instead',
    },
  ],
  completes: 'rollouts',
  run: async ({ flags, connect, terminal }, [name = '']) => {
    if (flags.bool('skip-current-step') && flags.bool('skip-all-steps')) {
      throw new CommandError(
        'Cannot use skip-current-step and skip-all-steps flags at the same time',
      );
    }
    const { client, namespace } = await connect();
    const ref = { resource: ROLLOUTS, namespace, name };
    const rollout = await client.get<Rollout>(ref);
    checkSkips(rollout, flags);
    const { status, spec, unified } = promotionPatches(rollout, flags);
    if (status !== undefined) {
      try {
        await client.patch(ref, { type: 'merge', body: status, subresource: 'status' });
      } catch (error) {
        if (!isNotFound(error) || unified === undefined) throw error;
        await client.patch(ref, { type: 'merge', body: unified });
      }
    }
    if (spec !== undefined) await client.patch(ref, { type: 'merge', body: spec });
    terminal.out(`rollout '${name}' ${flags.bool('full') ? 'fully ' : ''}promoted\n`);
    return 0;
  },
};
