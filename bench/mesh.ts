// The mesh under load: how much it holds, what it adds to an answer's time, and whether it grows.
import { type ChildProcess, type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Readable, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { type LoadResult, startLoad } from '../src/host/load.ts';
import { seededRandom } from '../src/lib/random.ts';
import { type Figure, type Measurement, percentile } from './figure.ts';

const WORKER = fileURLToPath(new URL('mesh-worker.ts', import.meta.url));
const CONNECTIONS = 64;
const WARM_UP_MS = 2000;
const SATURATED_MS = 6000;
const STEADY_MS = 10_000;
/** One hour of the sandbox's clock in one minute. */
const SPEED = 60;
const HOUR_MS = 60_000;

interface Worker {
  readonly port: number;
  /** What is in use after everything that is not has been thrown away. */
  usedMiB(): Promise<number>;
  stop(): void;
}

async function usedMiB(child: ChildProcessByStdio<Writable, Readable, null>): Promise<number> {
  const answered = once(child.stdout, 'data') as Promise<[Buffer]>;
  child.stdin.write('memory\n');
  return Number((await answered)[0].toString().trim()) / 1_048_576;
}

class Workers {
  readonly #children: ChildProcess[] = [];

  start(...args: readonly string[]): Promise<Worker> {
    const child = spawn(process.execPath, ['--expose-gc', WORKER, ...args], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    this.#children.push(child);
    return new Promise((resolve, reject) => {
      child.stdout.once('data', (chunk: Buffer) => {
        const port = Number(chunk.toString().trim());
        resolve({ port, usedMiB: () => usedMiB(child), stop: () => child.stdin.end() });
      });
      child.once('exit', (code) => reject(new Error(`${args[0]} ended with ${code}`)));
    });
  }

  stop(): void {
    for (const child of this.#children) child.kill();
  }
}

interface Ran {
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly failed: number;
}

interface Run {
  readonly port: number;
  readonly host: string;
  readonly rps: number;
  readonly forMs: number;
}

async function run({ port, host, rps, forMs }: Run): Promise<Ran> {
  const latencies: number[] = [];
  let failed = 0;
  const started = performance.now();
  const load = startLoad({
    origin: `http://127.0.0.1:${port}`,
    method: 'GET',
    path: '/status/200',
    headers: { host },
    requestsPerSecond: rps,
    concurrency: CONNECTIONS,
    timeoutMs: 10_000,
    random: seededRandom('bench'),
    onResult: ({ latencyMs, status }: LoadResult) => {
      latencies.push(latencyMs);
      if (status !== 200) failed += 1;
    },
  });
  setTimeout(() => load.stop(), forMs);
  await load.done;
  const perSecond = latencies.length / ((performance.now() - started) / 1000);
  return {
    perSecond,
    p50Ms: percentile(latencies, 0.5),
    p99Ms: percentile(latencies, 0.99),
    failed,
  };
}

/** More than anything here can hold. */
const TOO_MUCH = 50_000;

async function throughput(port: number, host: string): Promise<Ran> {
  await run({ port, host, rps: TOO_MUCH, forMs: WARM_UP_MS });
  return run({ port, host, rps: TOO_MUCH, forMs: SATURATED_MS });
}

/** In turns, so that all meet the same machine; each one's median over the rounds. */
async function steady(
  targets: Readonly<Record<'direct' | 'pod' | 'socket' | 'bare', Pick<Run, 'port' | 'host'>>>,
) {
  const rounds = { direct: [] as Ran[], pod: [] as Ran[], socket: [] as Ran[], bare: [] as Ran[] };
  for (let round = 0; round < 3; round += 1) {
    for (const name of ['direct', 'pod', 'socket', 'bare'] as const) {
      rounds[name].push(await run({ ...targets[name], rps: 1000, forMs: STEADY_MS / 3 }));
    }
  }
  const p99 = (name: keyof typeof rounds): number =>
    percentile(
      rounds[name].map((one) => one.p99Ms),
      0.5,
    );
  return { direct: p99('direct'), pod: p99('pod'), socket: p99('socket'), bare: p99('bare') };
}

/** What is in use over an hour of the sandbox's time under load; least squares over the second half. */
async function growth(workers: Workers, upstream: Worker): Promise<number> {
  const mesh = await workers.start('mesh', String(upstream.port), String(SPEED));
  const samples: { readonly hours: number; readonly mib: number }[] = [];
  const started = performance.now();
  let last = Promise.resolve();
  const timer = setInterval(() => {
    const hours = (performance.now() - started) / HOUR_MS;
    last = mesh.usedMiB().then((mib) => void samples.push({ hours, mib }));
  }, 2000);
  await run({ port: mesh.port, host: 'mock-server', rps: 500, forMs: HOUR_MS });
  clearInterval(timer);
  await last;
  mesh.stop();
  const half = samples.slice(samples.length / 2);
  const meanHours = half.reduce((sum, { hours }) => sum + hours, 0) / half.length;
  const meanMib = half.reduce((sum, { mib }) => sum + mib, 0) / half.length;
  const over = half.reduce((sum, { hours, mib }) => sum + (hours - meanHours) * (mib - meanMib), 0);
  const under = half.reduce((sum, { hours }) => sum + (hours - meanHours) ** 2, 0);
  return over / under;
}

export const MESH: Measurement = {
  name: 'mesh',
  how: 'Requests over 64 connections through the mesh: to pods of the builtin runner, called in process, by a VirtualService at 80/20, and to one real socket; the bare proxy is node:http and an undici pool in front of the same socket. Latencies count from the moment at which a request was due, at 1,000 a second. Memory is what is in use after a collection; what is gained in an hour are samples of series, which are kept for two.',
  measure: async () => {
    const workers = new Workers();
    try {
      const upstream = await workers.start('upstream');
      const bare = await workers.start('bare', String(upstream.port));
      const mesh = await workers.start('mesh', String(upstream.port));
      const most = {
        bare: await throughput(bare.port, 'mock-server'),
        pod: await throughput(mesh.port, 'mock-server'),
        socket: await throughput(mesh.port, 'socket'),
      };
      const p99 = await steady({
        direct: { port: upstream.port, host: 'mock-server' },
        pod: { port: mesh.port, host: 'mock-server' },
        socket: { port: mesh.port, host: 'socket' },
        bare: { port: bare.port, host: 'mock-server' },
      });
      const slope = await growth(workers, upstream);
      return figures(most, p99, slope);
    } finally {
      workers.stop();
    }
  },
};

function figures(
  most: Readonly<Record<'bare' | 'pod' | 'socket', Ran>>,
  p99: Readonly<Record<'direct' | 'pod' | 'socket' | 'bare', number>>,
  slope: number,
): readonly Figure[] {
  const against = (ran: Ran) => ({
    what: 'the bare proxy',
    ratio: ran.perSecond / most.bare.perSecond,
  });
  const added = {
    bare: p99.bare - p99.direct,
    pod: p99.pod - p99.direct,
    socket: p99.socket - p99.direct,
  };
  return [
    { name: 'bare proxy, most', value: most.bare.perSecond, unit: 'requests/s' },
    {
      name: 'to pods, most',
      value: most.pod.perSecond,
      unit: 'requests/s',
      atLeast: 10_000,
      against: against(most.pod),
    },
    {
      name: 'to a socket, most',
      value: most.socket.perSecond,
      unit: 'requests/s',
      against: against(most.socket),
    },
    {
      name: 'failed under the most',
      value: most.pod.failed + most.socket.failed,
      unit: '',
      atMost: 0,
    },
    { name: 'p99 straight to the server', value: p99.direct, unit: 'ms' },
    { name: 'p99 added by the bare proxy', value: added.bare, unit: 'ms' },
    { name: 'p99 added to pods', value: added.pod, unit: 'ms', atMost: 2 },
    { name: 'p99 added to a socket', value: added.socket, unit: 'ms', atMost: 2 },
    { name: 'memory gained in an hour of traffic', value: slope, unit: 'MiB' },
  ];
}
