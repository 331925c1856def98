// A rollout whose analysis has no data says why: beside `get rollout`, and as an Event.
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import type { KubeObject } from '../../src/api/object.ts';
import { parseYaml } from '../../src/lib/yaml.ts';
import { type Cluster, startCluster } from '../support/cluster.ts';
import { runPlugin } from '../support/command-line.ts';
import { post } from '../support/objects.ts';

const DOCUMENT = readFileSync(
  new URL(
    '../../examples/mock-server-canary-istio-destinationrule-analysistemplate-experiment.yaml',
    import.meta.url,
  ),
  'utf8',
);

async function measuredOnce(): Promise<Cluster> {
  const cluster = await startCluster();
  const parsed = parseYaml(DOCUMENT);
  if (!parsed.ok) throw new Error(parsed.error);
  for (const object of parsed.documents) {
    await post(cluster.client, 'default', object as KubeObject);
  }
  await cluster.advance(10_000);
  const image = 'mock-server=ghcr.io/ssup2/mock-go-server:2.0.0';
  await runPlugin(cluster, 'default', ['set', 'image', 'mock-server', image]);
  await cluster.advance(40_000);
  return cluster;
}

it('says why measurements had no data, once for each metric', async () => {
  const cluster = await measuredOnce();
  const { out, err } = await runPlugin(cluster, 'default', ['get', 'rollout', 'mock-server']);
  expect(out).not.toContain('had no data');
  const lines = err.split('\n').filter((line) => line !== '');
  expect(lines.map((line) => line.split(' had no data at ')[0])).toEqual(
    ['baseline', 'canary'].map(
      (name) =>
        `AnalysisRun mock-server-789cf554d9-2-0-baseline-canary-comparison: metric "${name}-success-rate"`,
    ),
  );
  const events = cluster.sandbox.store
    .list('/events', 'default')
    .map((event) => event as KubeObject & { readonly reason?: string; readonly message?: string })
    .filter(({ reason }) => reason === 'MetricNoData');
  expect(events).toHaveLength(2);
  expect(events[0]?.message).toContain(
    'there is no series istio_requests_total; query: scalar( sum',
  );
  await cluster.stop();
});
