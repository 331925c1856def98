// examples/analysis-web-and-job.yaml: the web address and the Job judge, and a bad canary does not get past them.
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import type { AnalysisRun } from '../../src/api/analysis.ts';
import type { KubeObject } from '../../src/api/object.ts';
import { ROLLOUTS } from '../../src/api/resources.ts';
import type { Rollout } from '../../src/api/rollout.ts';
import { parseYaml } from '../../src/lib/yaml.ts';
import { startCluster } from '../support/cluster.ts';
import { runPlugin } from '../support/command-line.ts';
import { post } from '../support/objects.ts';
import { json } from '../support/scripted-server.ts';
import { passUntil } from './story.ts';

const EXAMPLE = readFileSync(
  new URL('../../examples/analysis-web-and-job.yaml', import.meta.url),
  'utf8',
);
const IMAGE = 'ghcr.io/ssup2/mock-go-server';

/** Phase of the Rollout and of each metric after an update under that state of the gate. */
async function updated(state: string) {
  const asked = new Set<string>();
  const cluster = await startCluster({
    metrics: ({ path }) => {
      asked.add(path);
      const gates = [
        { name: 'baseline', state: 'shut' },
        { name: 'canary', state },
      ];
      return Promise.resolve(json(200, { gates }));
    },
  });
  const parsed = parseYaml(EXAMPLE);
  if (!parsed.ok) throw new Error(parsed.error);
  for (const object of parsed.documents) {
    await post(cluster.client, 'default', object as KubeObject);
  }
  const ref = { resource: ROLLOUTS, namespace: 'default', name: 'web' };
  const until = (phase: string) =>
    passUntil(cluster, phase, async () => {
      const { status } = await cluster.client.get<Rollout>(ref);
      return status?.phase === phase;
    });
  await until('Healthy');
  await runPlugin(cluster, 'default', ['set', 'image', 'web', `app=${IMAGE}:2.0.0`]);
  await cluster.advance(30_000);
  const { status } = await cluster.client.get<Rollout>(ref);
  const runs = cluster.sandbox.store.list('argoproj.io/analysisruns', 'default');
  const [run] = runs as readonly AnalysisRun[];
  const metrics = (run?.status?.metricResults ?? []).map(({ name, phase }) => [name, phase]);
  await cluster.stop();
  return {
    phase: status?.phase,
    metrics: Object.fromEntries(metrics) as Readonly<Record<string, string>>,
    asked: [...asked],
    hash: run?.metadata.labels?.['rollouts-pod-template-hash'],
  };
}

it('an open gate and a smoke test that passes let the canary through', async () => {
  const { phase, metrics, asked, hash } = await updated('open');
  expect({ phase, metrics }).toEqual({
    phase: 'Healthy',
    metrics: { gate: 'Successful', smoke: 'Successful' },
  });
  expect(asked).toEqual([`/state?revision=${hash}`]);
});

it('a gate that is shut keeps it out', async () => {
  const { phase, metrics } = await updated('shut');
  expect({ phase, gate: metrics['gate'] }).toEqual({ phase: 'Degraded', gate: 'Failed' });
});
