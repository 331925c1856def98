import { expect, it } from 'vitest';
import type { RolloutStatus } from '../../api/rollout.ts';
import { endedUpdate } from './updates.ts';

type Duration = RolloutStatus['duration'];

function at(minute: number): string {
  return `2026-01-01T00:${String(minute).padStart(2, '0')}:00Z`;
}

const BEGUN = { rolloutStartedAt: at(0) };
const PROMOTED = { ...BEGUN, completionStatus: 'Promoted', finishedAt: at(10) };

const CASES: readonly {
  readonly reason: string;
  readonly before: Duration;
  readonly after: Duration;
  readonly ended?: readonly [status: string, totalSeconds: number, pausedSeconds: number];
}[] = [
  { reason: 'no update yet', before: undefined, after: undefined },
  { reason: 'an update has begun', before: undefined, after: BEGUN },
  { reason: 'one goes on', before: BEGUN, after: { ...BEGUN, manualPauseStartedAt: at(1) } },
  { reason: 'one has ended', before: BEGUN, after: PROMOTED, ended: ['Promoted', 600, 0] },
  {
    reason: 'one has ended that had waited for a person',
    before: { ...BEGUN, totalManualPauseDurationSeconds: 60 },
    after: { ...PROMOTED, totalManualPauseDurationSeconds: 60 },
    ended: ['Promoted', 600, 60],
  },
  {
    reason: 'a pause that lasts to the end counts too',
    before: { ...BEGUN, manualPauseStartedAt: at(8) },
    after: {
      ...BEGUN,
      manualPauseStartedAt: at(8),
      totalManualPauseDurationSeconds: 30,
      completionStatus: 'Aborted',
      finishedAt: at(10),
    },
    ended: ['Aborted', 600, 150],
  },
  { reason: 'it is told once', before: PROMOTED, after: PROMOTED },
  { reason: 'the next has begun', before: PROMOTED, after: { rolloutStartedAt: at(12) } },
  {
    reason: 'another one takes its place, and ends it',
    before: { ...BEGUN, manualPauseStartedAt: at(2) },
    after: { rolloutStartedAt: at(4) },
    ended: ['Superseded', 240, 120],
  },
  {
    reason: 'a rollback is an end of the same update',
    before: { ...BEGUN, completionStatus: 'RolledBack' },
    after: { ...BEGUN, completionStatus: 'RolledBack', finishedAt: at(3) },
    ended: ['RolledBack', 180, 0],
  },
  {
    reason: 'without a start nothing can be said',
    before: {},
    after: { completionStatus: 'Promoted', finishedAt: at(3) },
  },
  {
    reason: 'nor where the end is before it',
    before: { rolloutStartedAt: at(5) },
    after: { rolloutStartedAt: at(5), completionStatus: 'Promoted', finishedAt: at(3) },
  },
];

it.each(CASES)('$reason', ({ before, after, ended }) => {
  const found = endedUpdate(
    before === undefined ? undefined : { duration: before },
    after === undefined ? {} : { duration: after },
  );
  expect(found && [found.status, found.totalSeconds, found.pausedSeconds]).toEqual(ended);
});
