// The document's server under steady traffic, updated now and then, for hours of a virtual clock, in a process of its own
// so that its memory is its own. Prints one line of JSON. Started by growth.ts: `growth-worker.ts HOURS`.
import { startUsers, type Users } from '../src/cli/story/users.ts';
import { ROLLOUTS } from '../src/api/resources.ts';
import type { Rollout } from '../src/api/rollout.ts';
import { type Cluster, startCluster } from '../test/support/cluster.ts';
import { correctedObjects } from '../test/support/document.ts';
import { post } from '../test/support/objects.ts';

export interface GrowthResult {
  /** Slopes over the last hour and a half, in MiB per hour of the virtual clock. */
  readonly rssSlope: number;
  readonly heapSlope: number;
  readonly rssMiB: number;
  readonly requests: number;
  readonly failed: number;
  readonly updates: number;
  readonly realSeconds: number;
}

interface Sample {
  readonly hours: number;
  readonly rssMiB: number;
  readonly heapMiB: number;
}

const NAME = 'mock-server';
const IMAGE = 'ghcr.io/ssup2/mock-go-server';
const USERS_PER_SECOND = 3;
const HOUR_MS = 3_600_000;
/** An update is promoted in less than six of these minutes. */
const UPDATE_MS = 900_000;
const LOOKS_PER_UPDATE = 5;
/** A whole number of updates. */
const LAST_HOURS = 1.5;

/** The document, with the queries that its metrics can answer. */
async function deploy(cluster: Cluster): Promise<void> {
  for (const object of correctedObjects()) await post(cluster.client, 'default', object);
  await cluster.advance(60_000);
}

const REF = { resource: ROLLOUTS, namespace: 'default', name: NAME };

async function update({ client }: Cluster, tag: string): Promise<void> {
  const path = '/spec/template/spec/containers/0/image';
  const body = [{ op: 'replace', path, value: `${IMAGE}:${tag}` }];
  await client.patch(REF, { type: 'json', body });
}

async function checkHealthy({ client }: Cluster, tag: string): Promise<void> {
  const { spec, status } = await client.get<Rollout>(REF);
  const isNew = JSON.stringify(spec.template).includes(`:${tag}"`);
  if (isNew && status?.phase === 'Healthy') return;
  throw new Error(`${tag} is ${status?.phase ?? 'unseen'}: ${status?.message ?? ''}`);
}

function sampleAt(hours: number): Sample {
  // The kind that also gives back to the system what is free: else it tells how large the heap has once been.
  globalThis.gc?.({ type: 'major', execution: 'sync', flavor: 'last-resort' });
  const { rss, heapUsed, arrayBuffers } = process.memoryUsage();
  return { hours, rssMiB: rss / 2 ** 20, heapMiB: (heapUsed + arrayBuffers) / 2 ** 20 };
}

/** Least squares: by how much `of` grows in an hour. */
function slopeOf(samples: readonly Sample[], of: (sample: Sample) => number): number {
  const mean = (values: readonly number[]) =>
    values.reduce((sum, value) => sum + value, 0) / values.length;
  const middle = { hours: mean(samples.map(({ hours }) => hours)), value: mean(samples.map(of)) };
  let together = 0;
  let alone = 0;
  for (const sample of samples) {
    const hours = sample.hours - middle.hours;
    together += hours * (of(sample) - middle.value);
    alone += hours * hours;
  }
  return together / alone;
}

async function used(cluster: Cluster, users: Users, hours: number): Promise<GrowthResult> {
  const begun = performance.now();
  const samples: Sample[] = [];
  const updates = Math.round((hours * HOUR_MS) / UPDATE_MS);
  for (let number = 1; number <= updates; number += 1) {
    const tag = `1.0.${number}`;
    await update(cluster, tag);
    for (let look = 1; look <= LOOKS_PER_UPDATE; look += 1) {
      await cluster.advance(UPDATE_MS / LOOKS_PER_UPDATE);
      const sample = sampleAt(((number - 1 + look / LOOKS_PER_UPDATE) * UPDATE_MS) / HOUR_MS);
      samples.push(sample);
      if (process.argv.includes('--verbose')) process.stderr.write(`${JSON.stringify(sample)}\n`);
    }
    await checkHealthy(cluster, tag);
  }
  const last = samples.filter((sample) => sample.hours > hours - LAST_HOURS);
  return {
    rssSlope: slopeOf(last, ({ rssMiB }) => rssMiB),
    heapSlope: slopeOf(last, ({ heapMiB }) => heapMiB),
    rssMiB: samples.at(-1)?.rssMiB ?? 0,
    ...users.counts,
    updates,
    realSeconds: (performance.now() - begun) / 1000,
  };
}

const cluster = await startCluster({ seed: 'growth' });
await deploy(cluster);
const users = startUsers({
  clock: cluster.clock,
  mesh: cluster.sandbox.mesh.send,
  host: NAME,
  path: '/status/200',
  perSecond: USERS_PER_SECOND,
});
const result = await used(cluster, users, Number(process.argv[2] ?? '4'));
process.stdout.write(`${JSON.stringify(result)}\n`);
process.exit(0);
