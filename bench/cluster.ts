// `npm run bench:cluster [-- --count N]`: what a rollout controller costs a real API server, and how soon its updates
// are done. N Rollouts are created, rest, and get a new image all at once.
//
// On its own it starts the test cluster and our controller. With --kubeconfig, --pid and --audit it measures any
// controller that runs already: a kubeconfig of an administrator, the controller's process, and an audit log that has
// the controller's requests alone.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { parseArgs } from 'node:util';
import type { Rollout } from '../src/api/rollout.ts';
import type { Json } from '../src/api/object.ts';
import { NAMESPACES, ROLLOUTS } from '../src/api/resources.ts';
import { systemClock, systemRandom } from '../src/host/clock.ts';
import { createClient, type KubeClient } from '../src/kube/client.ts';
import { createWatchCache } from '../src/kube/watch-cache.ts';
import { cancellation, sleep } from '../src/lib/clock.ts';
import { milliseconds } from '../src/lib/time.ts';
import { transportOf } from '../test/cluster/control-plane.ts';
import { startTestCluster } from '../test/cluster/test-cluster.ts';
import { post } from '../test/support/objects.ts';
import { perObject, type Requests, requestsIn, usedBy } from './cluster-load.ts';
import { benchObjects } from './cluster-objects.ts';
import { PROGRAM } from './processes.ts';

interface Measured {
  readonly kubeconfig: string;
  readonly pid: number;
  readonly auditLog: string;
}

const AT_ONCE = 16;
/** So long without a request but the Lease's is rest: longer than what is not urgent waits after the last of many updates. */
const QUIET_MS = 25_000;
const IDLE_SECONDS = 30;
const POLL = milliseconds(500);
const PATIENCE_MS = 900_000;
const LEASES = / leases(?: |$)/;

const { values: flags } = parseArgs({
  options: {
    count: { type: 'string', default: '100' },
    replicas: { type: 'string', default: '2' },
    namespace: { type: 'string', default: 'bench' },
    kubeconfig: { type: 'string' },
    pid: { type: 'string' },
    audit: { type: 'string' },
  },
});

