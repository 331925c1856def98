// People who use a Service while the story goes on: requests at a steady rate, whether or not earlier ones have been
// answered. Entry point: `startUsers`.
import { readAll, utf8Text } from '../../lib/bytes.ts';
import { cancellation, sleep } from '../../lib/clock.ts';
import { type Clock, type HttpResponse, type Transport, TransportError } from '../../lib/ports.ts';
import { later, milliseconds } from '../../lib/time.ts';

export interface UsersOptions {
  readonly clock: Clock;
  /** The way into the mesh. */
  readonly mesh: Transport;
  readonly host: string;
  readonly path: string;
  readonly perSecond: number;
}

export interface Counts {
  readonly requests: number;
  /** No answer, or a status from 500 on. */
  readonly failed: number;
}

export interface Users {
  /** Of what has been answered so far. */
  readonly counts: Counts;
  readonly byVersion: ReadonlyMap<string, Counts>;
  /** Sends no more; resolves when the last answer has come. */
  stop(): Promise<void>;
}

const NO_VERSION = '-';

export function startUsers({ clock, mesh, host, path, perSecond }: UsersOptions): Users {
  const stopped = cancellation();
  const all = { requests: 0, failed: 0 };
  const byVersion = new Map<string, { requests: number; failed: number }>();
  const underWay = new Set<Promise<void>>();
  const one = async (): Promise<void> => {
    const { version, isFailed } = await outcomeOf(() =>
      mesh({ method: 'GET', path, headers: { host } }),
    );
    const own = byVersion.get(version) ?? { requests: 0, failed: 0 };
    byVersion.set(version, own);
    for (const counts of [all, own]) {
      counts.requests += 1;
      if (isFailed) counts.failed += 1;
    }
  };
  const sending = (async (): Promise<void> => {
    const begun = clock.now();
    for (let sent = 0; !stopped.cancel.cancelled; sent += 1) {
      const due = later(begun, milliseconds((sent * 1000) / perSecond));
      await sleep(clock, milliseconds(Math.max(0, due - clock.now())), stopped.cancel);
      if (stopped.cancel.cancelled) return;
      const request = one().finally(() => underWay.delete(request));
      underWay.add(request);
    }
  })();
  return {
    counts: all,
    byVersion,
    stop: async () => {
      stopped.now();
      await sending;
      await Promise.all(underWay);
    },
  };
}

async function outcomeOf(
  send: () => Promise<HttpResponse>,
): Promise<{ readonly version: string; readonly isFailed: boolean }> {
  try {
    const { status, body } = await send();
    const text = utf8Text(await readAll(body));
    const version = /"version":"([^"]*)"/.exec(text)?.[1] ?? NO_VERSION;
    return { version, isFailed: status >= 500 };
  } catch (error) {
    if (!(error instanceof TransportError)) throw error;
    return { version: NO_VERSION, isFailed: true };
  }
}

/** What came in between two readings. */
export function since(before: Counts, after: Counts): Counts {
  return { requests: after.requests - before.requests, failed: after.failed - before.failed };
}

/** `61 of 2400 requests failed (2.5 %)`. */
export function countsText({ requests, failed }: Counts): string {
  if (failed === 0) return `none of ${requests} requests failed`;
  return `${failed} of ${requests} requests failed (${((failed / requests) * 100).toFixed(1)} %)`;
}
