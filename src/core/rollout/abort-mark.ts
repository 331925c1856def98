// The moment of an abort, stored before runs and experiments are told to end (rollout.md 9.3).
//
// What was told to end mostly ends well, having measured nothing. If the status were written after them alone, a retry
// in between would find them as the current ones, and their good end would wave the update through.
import { formatInstant } from '../../lib/time.ts';
import { isAborted, type Pass, rolloutPatch } from './pass.ts';

/** Stores it, once in a pass, unless it is stored already; nothing without an abort. */
export function markAbort(pass: Pass): void {
  const { rollout, stored, draft, now } = pass;
  if (stored.abort !== true || !isAborted(pass) || stored.abortedAt !== undefined) return;
  const isMarked = draft.writes.some(
    (write) => write.kind === 'patch' && write.subresource === 'status',
  );
  if (isMarked) return;
  const body = { status: { abortedAt: formatInstant(now) } };
  draft.writes.push({ ...rolloutPatch(rollout, body), subresource: 'status' });
}

/** A retry after an abort: what was told to end with it counts no more. */
export function isRetry(pass: Pass): boolean {
  return pass.stored.abortedAt !== undefined && !isAborted(pass);
}
