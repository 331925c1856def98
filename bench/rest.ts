// `npm run bench:rest [-- --count N]`: what the controller takes with N Rollouts at rest on a real API server, how soon it
// is ready, and that it writes nothing but its Lease; then the same for a controller that takes its place.
//
// The Rollouts are stored as they would be left: nobody has to work through them, no pod runs. The API server has etcd
// below it and no controllers beside it.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { parseArgs } from 'node:util';
import { NAMESPACES } from '../src/api/resources.ts';
import { systemClock } from '../src/host/clock.ts';
import { createClient } from '../src/kube/client.ts';
import { sleep } from '../src/lib/clock.ts';
import { milliseconds } from '../src/lib/time.ts';
import { controlPlanePrograms } from '../test/cluster/binaries.ts';
import {
  type ControlPlane,
  startControlPlane,
  transportOf,
} from '../test/cluster/control-plane.ts';
import { furnish } from '../test/cluster/machine.ts';
import { type Requests, requestsIn, usedBy } from './cluster-load.ts';
import { PROGRAM } from './processes.ts';
import { modelAtRest, storeAtRest } from './rest-objects.ts';

const NAMESPACE = 'bench';
const AT_ONCE = 16;
const POLL = milliseconds(200);
const PATIENCE_MS = 600_000;
const REPLICAS = 2;

const { values: flags } = parseArgs({
  options: {
    count: { type: 'string', default: '5000' },
    seconds: { type: 'string', default: '30' },
  },
});
const count = Number(flags.count);
const quietSeconds = Number(flags.seconds);

function say(line: string): void {
  process.stderr.write(`${line}\n`);
}

/** Stores all of them; gives the seconds that it took. */
async function fill(kubeconfig: string): Promise<number> {
  const reach = await transportOf(kubeconfig);
  const client = createClient({ transport: reach.send, userAgent: 'bench' });
  await furnish(client);
  const metadata = { name: NAMESPACE };
  await client.create(NAMESPACES, { apiVersion: 'v1', kind: 'Namespace', metadata });
  const model = await modelAtRest(REPLICAS);
  const begin = performance.now();
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < count) {
      const name = `r${next}`;
      next += 1;
      await storeAtRest(client, model, { namespace: NAMESPACE, name });
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  reach.close();
  return secondsSince(begin);
}

function secondsSince(begin: number): number {
  return Number(((performance.now() - begin) / 1000).toFixed(1));
}

interface Running {
  readonly child: ChildProcess;
  readonly said: () => string;
}

function start({ controllerKubeconfig }: ControlPlane): Running {
  const ports = ['--metricsPort=0', '--healthzPort=0', '--listen-address=127.0.0.1'];
  const args = ['controller', '--kubeconfig', controllerKubeconfig, ...ports];
  const child = spawn(process.execPath, [`${PROGRAM}slipway`, ...args], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let said = '';
  child.stderr.on('data', (chunk: Buffer) => {
    said += chunk.toString();
  });
  return { child, said: () => said };
}

async function until(running: Running, holds: () => Promise<boolean>): Promise<void> {
  const end = performance.now() + PATIENCE_MS;
  while (!(await holds())) {
    const { exitCode, signalCode } = running.child;
    const hasEnded = exitCode !== null || signalCode !== null;
    if (hasEnded) throw new Error(`the controller has ended:\n${running.said()}`);
    if (performance.now() > end)
      throw new Error(`the controller takes too long:\n${running.said()}`);
    await sleep(systemClock, POLL);
  }
}

/** Whether it has looked at every Rollout and has nothing left to look at. */
async function hasLooked({ said }: Running): Promise<boolean> {
  const [, address = ''] = /msg=listening metrics=(\S+)/.exec(said()) ?? [];
  const text = await (await fetch(`http://${address}/metrics`)).text();
  const looked = text.match(/^rollout_reconcile_count\{[^}]*\} [1-9]/gm) ?? [];
  return looked.length === count && !/^workqueue_depth\{[^}]*\} [1-9]/m.test(text);
}

/** The most that a process has had in memory, in MiB. */
function peakOf(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Math.round(Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1024);
}

/** Changes that came between, by verb and resource; the Lease's left out. */
function writesBetween(before: Requests, after: Requests): Readonly<Record<string, number>> {
  const writes = Object.entries(after.by)
    .filter(([key]) => !/^(?:get|list|watch) | leases(?: |$)/.test(key))
    .map(([key, value]) => [key, value - (before.by[key] ?? 0)] as const)
    .filter(([, value]) => value > 0);
  return Object.fromEntries(writes);
}

/** One controller's life over them. */
async function rest(plane: ControlPlane): Promise<object> {
  const before = requestsIn(plane.auditLog);
  const begin = performance.now();
  const running = start(plane);
  const pid = running.child.pid ?? 0;
  try {
    await until(running, () => Promise.resolve(running.said().includes('msg=ready')));
    const readySeconds = secondsSince(begin);
    await until(running, () => hasLooked(running));
    const lookedSeconds = secondsSince(begin);
    const cpuSeconds = usedBy(pid).cpuSeconds;
    await sleep(systemClock, milliseconds(1000 * quietSeconds));
    const used = usedBy(pid);
    const after = requestsIn(plane.auditLog);
    return {
      readySeconds,
      lookedSeconds,
      startCpuSeconds: cpuSeconds,
      restCpuSeconds: Number((used.cpuSeconds - cpuSeconds).toFixed(2)),
      rssMib: used.rssMib,
      peakMib: peakOf(pid),
      writes: writesBetween(before, after),
    };
  } finally {
    running.child.kill('SIGTERM');
    if (running.child.exitCode === null) await once(running.child, 'exit');
  }
}

const folder = mkdtempSync(`${tmpdir()}/slipway-rest-`);
const programs = await controlPlanePrograms(say);
const plane = await startControlPlane(programs, folder, { hasControllers: false });
try {
  say(`storing ${count} Rollouts ...`);
  const print = (name: string, figures: object): void => {
    process.stdout.write(`${JSON.stringify({ [name]: figures }, null, 2)}\n`);
  };
  print('stored', { count, seconds: await fill(plane.kubeconfig) });
  const lives = [await rest(plane), await rest(plane)];
  print('first', lives[0] ?? {});
  print('second', lives[1] ?? {});
  const wrote = lives.filter((life) => Object.keys((life as { writes: object }).writes).length > 0);
  if (wrote.length > 0) {
    say('a controller over Rollouts at rest has written: see writes');
    process.exitCode = 1;
  }
} finally {
  await plane.stop();
  rmSync(folder, { recursive: true, force: true });
}
