// One command's conversation with an API server: its client, its time, a limit for each request, a line for each
// request if asked for (cli.md 1.1). Entry point: `sessionOver`.
import { budgeted } from '../kube/budget.ts';
import { createClient } from '../kube/client.ts';
import type { Clock, Duration, Instant, Transport } from '../lib/ports.ts';
import { between, later, milliseconds, parseHttpDate } from '../lib/time.ts';
import type { Connected } from './command.ts';

export interface SessionOptions {
  readonly transport: Transport;
  readonly clock: Clock;
  readonly namespace: string;
  readonly server: string;
  readonly userAgent: string;
  /** For a request and its answer; watches are meant to last. */
  readonly requestTimeout?: Duration;
  /** What every request goes through. */
  readonly through?: (send: Transport) => Transport;
  /** Told of every request and what became of it. */
  readonly onRequest?: (line: string) => void;
}

/** Ages are seconds: a date of so long ago is as good as a new one. */
const FRESH_MS = 200;

/** Everything that a command may do with the server behind the transport. */
export function sessionOver(options: SessionOptions): Connected {
  const { clock, namespace, server, userAgent, requestTimeout, onRequest } = options;
  let seen: { readonly date: Instant; readonly at: Instant } | undefined;
  const dated: Transport = async (request) => {
    const response = await options.transport(request);
    const date = parseHttpDate(response.headers['date'] ?? '');
    if (date !== undefined) seen = { date, at: clock.now() };
    return response;
  };
  const told = onRequest === undefined ? dated : reporting(dated, { ...options, onRequest });
  const transport = options.through?.(told) ?? told;
  const patience = { clock, ...(requestTimeout === undefined ? {} : { timeout: requestTimeout }) };
  const client = createClient({ transport, userAgent, patience });
  return {
    client,
    within: (budget) =>
      createClient({ transport: budgeted(transport, budget, clock), userAgent, patience }),
    namespace,
    server,
    serverNow: async () => {
      const isFresh = seen !== undefined && clock.now() - seen.at < FRESH_MS;
      if (!isFresh) {
        try {
          await client.raw('GET', '/version');
        } catch (error) {
          // A server that has gone away has still told its time; without one there is nothing to show at all.
          if (seen === undefined) throw error;
        }
      }
      if (seen === undefined) return clock.now();
      return later(seen.date, isFresh ? milliseconds(0) : between(seen.at, clock.now()));
    },
  };
}

function reporting(
  send: Transport,
  { server, clock, onRequest }: Required<Pick<SessionOptions, 'server' | 'clock' | 'onRequest'>>,
): Transport {
  return async (request) => {
    const start = clock.now();
    const line = (end: string) =>
      onRequest(`${request.method} ${server}${request.path} ${end} in ${clock.now() - start} ms`);
    try {
      const response = await send(request);
      line(String(response.status));
      return response;
    } catch (error) {
      line(error instanceof Error ? error.message : String(error));
      throw error;
    }
  };
}
