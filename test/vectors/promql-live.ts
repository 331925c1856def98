// `npm run promql:live`: a sandbox with `--prometheus auto` runs the document under traffic; when its counters have come
// to rest, the program prometheus, which has scraped them, and the built-in one are asked the same 50 expressions.
// Exit code 1 if an answer differs, or if there is nothing in it to compare.
import { fileURLToPath } from 'node:url';
import { systemProcesses } from '../../src/host/processes.ts';
import { bundledProgram, type Program } from '../support/program.ts';
import { type ApiDocument, difference } from './promql-compare.ts';
import { ANSWERED_EMPTY, EXPRESSIONS } from './promql-live-expressions.ts';

const DOCUMENT = fileURLToPath(
  new URL(
    '../../examples/mock-server-canary-istio-destinationrule-analysistemplate-experiment.yaml',
    import.meta.url,
  ),
);
const LIMIT_MS = 60_000;

interface Servers {
  readonly real: string;
  readonly builtIn: string;
  readonly kubeconfig: string;
}

async function asked(server: string, query: string, time: number): Promise<ApiDocument> {
  const form = new URLSearchParams({ query, time: String(time) });
  const response = await fetch(`${server}/api/v1/query?${form.toString()}`);
  return (await response.json()) as ApiDocument;
}

async function startedSandbox(program: Program) {
  const sandbox = program.start(['sandbox', '--prometheus', 'auto', '--scrape-interval', '1s']);
  await sandbox.prints(/Ctrl-C ends it\./);
  const [, real = ''] = await sandbox.prints(/Prometheus +(http\S+) \(the program prometheus/);
  const [, builtIn = ''] = await sandbox.prints(/Built in +(http\S+)/);
  const [, kubeconfig = ''] = await sandbox.prints(/export KUBECONFIG=(\S+)/);
  return { sandbox, servers: { real, builtIn, kubeconfig } };
}

type Traffic = readonly [path: string, duration: string];

/** Different numbers of each, so that nothing is equal by chance. */
const TRAFFIC: readonly Traffic[] = [
  ['/status/200', '2s'],
  ['/status/500', '1s'],
  ['/status/404', '1500ms'],
];
const REQUESTS = 450;

async function traffic(
  program: Program,
  { kubeconfig }: Servers,
  [path, duration]: Traffic,
): Promise<void> {
  const to = `http://mock-server${path}`;
  const flags = ['--rps', '100', '--to', to, '--for', duration, '--kubeconfig', kubeconfig];
  const run = program.start(['traffic', ...flags]);
  const code = await run.exit;
  if (code !== 0) throw new Error(`traffic ended with ${code}: ${run.err()}${run.out()}`);
}

async function deployed(program: Program, { kubeconfig }: Servers): Promise<void> {
  const applied = await systemProcesses.run({
    command: 'kubectl',
    args: ['apply', '-f', DOCUMENT],
    env: { KUBECONFIG: kubeconfig, KUBECACHEDIR: `${program.folder}/cache` },
  });
  if (applied.code !== 0) throw new Error(`kubectl apply: ${applied.stderr}`);
  const status = program.start(['status', 'mock-server', '--kubeconfig', kubeconfig]);
  if ((await status.exit) !== 0) throw new Error(`not healthy: ${status.err()}${status.out()}`);
}

/** Longer than the longest window whose steps lie before the moment of a query. */
const REST_SECONDS = 4;

/** A moment before which both have said the same for a while, of every series that does not grow by itself. */
async function atRest(servers: Servers): Promise<number> {
  const end = performance.now() + LIMIT_MS;
  let detail: string | undefined;
  while (performance.now() < end) {
    const time = Date.now() / 1000;
    detail = (await unrest(servers, time - REST_SECONDS)) ?? (await unrest(servers, time));
    if (detail === undefined) return time;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  throw new Error(`the two never said the same: ${detail?.slice(0, 600)}`);
}

/** How the two differ at a moment, or that not all requests had been counted. */
async function unrest({ real, builtIn }: Servers, time: number): Promise<string | undefined> {
  const everything = '{job=~"kubernetes-pods|kube-state-metrics"}';
  const counted = `sum(istio_requests_total{reporter="destination"}) == ${REQUESTS}`;
  const [expected, actual, count] = await Promise.all([
    asked(real, everything, time),
    asked(builtIn, everything, time),
    asked(builtIn, counted, time),
  ]);
  if (sizeOf(count) === 0) return `there were not ${REQUESTS} requests yet`;
  return difference(everything, expected, actual);
}

function sizeOf({ data }: ApiDocument): number {
  const { resultType, result } = data as { resultType: string; result: readonly unknown[] };
  return resultType === 'vector' || resultType === 'matrix' ? result.length : 1;
}

/** What is wrong with the two answers; undefined if nothing is. */
async function verdict(
  { real, builtIn }: Servers,
  query: string,
  time: number,
): Promise<string | undefined> {
  const [expected, actual] = await Promise.all([
    asked(real, query, time),
    asked(builtIn, query, time),
  ]);
  if (expected.status !== 'success') return `refused: ${expected.error}`;
  const isEmpty = sizeOf(expected) === 0;
  if (isEmpty !== ANSWERED_EMPTY.has(query))
    return isEmpty ? 'no series' : 'series, but none was expected';
  return difference(query, expected, actual);
}

async function main(): Promise<number> {
  const program = await bundledProgram();
  try {
    const { sandbox, servers } = await startedSandbox(program);
    await deployed(program, servers);
    for (const one of TRAFFIC) await traffic(program, servers, one);
    const time = await atRest(servers);
    let failed = 0;
    for (const query of EXPRESSIONS) {
      const problem = await verdict(servers, query, time);
      if (problem === undefined) continue;
      failed += 1;
      process.stdout.write(`${query}\n  ${problem}\n`);
    }
    const code = await sandbox.end();
    process.stdout.write(`${EXPRESSIONS.length - failed} passed, ${failed} failed\n`);
    return failed === 0 && code === 0 ? 0 : 1;
  } finally {
    await program.close();
  }
}

process.exit(await main());
