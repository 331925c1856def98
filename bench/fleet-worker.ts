// A sandbox with many rollouts and our controller on it, in a process of its own so that its memory is its own.
// Prints one line of JSON. Started by fleet.ts: `fleet-worker.ts COUNT`.
import { ROLLOUTS } from '../src/api/resources.ts';
import type { Rollout } from '../src/api/rollout.ts';
import { createController } from '../src/controller/controller.ts';
import { SILENT } from '../src/controller/log.ts';
import { systemClock } from '../src/host/clock.ts';
import { createClient } from '../src/kube/client.ts';
import { createEventRecorder } from '../src/kube/events.ts';
import type { Transport } from '../src/lib/ports.ts';
import { seededRandom } from '../src/lib/random.ts';
import { milliseconds } from '../src/lib/time.ts';
import { createSandbox } from '../src/sandbox/sandbox.ts';
import { deploy, isHealthyAt, NAMESPACE, RequestCount, update } from '../test/sim/fleet.ts';

export interface FleetResult {
  readonly createSeconds: number;
  readonly updateSeconds: number;
  readonly requestsPerCreate: number;
  readonly requestsPerUpdate: number;
  readonly eventsPerUpdate: number;
  readonly controllerAndSandboxCpuSeconds: number;
  readonly restMiB: number;
  readonly peakMiB: number;
}

const PATIENCE_MS = 300_000;
const LOOK_MS = 50;

async function main(count: number): Promise<FleetResult> {
  const clock = systemClock;
  const random = seededRandom('fleet');
  const sandbox = createSandbox({
    clock,
    random,
    podStartDelay: milliseconds(50),
    podStopDelay: milliseconds(50),
    onProblem: (what, error) => process.stderr.write(`${what}: ${error.message}\n`),
  });
  await sandbox.start();
  const counts = new RequestCount();
  const transport: Transport = (request) => {
    counts.see(request);
    return sandbox.api(request);
  };
  const client = createClient({ transport, userAgent: 'slipway-controller' });
  const controller = createController({
    client,
    clock,
    random,
    log: SILENT,
    measure: () => Promise.reject(new Error('nothing is measured here')),
    events: createEventRecorder({
      client,
      clock,
      component: 'rollouts-controller',
      onProblem: (error) => process.stderr.write(`event: ${error.message}\n`),
    }),
  });
  await controller.start();
  const names = Array.from({ length: count }, (_, index) => `web-${index}`);

  const watch = new PeakMemory();
  const begun = performance.now();
  for (const name of names) await deploy(sandbox.client, name);
  await healthy(sandbox.client, { count, version: 1 });
  const createSeconds = (performance.now() - begun) / 1000;
  await quiet(counts);
  const created = { requests: counts.total, events: counts.events };
  globalThis.gc?.();
  const restMiB = process.memoryUsage().rss / 2 ** 20;

  const cpuBefore = process.cpuUsage();
  const updated = performance.now();
  await Promise.all(names.map((name) => update(sandbox.client, name, 2)));
  await healthy(sandbox.client, { count, version: 2 });
  const updateSeconds = (performance.now() - updated) / 1000;
  await quiet(counts);
  const cpu = process.cpuUsage(cpuBefore);
  const result = {
    createSeconds,
    updateSeconds,
    requestsPerCreate: created.requests / count,
    requestsPerUpdate: (counts.total - created.requests) / count,
    eventsPerUpdate: (counts.events - created.events) / count,
    controllerAndSandboxCpuSeconds: (cpu.user + cpu.system) / 1e6,
    restMiB,
    peakMiB: watch.stop(),
  };
  await controller.stop();
  await sandbox.stop();
  return result;
}

class PeakMemory {
  #peak = 0;
  readonly #timer = setInterval(() => this.#look(), 100);

  #look(): void {
    this.#peak = Math.max(this.#peak, process.memoryUsage().rss / 2 ** 20);
  }

  stop(): number {
    clearInterval(this.#timer);
    this.#look();
    return this.#peak;
  }
}

type Client = ReturnType<typeof createClient>;

async function pause(ms: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, ms));
}

/** Until all rollouts have that image, its generation observed, and are healthy with one stable set. */
async function healthy(
  client: Client,
  { count, version }: { readonly count: number; readonly version: number },
): Promise<void> {
  const end = performance.now() + PATIENCE_MS;
  for (;;) {
    const { items } = await client.listAll<Rollout>(ROLLOUTS, { namespace: NAMESPACE });
    const done = items.filter((one) => isHealthyAt(one, version));
    if (done.length === count) return;
    if (performance.now() > end) throw new Error(`${done.length} of ${count} became healthy`);
    await pause(LOOK_MS);
  }
}

/** Until the controller has asked nothing for two seconds. */
async function quiet(counts: RequestCount): Promise<void> {
  const end = performance.now() + PATIENCE_MS;
  for (let before = -1; before !== counts.total + counts.events; ) {
    if (performance.now() > end) throw new Error('the controller does not come to rest');
    before = counts.total + counts.events;
    await pause(2000);
  }
}

const result = await main(Number(process.argv[2] ?? '1000'));
process.stdout.write(`${JSON.stringify(result)}\n`);
