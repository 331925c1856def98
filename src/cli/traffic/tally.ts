// What came of many requests, by version: counts, shares, statuses, latencies, and the first failures. Entry point: `Tally`.
import { Latencies } from './latencies.ts';

export interface Outcome {
  readonly latencyMs: number;
  /** 0: no answer. */
  readonly status: number;
  readonly version: string;
  /** For a failure: what is known of it. */
  readonly detail: string;
}

export interface Failure {
  readonly atMs: number;
  readonly outcome: Outcome;
}

/** Requests without an answer belong to no version. */
export const NO_VERSION = '-';
const EXAMPLES = 5;
const PERCENTILES = [0.5, 0.9, 0.95, 0.99] as const;

class Group {
  readonly statuses = new Map<number, number>();
  readonly latencies = new Latencies();

  add({ status, latencyMs }: Outcome): void {
    this.statuses.set(status, (this.statuses.get(status) ?? 0) + 1);
    this.latencies.add(latencyMs);
  }
}

export class Tally {
  readonly #groups = new Map<string, Group>();
  readonly #all = new Group();
  readonly #examples: Failure[] = [];
  #failed = 0;

  /** `atMs` since the beginning. */
  add(outcome: Outcome, atMs: number): void {
    const group = this.#groups.get(outcome.version) ?? new Group();
    this.#groups.set(outcome.version, group);
    group.add(outcome);
    this.#all.add(outcome);
    if (!isFailure(outcome)) return;
    this.#failed += 1;
    if (this.#examples.length < EXAMPLES) this.#examples.push({ atMs, outcome });
  }

  get requests(): number {
    return this.#all.latencies.count;
  }

  get failed(): number {
    return this.#failed;
  }

  get p99Ms(): number {
    return this.#all.latencies.percentileMs(0.99);
  }

  /** Versions with their shares, by name. */
  shares(): readonly (readonly [version: string, share: number])[] {
    return this.#sorted().map(([version, { latencies }]) => [
      version,
      latencies.count / this.requests,
    ]);
  }

  table(): string {
    const rows = [
      ['VERSION', 'REQUESTS', 'SHARE', 'P50', 'P90', 'P95', 'P99', 'MAX', 'STATUS'],
      ...this.#sorted().map(([version, group]) => this.#row(version, group)),
      ...(this.#groups.size > 1 ? [this.#row('all', this.#all)] : []),
    ];
    return `${aligned(rows)}\n${this.#failures()}`;
  }

  json(): Readonly<Record<string, unknown>> {
    const shown = (group: Group) => ({
      requests: group.latencies.count,
      share: group.latencies.count / this.requests,
      statuses: Object.fromEntries(
        [...group.statuses].map(([status, count]) => [statusName(status), count]),
      ),
      latencyMs: Object.fromEntries([
        ...PERCENTILES.map((share) => [`p${share * 100}`, group.latencies.percentileMs(share)]),
        ['max', group.latencies.maxMs],
      ]),
    });
    return {
      ...shown(this.#all),
      failed: this.#failed,
      versions: Object.fromEntries(
        this.#sorted().map(([version, group]) => [version, shown(group)]),
      ),
      failures: this.#examples.map(({ atMs, outcome }) => ({ atMs, ...outcome })),
    };
  }

  #sorted(): readonly (readonly [string, Group])[] {
    return [...this.#groups].toSorted(([a], [b]) => (a < b ? -1 : 1));
  }

  #row(version: string, { latencies, statuses }: Group): readonly string[] {
    const share = `${((latencies.count / this.requests) * 100).toFixed(1)}%`;
    const times = PERCENTILES.map((one) => milliseconds(latencies.percentileMs(one)));
    const counts = [...statuses]
      .toSorted(([a], [b]) => a - b)
      .map(([status, count]) => `${statusName(status)}:${count}`);
    const count = String(latencies.count);
    return [version, count, share, ...times, milliseconds(latencies.maxMs), counts.join(' ')];
  }

  #failures(): string {
    if (this.#failed === 0) return 'No request failed.\n';
    const share = ((this.#failed / this.requests) * 100).toFixed(2);
    const lines = this.#examples.map(({ atMs, outcome }) => {
      const at = `${(atMs / 1000).toFixed(1)}s`;
      const what = outcome.status === 0 ? 'no answer' : String(outcome.status);
      return `  ${at}  ${what}  ${outcome.detail}`.trimEnd();
    });
    const heading = `${this.#failed} requests failed (${share}%): no answer, or a status from 500 on.`;
    const first = this.#failed > EXAMPLES ? ` The first ${EXAMPLES}:` : '';
    return `${[heading + first, ...lines].join('\n')}\n`;
  }
}

function isFailure({ status }: Outcome): boolean {
  return status === 0 || status >= 500;
}

function statusName(status: number): string {
  return status === 0 ? 'none' : String(status);
}

export function milliseconds(ms: number): string {
  if (ms >= 1000) return `${(ms / 1000).toFixed(2)}s`;
  return ms >= 10 ? `${ms.toFixed(0)}ms` : `${ms.toFixed(1)}ms`;
}

function aligned(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((row) => (row[column] ?? '').length)),
  );
  return rows
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .map((line) => `${line}\n`)
    .join('');
}
