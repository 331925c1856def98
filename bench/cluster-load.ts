// What a controller costs, seen from outside: its requests by the API server's audit log, its CPU and memory by the
// system's own count.
import { readFileSync } from 'node:fs';

export interface Requests {
  readonly total: number;
  readonly writes: number;
  /** By verb and resource, such as `patch rollouts/status`; a refusal with its code. */
  readonly by: Readonly<Record<string, number>>;
}

interface AuditEvent {
  readonly stage: string;
  readonly verb: string;
  readonly requestURI: string;
  readonly objectRef?: { readonly resource?: string; readonly subresource?: string };
  readonly responseStatus?: { readonly code?: number };
}

const READS: ReadonlySet<string> = new Set(['get', 'list', 'watch']);
const REFUSED = 400;

/** Everything that the log tells of until now; its last line may still be being written. */
export function requestsIn(auditLog: string): Requests {
  const by: Record<string, number> = {};
  let [total, writes] = [0, 0];
  const lines = readFileSync(auditLog, 'utf8').split('\n');
  for (const line of lines.slice(0, -1)) {
    const event = JSON.parse(line) as AuditEvent;
    if (event.stage !== 'ResponseComplete' && event.verb !== 'watch') continue;
    total += 1;
    if (!READS.has(event.verb)) writes += 1;
    const key = keyOf(event);
    by[key] = (by[key] ?? 0) + 1;
  }
  return { total, writes, by };
}

function keyOf({ verb, objectRef, requestURI, responseStatus }: AuditEvent): string {
  const { resource = requestURI, subresource } = objectRef ?? {};
  const code = responseStatus?.code ?? 0;
  const what = subresource === undefined ? resource : `${resource}/${subresource}`;
  return `${verb} ${what}${code >= REFUSED ? ` ${code}` : ''}`;
}

/** What came between, each of `count` objects' part, the most frequent first. */
export function perObject(before: Requests, after: Requests, count: number): Requests {
  const part = (value: number): number => Number((value / count).toFixed(2));
  const by = Object.entries(after.by)
    .map(([key, value]) => [key, part(value - (before.by[key] ?? 0))] as const)
    .filter(([, value]) => value > 0)
    .toSorted(([, a], [, b]) => b - a);
  return {
    total: part(after.total - before.total),
    writes: part(after.writes - before.writes),
    by: Object.fromEntries(by),
  };
}

export interface Used {
  readonly cpuSeconds: number;
  readonly rssMib: number;
}

/** Positions of user and system time in /proc/PID/stat after the name, and the system's ticks a second. */
const [USER, SYSTEM] = [11, 12];
const TICKS = 100;
const MIB = 1024;

export function usedBy(pid: number): Used {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ') ?? [];
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return {
    cpuSeconds: (Number(stat[USER]) + Number(stat[SYSTEM])) / TICKS,
    rssMib: Math.round(Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0) / MIB),
  };
}
