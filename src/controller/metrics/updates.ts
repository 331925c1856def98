// When an update is over, and how long it took (operations.md 4, rollout.md 7.8). Entry point: `endedUpdate`.
import type { RolloutStatus } from '../../api/rollout.ts';
import { between, type Instant, parseInstant } from '../../lib/time.ts';

export interface EndedUpdate {
  /** Promoted, FastPromoted, Aborted, Superseded, RolledBack or FastRolledBack. */
  readonly status: string;
  readonly totalSeconds: number;
  /** In which it waited for a person. */
  readonly pausedSeconds: number;
}

type UpdateDuration = NonNullable<RolloutStatus['duration']>;

/**
 * The update that ended with the write of `after`; undefined if none did. Each is told once, since a status is written
 * once on the one before it. One that another takes the place of ends where that begins.
 */
export function endedUpdate(
  before: RolloutStatus | undefined,
  after: RolloutStatus,
): EndedUpdate | undefined {
  const was = before?.duration;
  const is = after.duration;
  if (is === undefined) return undefined;
  if (was !== undefined && was.finishedAt === undefined) {
    const isReplaced = was.rolloutStartedAt !== is.rolloutStartedAt;
    if (isReplaced)
      return measured({ ...was, completionStatus: 'Superseded' }, is.rolloutStartedAt);
  }
  if (is.finishedAt === undefined || was?.finishedAt === is.finishedAt) return undefined;
  return measured(is, is.finishedAt);
}

function measured(update: UpdateDuration, finishedAt: string | undefined): EndedUpdate | undefined {
  const start = momentOf(update.rolloutStartedAt);
  const end = momentOf(finishedAt);
  if (start === undefined || end === undefined || end < start) return undefined;
  const held = momentOf(update.manualPauseStartedAt);
  const lastPause = held === undefined || held > end ? 0 : between(held, end) / 1000;
  const totalSeconds = between(start, end) / 1000;
  const paused = (update.totalManualPauseDurationSeconds ?? 0) + lastPause;
  return {
    status: update.completionStatus ?? '',
    totalSeconds,
    pausedSeconds: Math.min(totalSeconds, paused),
  };
}

function momentOf(text: string | undefined): Instant | undefined {
  return text === undefined ? undefined : parseInstant(text);
}