/** Runs `work` on all, some at the same time. */
async function forAll(
  names: readonly string[],
  work: (name: string) => Promise<void>,
): Promise<void> {
  const left = [...names];
  const worker = async (): Promise<void> => {
    for (let name = left.shift(); name !== undefined; name = left.shift()) await work(name);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
}

function isDone({ metadata, spec, status }: Rollout, image: string): boolean {
  return (
    status?.phase === 'Healthy' &&
    status.observedGeneration === String(metadata.generation) &&
    status.stableRS === status.currentPodHash &&
    spec.template?.spec?.containers?.[0]?.image === image
  );
}

/** Milliseconds until each was done; waits by watching, which costs the server little. */
async function timesOf(
  client: KubeClient,
  options: {
    readonly namespace: string;
    readonly names: readonly string[];
    readonly image: string;
    readonly begin: () => Promise<void>;
  },
): Promise<readonly number[]> {
  const { namespace, names, image } = options;
  const cache = createWatchCache<Rollout>({
    client,
    resource: ROLLOUTS,
    clock: systemClock,
    random: systemRandom(),
    namespace,
  });
  const left = new Set(names);
  const times: number[] = [];
  const started = performance.now();
  const { promise, resolve } = Promise.withResolvers<void>();
  cache.onChange(({ after }) => {
    if (after === undefined || !isDone(after, image) || !left.delete(after.metadata.name)) return;
    times.push(performance.now() - started);
    if (left.size === 0) resolve();
  });
  cache.start();
  await cache.synced;
  await options.begin();
  const patience = cancellation();
  await Promise.race([promise, sleep(systemClock, milliseconds(PATIENCE_MS), patience.cancel)]);
  patience.now();
  cache.stop();
  if (left.size > 0) throw new Error(`${left.size} of ${names.length} never became Healthy`);
  return times;
}

/** All but what renews the Lease. */
function workIn(auditLog: string): number {
  return Object.entries(requestsIn(auditLog).by)
    .filter(([key]) => !LEASES.test(key))
    .reduce((sum, [, count]) => sum + count, 0);
}

/** Until nothing but the Lease has been asked for a while: Events, and what follows the last step, still come. */
async function untilQuiet(auditLog: string): Promise<void> {
  const end = performance.now() + PATIENCE_MS;
  let [seen, since] = [workIn(auditLog), performance.now()];
  while (performance.now() - since < QUIET_MS) {
    if (performance.now() > end) throw new Error('the controller never comes to rest');
    await sleep(systemClock, POLL);
    const now = workIn(auditLog);
    if (now !== seen) [seen, since] = [now, performance.now()];
  }
}

/** One phase: what it took until all were Healthy, and each Rollout's part of the requests until the controller rests. */
async function phase(
  { pid, auditLog }: Measured,
  count: number,
  run: () => Promise<readonly number[]>,
): Promise<object> {
  const [requests, used] = [requestsIn(auditLog), usedBy(pid)];
  const started = performance.now();
  const times = (await run()).toSorted((a, b) => a - b);
  const healthy = usedBy(pid);
  await untilQuiet(auditLog);
  const restSeconds = (performance.now() - started - QUIET_MS) / 1000;
  const seconds = (share: number): number =>
    rounded((times[Math.min(count - 1, Math.floor(share * count))] ?? 0) / 1000);
  return {
    firstSeconds: seconds(0),
    medianSeconds: seconds(0.5),
    nineteenOfTwentySeconds: seconds(0.95),
    allSeconds: seconds(1),
    restSeconds: rounded(restSeconds),
    cpuSeconds: rounded(healthy.cpuSeconds - used.cpuSeconds),
    cpuSecondsUntilRest: rounded(usedBy(pid).cpuSeconds - used.cpuSeconds),
    rssMib: healthy.rssMib,
    ...requestFigures(perObject(requests, requestsIn(auditLog), count)),
  };
}

function rounded(value: number): number {
  return Number(value.toFixed(1));
}

/** What the goals count: neither Events nor the Lease. */
function requestFigures({ by }: Requests): object {
  const sum = (wanted: (key: string) => boolean): number =>
    Number(
      Object.entries(by)
        .filter(([key]) => wanted(key))
        .reduce((total, [, count]) => total + count, 0)
        .toFixed(2),
    );
  const isEvent = (key: string): boolean => key.includes(' events');
  return {
    requestsPerRollout: sum((key) => !isEvent(key) && !LEASES.test(key)),
    eventsPerRollout: sum(isEvent),
    by,
  };
}

/** Nothing happens: what the controller asks and takes all the same. */
async function atRest({ pid, auditLog }: Measured): Promise<object> {
  const [requests, used] = [requestsIn(auditLog), usedBy(pid)];
  await sleep(systemClock, milliseconds(1000 * IDLE_SECONDS));
  const after = usedBy(pid);
  const { by } = perObject(requests, requestsIn(auditLog), 1);
  return {
    seconds: IDLE_SECONDS,
    cpuSeconds: Number((after.cpuSeconds - used.cpuSeconds).toFixed(2)),
    rssMib: after.rssMib,
    requests: by,
  };
}

/** Leaves the namespace behind. */
async function measure(measured: Measured): Promise<void> {
  const count = Number(flags.count);
  const names = Array.from({ length: count }, (_, index) => `r${index}`);
  const { namespace } = flags;
  const shape = { namespace, replicas: Number(flags.replicas) };
  const reach = await transportOf(measured.kubeconfig);
  const client = createClient({ transport: reach.send, userAgent: 'bench' });
  const print = (name: string, figures: object): void => {
    process.stdout.write(`${JSON.stringify({ [name]: figures }, null, 2)}\n`);
  };
  const metadata = { name: namespace };
  await client.create(NAMESPACES, { apiVersion: 'v1', kind: 'Namespace', metadata });
  const create = () =>
    forAll(names, async (name) => {
      for (const object of benchObjects(name, shape)) await post(client, namespace, object);
    });
  const update = (image: string) => () =>
    forAll(names, async (name) => {
      const path = '/spec/template/spec/containers/0/image';
      const body: Json = [{ op: 'replace', path, value: image }];
      await client.patch({ resource: ROLLOUTS, namespace, name }, { type: 'json', body });
    });
  const timed = (image: string, begin: () => Promise<void>) => () =>
    timesOf(client, { namespace, names, image, begin });
  print('create', await phase(measured, count, timed('app:v1', create)));
  print('at rest', await atRest(measured));
  print('update', await phase(measured, count, timed('app:v2', update('app:v2'))));
  print('at rest again', await atRest(measured));
  reach.close();
}

/** Until the controller says so in its log. */
async function untilReady(controller: ChildProcess, log: string): Promise<void> {
  for (;;) {
    const said = readFileSync(log, 'utf8');
    if (said.includes('msg=ready')) return;
    if ((controller.exitCode ?? controller.signalCode) !== null) {
      throw new Error(`the controller ended: ${said}`);
    }
    await sleep(systemClock, POLL);
  }
}

/** The test cluster with our built controller. */
async function onOwnCluster(): Promise<void> {
  const folder = mkdtempSync(`${tmpdir()}/slipway-bench-`);
  const say = (line: string): void => {
    process.stderr.write(`${line}\n`);
  };
  // As small as a cluster can be beside the API server, which is what is measured.
  const cluster = await startTestCluster(folder, say, { isBare: true });
  const args = ['controller', '--kubeconfig', cluster.controllerKubeconfig];
  // A file: whoever read each of its lines would take time that is measured.
  const log = `${folder}/controller.log`;
  const logFile = openSync(log, 'w');
  const controller = spawn(process.execPath, [`${PROGRAM}slipway`, ...args], {
    stdio: ['ignore', 'ignore', logFile],
  });
  closeSync(logFile);
  const ended = once(controller, 'exit');
  try {
    await untilReady(controller, log);
    const { kubeconfig, auditLog } = cluster;
    await measure({ kubeconfig, auditLog, pid: controller.pid ?? 0 });
  } finally {
    controller.kill('SIGTERM');
    await ended;
    await cluster.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

const { kubeconfig, pid, audit } = flags;
if (kubeconfig === undefined) await onOwnCluster();
else if (pid === undefined || audit === undefined) {
  process.stderr.write('--kubeconfig needs --pid and --audit too: whom to measure, and where\n');
  process.exitCode = 2;
} else await measure({ kubeconfig, pid: Number(pid), auditLog: audit });
