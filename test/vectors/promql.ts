// Runs promql.json: expressions over fixed series through the HTTP API, against what a real Prometheus answered.
import { utf8Text, readAll } from '../../src/lib/bytes.ts';
import { instant, milliseconds } from '../../src/lib/time.ts';
import type { Transport } from '../../src/lib/ports.ts';
import { VirtualClock } from '../../src/lib/virtual-clock.ts';
import { prometheusApi } from '../../src/sandbox/metrics/api.ts';
import { SeriesStore } from '../../src/sandbox/metrics/store.ts';
import { difference, type ApiDocument } from './promql-compare.ts';
import { type CaseResult, unknownKind } from './result.ts';

interface Case {
  readonly id: number;
  readonly kind: 'instant' | 'range';
  readonly expr: string;
  readonly time?: number;
  readonly start?: number;
  readonly end?: number;
  readonly step?: number;
  readonly expect: {
    readonly resultType?: string;
    readonly result?: unknown;
    readonly errorType?: string;
    readonly error?: string;
  };
}

interface File {
  readonly start: number;
  readonly step: number;
  readonly series: readonly {
    readonly labels: Readonly<Record<string, string>>;
    readonly values: readonly (number | string | null)[];
  }[];
  readonly cases: readonly Case[];
}

function loaded({ start, step, series }: File): SeriesStore {
  const store = new SeriesStore({ retention: milliseconds(1e12) });
  for (const { labels, values } of series) {
    for (const [at, value] of values.entries()) {
      if (value === null) continue;
      const number = typeof value === 'string' ? Number(value.replace('Inf', 'Infinity')) : value;
      store.append(labels, number, instant((start + at * step) * 1000));
    }
  }
  return store;
}

/** The document that the API answers with. */
export async function asked(
  api: Transport,
  path: string,
  parameters: Readonly<Record<string, string>>,
): Promise<ApiDocument> {
  const query = new URLSearchParams(parameters).toString();
  const response = await api({ method: 'GET', path: `${path}?${query}`, headers: {} });
  return JSON.parse(utf8Text(await readAll(response.body))) as ApiDocument;
}

function parametersOf(test: Case): Readonly<Record<string, string>> {
  const { start, end, step, time } = test;
  return test.kind === 'instant'
    ? { query: test.expr, time: String(time) }
    : { query: test.expr, start: String(start), end: String(end), step: String(step) };
}

const KINDS: ReadonlySet<string> = new Set(['instant', 'range']);

/** All cases of the file. */
export async function run(file: File): Promise<readonly CaseResult[]> {
  const clock = new VirtualClock({
    start: instant(file.start * 1000),
    idle: () => Promise.resolve(),
  });
  const api = prometheusApi({ store: loaded(file), clock });
  const results: CaseResult[] = [];
  for (const test of file.cases) {
    if (!KINDS.has(test.kind)) {
      results.push(unknownKind(`${test.id} ${test.expr}`, test.kind));
      continue;
    }
    const path = test.kind === 'instant' ? '/api/v1/query' : '/api/v1/query_range';
    const answer = await asked(api, path, parametersOf(test));
    const { errorType, error, ...data } = test.expect;
    const expected: ApiDocument =
      errorType === undefined
        ? { status: 'success', data }
        : { status: 'error', errorType, error: error ?? '' };
    const detail = difference(test.expr, expected, answer);
    const name = `${test.id} ${test.expr}`;
    results.push(detail === undefined ? { name, ok: true } : { name, ok: false, detail });
  }
  return results;
}
