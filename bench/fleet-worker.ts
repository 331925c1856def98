// A sandbox with many rollouts and our controller on it, in a process of its own so that its memory is its own.
// Prints one line of JSON. Started by fleet.ts: `fleet-worker.ts COUNT`.
import type { KubeObject } from '../src/api/object.ts';
import { ROLLOUTS } from '../src/api/resources.ts';
import type { Rollout } from '../src/api/rollout.ts';
import { createController } from '../src/controller/controller.ts';
import { SILENT } from '../src/controller/log.ts';
import { systemClock } from '../src/host/clock.ts';
import { createClient } from '../src/kube/client.ts';
import { createEventRecorder } from '../src/kube/events.ts';
import type { HttpRequest, Transport } from '../src/lib/ports.ts';
import { seededRandom } from '../src/lib/random.ts';
import { milliseconds } from '../src/lib/time.ts';
import { createSandbox } from '../src/sandbox/sandbox.ts';
import { post } from '../test/support/objects.ts';

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
const NAMESPACE = 'default';
const IMAGE = 'ghcr.io/ssup2/mock-go-server';

class Counts {
  requests = 0;
  events = 0;

  see({ path, method }: HttpRequest): void {
    if (path.includes('watch=true')) return;
    if (/\/events(?:$|[/?])/.test(path) && method !== 'GET') this.events += 1;
    else this.requests += 1;
  }
}

function objectsOf(name: string): readonly KubeObject[] {
  const metadata = { name, namespace: NAMESPACE };
  const rollout = {
    apiVersion: 'argoproj.io/v1alpha1',
    kind: 'Rollout',
    metadata,
    spec: {
      replicas: 2,
      selector: { matchLabels: { app: name } },
      template: {
        metadata: { labels: { app: name } },
        spec: { containers: [{ name: 'web', image: `${IMAGE}:1.0.0` }] },
      },
      strategy: {
        canary: {
          scaleDownDelaySeconds: 1,
          trafficRouting: {
            istio: {
              virtualService: { name, routes: ['primary'] },
              destinationRule: { name, canarySubsetName: 'canary', stableSubsetName: 'stable' },
            },
          },
          steps: [{ setWeight: 20 }, { setWeight: 50 }, { setWeight: 80 }],
        },
      },
    },
  };
  const virtualService = {
    apiVersion: 'networking.istio.io/v1beta1',
    kind: 'VirtualService',
    metadata,
    spec: {
      hosts: [name],
      http: [
        {
          name: 'primary',
          route: [
            { destination: { host: name, subset: 'stable' }, weight: 100 },
            { destination: { host: name, subset: 'canary' }, weight: 0 },
          ],
        },
      ],
    },
  };
  const destinationRule = {
    apiVersion: 'networking.istio.io/v1beta1',
    kind: 'DestinationRule',
    metadata,
    spec: {
      host: name,
      subsets: [
        { name: 'stable', labels: { app: name } },
        { name: 'canary', labels: { app: name } },
      ],
    },
  };
  return [virtualService, destinationRule, rollout];
}

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
  const counts = new Counts();
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
  for (const name of names) {
    for (const object of objectsOf(name)) await post(sandbox.client, NAMESPACE, object);
  }
  await healthy(sandbox.client, { count, tag: '1.0.0' });
  const createSeconds = (performance.now() - begun) / 1000;
  await quiet(counts);
  const created = { ...counts };
  globalThis.gc?.();
  const restMiB = process.memoryUsage().rss / 2 ** 20;

  const cpuBefore = process.cpuUsage();
  const updated = performance.now();
  await Promise.all(names.map((name) => update(sandbox.client, name)));
  await healthy(sandbox.client, { count, tag: '2.0.0' });
  const updateSeconds = (performance.now() - updated) / 1000;
  await quiet(counts);
  const cpu = process.cpuUsage(cpuBefore);
  const result = {
    createSeconds,
    updateSeconds,
    requestsPerCreate: created.requests / count,
    requestsPerUpdate: (counts.requests - created.requests) / count,
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

function update(client: Client, name: string): Promise<unknown> {
  const containers = [{ name: 'web', image: `${IMAGE}:2.0.0` }];
  return client.patch(
    { resource: ROLLOUTS, namespace: NAMESPACE, name },
    { type: 'merge', body: { spec: { template: { spec: { containers } } } } },
  );
}

async function pause(ms: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, ms));
}

/** Until all rollouts have that image, its generation observed, and are healthy with one stable set. */
async function healthy(
  client: Client,
  { count, tag }: { readonly count: number; readonly tag: string },
): Promise<void> {
  const end = performance.now() + PATIENCE_MS;
  for (;;) {
    const { items } = await client.listAll<Rollout>(ROLLOUTS, { namespace: NAMESPACE });
    const done = items.filter(({ spec, status, metadata }) => {
      const image = JSON.stringify(spec.template).includes(`:${tag}`);
      const isSeen = status?.observedGeneration === String(metadata.generation ?? 0);
      return image && isSeen && status?.phase === 'Healthy';
    });
    if (done.length === count) return;
    if (performance.now() > end) throw new Error(`${done.length} of ${count} became healthy`);
    await pause(LOOK_MS);
  }
}

/** Until the controller has asked nothing for two seconds. */
async function quiet(counts: Counts): Promise<void> {
  const end = performance.now() + PATIENCE_MS;
  for (let before = -1; before !== counts.requests + counts.events; ) {
    if (performance.now() > end) throw new Error('the controller does not come to rest');
    before = counts.requests + counts.events;
    await pause(2000);
  }
}

const result = await main(Number(process.argv[2] ?? '1000'));
process.stdout.write(`${JSON.stringify(result)}\n`);
