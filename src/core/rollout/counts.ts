// What of a status may be told a little later: the counts of pods. Entry point: `isOfCountsOnly`.
import type { RolloutCondition, RolloutStatus } from '../../api/rollout.ts';
import { jsonEqual } from '../../lib/equal.ts';

/**
 * Whether two statuses differ in nothing but how many pods there are, what the message of a Rollout in progress says of
 * them, and when its progress was last seen. These change several times while the pods of a set start, and again with
 * the step that waits for them.
 */
export function isOfCountsOnly(before: RolloutStatus, after: RolloutStatus): boolean {
  return before.phase === after.phase && jsonEqual(uncounted(before), uncounted(after));
}

function uncounted(status: RolloutStatus): unknown {
  const {
    replicas: _replicas,
    updatedReplicas: _updated,
    readyReplicas: _ready,
    availableReplicas: _available,
    HPAReplicas: _scaled,
    message,
    conditions = [],
    ...rest
  } = status;
  return {
    ...rest,
    conditions: conditions.map(undated).toSorted((a, b) => (a.type < b.type ? -1 : 1)),
    ...(status.phase === 'Progressing' ? {} : { message }),
  };
}

function undated({ lastUpdateTime: _at, ...condition }: RolloutCondition) {
  return condition;
}
