// A limit on how long something is waited for.
import { cancellation, sleep } from '../lib/clock.ts';
import type { Cancel, Clock, Duration } from '../lib/ports.ts';

export const LATE = Symbol('late');

/** What comes of `work`, or `LATE` after `limit` or when it is cancelled; then the work goes on unheard. */
export async function within<T>(
  clock: Clock,
  limit: Duration,
  work: Promise<T>,
  cancel?: Cancel,
): Promise<T | typeof LATE> {
  const over = cancellation();
  const stop = cancel?.onCancel(() => over.now());
  try {
    const late = sleep(clock, limit, over.cancel).then((): T | typeof LATE => LATE);
    return await Promise.race([work, late]);
  } finally {
    stop?.();
    over.now();
    work.catch(() => undefined);
  }
}
