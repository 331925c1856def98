// `npm run bench:schema`: what a write of a Rollout costs a real API server with each size of our kinds' definitions.
//
// The same Rollout gets small patches of its status, one after the other, alone on the test cluster. The server counts its
// own processor time. The sizes take turns, so that a machine that grows slower favours neither.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { crds } from '../src/api/crds.ts';
import type { Json } from '../src/api/object.ts';
import { CRDS, NAMESPACES, ROLLOUTS } from '../src/api/resources.ts';
import { systemClock } from '../src/host/clock.ts';
import { createClient, type KubeClient } from '../src/kube/client.ts';
import { sleep } from '../src/lib/clock.ts';
import { milliseconds } from '../src/lib/time.ts';
import { transportOf } from '../test/cluster/control-plane.ts';
import { startTestCluster } from '../test/cluster/test-cluster.ts';
import { post } from '../test/support/objects.ts';
import { benchObjects } from './cluster-objects.ts';
import { median } from './figure.ts';

const FORMS = ['full', 'slim'] as const;
type Form = (typeof FORMS)[number];

const ROUNDS = 3;
const WRITES = 600;
const NAMESPACE = 'bench';
const POLL = milliseconds(1000);
/** Less than this in a second is what an API server takes at rest. */
const IDLE_CPU = 0.1;

/** Processor seconds of the server until now. */
async function cpuOf(client: KubeClient): Promise<number> {
  const { text } = await client.raw('GET', '/metrics');
  return Number(/^process_cpu_seconds_total (\S+)$/m.exec(text)?.[1]);
}

/** New definitions are compiled and published in the background. */
async function untilIdle(client: KubeClient): Promise<void> {
  for (let before = await cpuOf(client), calm = 0; calm < 3; ) {
    await sleep(systemClock, POLL);
    const now = await cpuOf(client);
    // Reading the metrics costs as much as all else at rest.
    calm = now - before < IDLE_CPU ? calm + 1 : 0;
    before = now;
  }
}

async function define(client: KubeClient, form: Form): Promise<number> {
  const definitions = crds(form);
  for (const { metadata, spec } of definitions) {
    const ref = { resource: CRDS, name: metadata.name };
    const body = [{ op: 'replace', path: '/spec', value: spec }] as unknown as Json;
    await client.patch(ref, { type: 'json', body });
  }
  await untilIdle(client);
  return JSON.stringify(definitions.find(({ metadata }) => metadata.name.startsWith('rollouts')))
    .length;
}

/** Milliseconds of the server's processor for each write. */
async function costOf(client: KubeClient, round: number): Promise<number> {
  const ref = { resource: ROLLOUTS, namespace: NAMESPACE, name: 'web' };
  const before = await cpuOf(client);
  for (let index = 0; index < WRITES; index += 1) {
    const body = { status: { message: `write ${index} of round ${round}` } };
    await client.patch(ref, { type: 'merge', subresource: 'status', body });
  }
  return ((await cpuOf(client)) - before) * (1000 / WRITES);
}

async function measure(client: KubeClient): Promise<void> {
  const metadata = { name: NAMESPACE };
  await client.create(NAMESPACES, { apiVersion: 'v1', kind: 'Namespace', metadata });
  const shape = { namespace: NAMESPACE, replicas: 2 };
  for (const object of benchObjects('web', shape)) await post(client, NAMESPACE, object);
  const sizes: Partial<Record<Form, number>> = {};
  const costs: Record<Form, number[]> = { full: [], slim: [] };
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const form of FORMS) {
      sizes[form] = await define(client, form);
      costs[form].push(await costOf(client, round));
    }
  }
  const [full, slim] = [median(costs.full), median(costs.slim)];
  const line = (form: Form, cost: number): string =>
    `${form}: ${Math.round((sizes[form] ?? 0) / 1024)} KiB, ${cost.toFixed(2)} ms of the API server for each write\n`;
  process.stdout.write(line('full', full) + line('slim', slim));
  process.stdout.write(`slim costs ${(slim / full).toFixed(2)} of full\n`);
}

const folder = mkdtempSync(`${tmpdir()}/slipway-bench-`);
const say = (text: string): void => {
  process.stderr.write(`${text}\n`);
};
const cluster = await startTestCluster(folder, say, { isBare: true });
try {
  const reach = await transportOf(cluster.kubeconfig);
  await measure(createClient({ transport: reach.send, userAgent: 'bench' }));
  reach.close();
} finally {
  await cluster.stop();
  rmSync(folder, { recursive: true, force: true });
}
