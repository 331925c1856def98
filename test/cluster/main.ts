// `npm run cluster -- start|stop|status`: the test cluster in the background, for kubectl and for `npm run test:cluster`.
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { systemClock } from '../../src/host/clock.ts';
import { createClient } from '../../src/kube/client.ts';
import { sleep } from '../../src/lib/clock.ts';
import { milliseconds } from '../../src/lib/time.ts';
import { CACHE, controlPlanePrograms } from './binaries.ts';
import { transportOf } from './control-plane.ts';
import { FACTS_FILE, startTestCluster } from './test-cluster.ts';

const FOLDER = join(CACHE, 'run');
const PID = join(FOLDER, 'pid');
const LOG = join(FOLDER, 'cluster.log');
const KUBECONFIG = join(FOLDER, 'kubeconfig');
const READY = join(FOLDER, FACTS_FILE);
const POLL = milliseconds(100);
const USAGE = 'usage: npm run cluster -- start|stop|status';

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

function complain(line: string): void {
  process.stderr.write(`${line}\n`);
}

/** Of the cluster that runs; undefined if none does. */
function runningPid(): number | undefined {
  if (!existsSync(PID)) return undefined;
  const pid = Number(readFileSync(PID, 'utf8'));
  try {
    process.kill(pid, 0);
    return pid;
  } catch {
    return undefined;
  }
}

async function start(): Promise<number> {
  if (runningPid() !== undefined) {
    complain('the cluster runs already: npm run cluster -- status');
    return 1;
  }
  // Here, where it is seen: the first build takes minutes.
  await controlPlanePrograms(complain);
  rmSync(FOLDER, { recursive: true, force: true });
  mkdirSync(FOLDER, { recursive: true, mode: 0o700 });
  const log = openSync(LOG, 'a');
  const child = spawn(process.execPath, [fileURLToPath(import.meta.url), 'run'], {
    detached: true,
    stdio: ['ignore', log, log],
  });
  writeFileSync(PID, String(child.pid ?? 0));
  const state = { hasEnded: false };
  child.on('exit', () => {
    state.hasEnded = true;
  });
  child.unref();
  while (!existsSync(READY)) {
    if (state.hasEnded) {
      complain(`the cluster did not start:\n${readFileSync(LOG, 'utf8')}`);
      return 1;
    }
    await sleep(systemClock, POLL);
  }
  print(`the cluster is ready:\nexport KUBECONFIG=${KUBECONFIG}`);
  return 0;
}

/** The cluster itself, in the foreground, until a signal. */
async function run(): Promise<number> {
  const { promise, resolve } = Promise.withResolvers<void>();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => resolve());
  const cluster = await startTestCluster(FOLDER, complain);
  await promise;
  await cluster.stop();
  return 0;
}

async function stop(): Promise<number> {
  const pid = runningPid();
  if (pid === undefined) {
    print('no cluster runs');
    return 0;
  }
  process.kill(pid, 'SIGTERM');
  while (runningPid() !== undefined) await sleep(systemClock, POLL);
  rmSync(PID);
  rmSync(READY);
  print('the cluster has ended');
  return 0;
}

async function status(): Promise<number> {
  if (runningPid() === undefined || !existsSync(READY)) {
    print('no cluster runs: npm run cluster -- start');
    return 1;
  }
  const reach = await transportOf(KUBECONFIG);
  const client = createClient({ transport: reach.send, userAgent: 'cluster' });
  const { gitVersion } = JSON.parse((await client.raw('GET', '/version')).text) as {
    readonly gitVersion: string;
  };
  reach.close();
  print(`Kubernetes ${gitVersion} at ${reach.server}\n${readFileSync(READY, 'utf8').trimEnd()}`);
  return 0;
}

const COMMANDS: Readonly<Record<string, () => Promise<number>>> = { start, run, stop, status };

const wanted = COMMANDS[process.argv[2] ?? ''];
if (wanted === undefined) complain(USAGE);
try {
  process.exitCode = wanted === undefined ? 2 : await wanted();
} catch (error) {
  complain(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
}
