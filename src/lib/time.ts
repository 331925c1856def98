// Instants and durations: making, reading and printing them. The only place that parses or prints dates.
import type { Duration, Instant } from './ports.ts';

export type { Duration, Instant } from './ports.ts';

/** Milliseconds since 1970 as an instant. */
export function instant(ms: number): Instant {
  return ms as Instant;
}

export function milliseconds(n: number): Duration {
  return n as Duration;
}

export function seconds(n: number): Duration {
  return (n * 1000) as Duration;
}

export function later(at: Instant, by: Duration): Instant {
  return (at + by) as Instant;
}

/** `at - by`. */
export function earlier(at: Instant, by: Duration): Instant {
  return (at - by) as Instant;
}

/** `to - from`; negative when `to` is earlier. */
export function between(from: Instant, to: Instant): Duration {
  return (to - from) as Duration;
}

const RFC3339 = /^\d{4}-\d{2}-\d{2}[Tt ]\d{2}:\d{2}:\d{2}(\.\d+)?([Zz]|[+-]\d{2}:\d{2})$/;

/** An RFC 3339 text as an instant (fractions below a millisecond are cut); undefined if it is none. */
export function parseInstant(text: string): Instant | undefined {
  if (!RFC3339.test(text)) return undefined;
  const ms = Date.parse(text.replace(' ', 'T').toUpperCase());
  return Number.isNaN(ms) ? undefined : (ms as Instant);
}

/** RFC 3339 in UTC with whole seconds, as Kubernetes writes times: `2026-01-02T15:04:05Z`. Fractions are cut. */
export function formatInstant(at: Instant): string {
  return `${new Date(Math.floor(at / 1000) * 1000).toISOString().slice(0, 19)}Z`;
}

/** RFC 3339 in UTC with microseconds, the form of Kubernetes' MicroTime: `2026-01-02T15:04:05.123000Z`. */
export function formatInstantMicro(at: Instant): string {
  return `${new Date(at).toISOString().slice(0, 23)}000Z`;
}

/** The HTTP date form of RFC 9110: `Fri, 02 Jan 2026 15:04:05 GMT`. */
export function formatHttpDate(at: Instant): string {
  return new Date(at).toUTCString();
}

/** Reads the HTTP date form; undefined if it is none. */
export function parseHttpDate(text: string): Instant | undefined {
  const ms = Date.parse(text);
  return Number.isNaN(ms) ? undefined : (ms as Instant);
}

const UNIT_MS: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  μs: 1e-3,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
};

export type ParsedDuration =
  | { readonly ok: true; readonly duration: Duration }
  | { readonly ok: false; readonly error: string };

/**
 * Reads Go's duration syntax (`300ms`, `-1.5h`, `2h45m`, `0`), with Go's own error texts
 * (analysis.md 1). Fractions below a millisecond are kept.
 */
export function parseDuration(text: string): ParsedDuration {
  const failed = (why: string): ParsedDuration => ({ ok: false, error: `time: ${why}` });
  const quoted = JSON.stringify(text);
  const sign = text.startsWith('-') ? -1 : 1;
  let rest = /^[+-]/.test(text) ? text.slice(1) : text;
  if (rest === '0') return { ok: true, duration: milliseconds(0) };
  if (rest === '') return failed(`invalid duration ${quoted}`);
  let total = 0;
  while (rest !== '') {
    const number = /^(\d+\.?\d*|\.\d+)/.exec(rest)?.[0];
    if (number === undefined) return failed(`invalid duration ${quoted}`);
    rest = rest.slice(number.length);
    const unit = /^[^.\d]+/.exec(rest)?.[0];
    if (unit === undefined) return failed(`missing unit in duration ${quoted}`);
    const unitMs = UNIT_MS[unit];
    if (unitMs === undefined) {
      return failed(`unknown unit ${JSON.stringify(unit)} in duration ${quoted}`);
    }
    rest = rest.slice(unit.length);
    total += Number(number) * unitMs;
  }
  if (total * 1e6 > 2 ** 63) return failed(`invalid duration ${quoted}`);
  return { ok: true, duration: milliseconds(sign * total) };
}

function trimmed(value: number): string {
  return String(Number(value.toFixed(9)));
}

/** Prints a duration as Go does: `0s`, `300ms`, `1.5s`, `2m0s`, `1h0m0.5s`. */
export function formatDuration(duration: Duration): string {
  if (duration === 0) return '0s';
  const sign = duration < 0 ? '-' : '';
  const ms = Math.abs(duration);
  if (ms < 1e-3) return `${sign}${trimmed(ms * 1e6)}ns`;
  if (ms < 1) return `${sign}${trimmed(ms * 1e3)}µs`;
  if (ms < 1000) return `${sign}${trimmed(ms)}ms`;
  const hours = Math.floor(ms / 3_600_000);
  const minutes = Math.floor((ms % 3_600_000) / 60_000);
  const rest = `${trimmed((ms % 60_000) / 1000)}s`;
  if (hours > 0) return `${sign}${hours}h${minutes}m${rest}`;
  return minutes > 0 ? `${sign}${minutes}m${rest}` : `${sign}${rest}`;
}

const DAY_HOURS = 24;
const YEAR_DAYS = 365;

/** `a` with its unit, and `b` with its unit unless `b` is 0. */
function pair(a: number, aUnit: string, b: number, bUnit: string): string {
  return b === 0 ? `${a}${aUnit}` : `${a}${aUnit}${b}${bUnit}`;
}

/**
 * An age or a remaining time as kubectl prints it (cli.md 6): always cut, never rounded.
 * 119 s -> `119s`; 135 s -> `2m15s`; 240 s -> `4m`; 3 h 59 min -> `3h59m`; 47 h -> `47h`.
 */
export function humanDuration(duration: Duration): string {
  const secs = Math.trunc(duration / 1000);
  if (secs < -1) return '<invalid>';
  if (secs < 0) return '0s';
  if (secs < 120) return `${secs}s`;
  const minutes = Math.floor(secs / 60);
  if (minutes < 10) return pair(minutes, 'm', secs % 60, 's');
  if (minutes < 180) return `${minutes}m`;
  const hours = Math.floor(minutes / 60);
  if (hours < 8) return pair(hours, 'h', minutes % 60, 'm');
  if (hours < 48) return `${hours}h`;
  const days = Math.floor(hours / DAY_HOURS);
  if (days < 8) return pair(days, 'd', hours % DAY_HOURS, 'h');
  if (days < 2 * YEAR_DAYS) return `${days}d`;
  const years = Math.floor(days / YEAR_DAYS);
  return years < 8 ? pair(years, 'y', days % YEAR_DAYS, 'd') : `${years}y`;
}
