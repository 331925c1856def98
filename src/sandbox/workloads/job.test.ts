import { describe, expect, it } from 'vitest';
import type { Job, Pod } from '../../api/kubernetes.ts';
import { JOBS, PODS } from '../../api/resources.ts';
import { seededRandom } from '../../lib/random.ts';
import { instant, milliseconds, seconds } from '../../lib/time.ts';
import { VirtualClock } from '../../lib/virtual-clock.ts';
import { createSandbox } from '../sandbox.ts';

async function running(command: readonly string[], backoffLimit: number) {
  const clock = new VirtualClock({
    start: instant(Date.UTC(2026, 0, 1)),
    idle: async () => {
      for (let turn = 0; turn < 8; turn += 1) {
        await new Promise<void>((resolve) => setImmediate(resolve));
      }
    },
  });
  const sandbox = createSandbox({
    clock,
    random: seededRandom('job'),
    podStartDelay: milliseconds(100),
    podStopDelay: milliseconds(100),
    onProblem: (what, error) => {
      throw new Error(`${what}: ${error.message}`);
    },
  });
  const starting = sandbox.start();
  for (let turn = 0; turn < 50; turn += 1) await clock.advance(milliseconds(1));
  await starting;
  const { client } = sandbox;
  const job: Job = {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: { name: 'job', namespace: 'default' },
    spec: {
      backoffLimit,
      template: {
        spec: {
          restartPolicy: 'Never',
          containers: [{ name: 'a', image: 'slipway/shell:builtin', command: [...command] }],
        },
      },
    },
  };
  await client.create(JOBS, job);
  const ref = { resource: JOBS, namespace: 'default', name: 'job' };
  return {
    /** Pods made and conditions met until then. */
    after: async (time: number) => {
      await clock.advance(seconds(time));
      const { items } = await client.list<Pod>(PODS, { labelSelector: 'job-name=job' });
      const { status } = await client.get<Job>(ref);
      const conditions = (status?.conditions ?? []).map(({ type }) => type);
      return { pods: items.length, conditions };
    },
  };
}

describe('a Job', () => {
  it('is complete once its pod has succeeded', async () => {
    const { after } = await running(['true'], 6);
    expect(await after(2)).toEqual({ pods: 1, conditions: ['SuccessCriteriaMet', 'Complete'] });
  });

  it('waits longer after each failure, and fails when there were too many', async () => {
    const { after } = await running(['false'], 2);
    expect(await after(9)).toEqual({ pods: 1, conditions: [] });
    expect(await after(2)).toEqual({ pods: 2, conditions: [] });
    expect(await after(18)).toEqual({ pods: 2, conditions: [] });
    expect(await after(3)).toEqual({ pods: 3, conditions: ['FailureTarget', 'Failed'] });
    expect(await after(600)).toEqual({ pods: 3, conditions: ['FailureTarget', 'Failed'] });
  });
});
