// `node test/vectors/promql-differential.ts [--seed N] [--count N] [--broken PERCENT] [--regexps PERCENT]`: random
// expressions over random series, asked of a real Prometheus (Debian's 2.42 on the PATH) and of ours; every difference
// is printed. Exit code 1 if there is one, or if there is no Prometheus.
import { instant, milliseconds } from '../../src/lib/time.ts';
import { seededRandom } from '../../src/lib/random.ts';
import { VirtualClock } from '../../src/lib/virtual-clock.ts';
import { prometheusApi } from '../../src/sandbox/metrics/api.ts';
import { SeriesStore } from '../../src/sandbox/metrics/store.ts';
import { asked } from './promql.ts';
import { difference, type ApiDocument } from './promql-compare.ts';
import { Expressions } from './promql-generator.ts';
import { SECONDS, START, testSeries, type TestSeries } from './promql-series.ts';
import { startPrometheus, write } from './promql-server.ts';

function argument(name: string, otherwise: number): number {
  const at = process.argv.indexOf(`--${name}`);
  return at < 0 ? otherwise : Number(process.argv[at + 1]);
}

function storeOf(series: readonly TestSeries[]): SeriesStore {
  const store = new SeriesStore({ retention: milliseconds(1e12) });
  for (const { labels, samples } of series) {
    for (const { time, value } of samples) {
      if (value === undefined) store.markStale(labels, instant(time));
      else store.append(labels, value, instant(time));
    }
  }
  return store;
}

async function real(
  url: string,
  path: string,
  parameters: Record<string, string>,
): Promise<ApiDocument> {
  const response = await fetch(`${url}${path}?${new URLSearchParams(parameters).toString()}`);
  return (await response.json()) as ApiDocument;
}

/**
 * Where we differ on purpose (docs/decisions/0005): Prometheus 2.42 lets the window of a function with another argument
 * slide on although `@` fixes it, and `timestamp` forgets an offset beside `@`.
 */
function isKnown(query: string, isRange: boolean): boolean {
  // Steps of a range query come out of a map of its own: among equals chance decides. And `count_values by` sorts the
  // labels of its own grouping in place, so that the second step groups by others.
  if (isRange && /topk|bottomk|count_values/i.test(query)) return true;
  // The last digit of what the mathematics library gives, made visible.
  const isInexact = /sin|cos|tan|exp|ln|log|\^/i.test(query);
  if (isInexact && /count_values|%|tan|sin|cos/i.test(query)) return true;
  return (
    query.includes('@') &&
    /predict_linear|quantile_over_time|holt_winters|timestamp[^]*offset/i.test(query)
  );
}

/** Unless said otherwise, three of four are meant to be well formed. */
function expressionOf(expressions: Expressions, chance: number): string {
  const broken = argument('broken', 20) / 100;
  if (chance < broken) return expressions.broken();
  return chance < broken + argument('regexps', 5) / 100
    ? expressions.aboutRegexp()
    : expressions.next();
}

const seed = argument('seed', 1);
const count = argument('count', 2000);
const random = seededRandom(seed);
const series = testSeries(random);
const server = await startPrometheus();
if (server === undefined) {
  process.stderr.write(
    'nothing was compared: install the program prometheus (2.42 is tested) and put it on the PATH\n',
  );
  process.exit(1);
}

let different = 0;
let errors = 0;
try {
  await write(server.url, series);
  const clock = new VirtualClock({ start: instant(START * 1000), idle: () => Promise.resolve() });
  const api = prometheusApi({ store: storeOf(series), clock });
  const expressions = new Expressions(random);
  for (let at = 0; at < count; at += 1) {
    const query = expressionOf(expressions, random.next());
    const isRange = random.next() < 0.3;
    const time = START + Math.floor(random.next() * SECONDS) + (random.next() < 0.2 ? 0.25 : 0);
    const parameters = isRange
      ? {
          query,
          start: String(time),
          end: String(time + 600),
          step: String([15, 60, 7.5, 130][at % 4]),
        }
      : { query, time: String(time) };
    const path = isRange ? '/api/v1/query_range' : '/api/v1/query';
    const [expected, actual] = await Promise.all([
      real(server.url, path, parameters),
      asked(api, path, parameters),
    ]);
    if (expected.status === 'error') errors += 1;
    const detail = difference(query, expected, actual);
    if (detail === undefined || isKnown(query, isRange)) continue;
    different += 1;
    process.stdout.write(`${path} ${JSON.stringify(parameters)}\n  ${detail}\n`);
  }
} finally {
  await server.stop();
}
process.stdout.write(
  `seed ${seed}: ${count} expressions (${errors} refused by both), ${different} differ\n`,
);
process.exit(different === 0 ? 0 : 1);
