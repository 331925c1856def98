// Stories that are told alike on the virtual clock (anywhere.test.ts) and on a real API server (test/cluster): they wait
// for what comes, never for a time to pass.
import { expect } from 'vitest';
import type { KubeObject } from '../../src/api/object.ts';
import { ANALYSIS_RUNS, EXPERIMENTS, JOBS, virtualServices } from '../../src/api/resources.ts';
import type { CanaryStep } from '../../src/api/rollout.ts';
import { SUBSET } from '../sim/kinds.ts';
import { isHealthy, isPaused, type WebAnywhere, type WebOptions } from './web.ts';

export interface Story {
  /** A rule, as tests are named. */
  readonly name: string;
  readonly options: Pick<WebOptions, 'strategy' | 'replicas' | 'objects' | 'spec'>;
  tell(web: WebAnywhere): Promise<void>;
}

const STOP: CanaryStep = { pause: {} };

async function begun(web: WebAnywhere): Promise<void> {
  await web.until('healthy', isHealthy);
  await web.setImage('app:v2');
}

async function paused(web: WebAnywhere, index: number): Promise<void> {
  await web.until(
    `paused at step ${index}`,
    (rollout) => isPaused(rollout) && rollout.status?.currentStepIndex === index,
  );
}

async function healthy(web: WebAnywhere): Promise<void> {
  await web.until(
    'healthy again',
    (rollout) => isHealthy(rollout) && rollout.status?.stableRS === rollout.status?.currentPodHash,
  );
}

interface Routes extends KubeObject {
  readonly spec: {
    readonly http: readonly {
      readonly name?: string;
      readonly route: readonly { readonly weight?: number }[];
    }[];
  };
}

/** Routes of the VirtualService with their weights: `primary 100/0`. */
async function routesOf({ client, namespace }: WebAnywhere): Promise<readonly string[]> {
  const resource = virtualServices('v1beta1');
  const { spec } = await client.get<Routes>({ resource, namespace, name: 'web' });
  return spec.http.map(
    ({ name = '', route }) => `${name} ${route.map(({ weight = 100 }) => weight).join('/')}`,
  );
}

function subset(steps: readonly CanaryStep[], more: object = {}): Story['options'] {
  const { canary } = SUBSET.strategy;
  const trafficRouting = { ...canary?.trafficRouting, ...more };
  return {
    objects: SUBSET.objects,
    replicas: 4,
    strategy: { canary: { ...canary, steps, trafficRouting, scaleDownDelaySeconds: 1 } },
  };
}

const CANARY: Story = {
  name: 'a canary goes by pods from pause to pause, is promoted, and its undo is a revision of its own',
  options: { replicas: 4, strategy: { canary: { steps: [{ setWeight: 25 }, STOP] } } },
  tell: async (web) => {
    await begun(web);
    await paused(web, 1);
    expect(await web.sizes()).toEqual({ 'app:v1': 3, 'app:v2': 1 });
    await web.run('promote', 'web');
    await healthy(web);
    expect(await web.sizes()).toEqual({ 'app:v1': 0, 'app:v2': 4 });
    await web.run('undo', 'web');
    await paused(web, 1);
    expect(await web.sizes()).toEqual({ 'app:v1': 1, 'app:v2': 3 });
    await web.run('promote', 'web', '--full');
    await healthy(web);
    expect(await web.sizes()).toEqual({ 'app:v1': 4, 'app:v2': 0 });
  },
};

const ABORT: Story = {
  name: 'an abort gives everything back to the stable set, a retry begins anew',
  options: subset([{ setWeight: 50 }, STOP]),
  tell: async (web) => {
    await begun(web);
    await paused(web, 1);
    expect(await routesOf(web)).toEqual(['primary 50/50']);
    await web.run('abort', 'web');
    await web.until('degraded', ({ status }) => status?.phase === 'Degraded');
    expect(await routesOf(web)).toEqual(['primary 100/0']);
    expect(await web.told('RolloutAborted')).toHaveLength(1);
    await web.run('retry', 'rollout', 'web');
    await paused(web, 1);
    await web.run('promote', 'web');
    await healthy(web);
    expect(await routesOf(web)).toEqual(['primary 100/0']);
  },
};

const HEADER: Story = {
  name: 'a header route comes and goes with its steps',
  options: subset(
    [
      { setCanaryScale: { replicas: 1 } },
      {
        setHeaderRoute: {
          name: 'by-header',
          match: [{ headerName: 'x-beta', headerValue: { exact: 'yes' } }],
        },
      },
      STOP,
    ],
    { managedRoutes: [{ name: 'by-header' }] },
  ),
  tell: async (web) => {
    await begun(web);
    await paused(web, 2);
    expect(await routesOf(web)).toEqual(['by-header 100', 'primary 100/0']);
    await web.run('promote', 'web');
    await healthy(web);
    expect(await routesOf(web)).toEqual(['primary 100/0']);
  },
};

const BLUE_GREEN: Story = {
  name: 'a blue-green shows its preview, and switches when it is promoted',
  options: {
    strategy: {
      blueGreen: {
        activeService: 'web-active',
        previewService: 'web-preview',
        autoPromotionEnabled: false,
        scaleDownDelaySeconds: 1,
      },
    },
  },
  tell: async (web) => {
    await begun(web);
    await web.until('paused', isPaused);
    expect(await web.served('web-active')).toBe('app:v1');
    expect(await web.served('web-preview')).toBe('app:v2');
    await web.run('promote', 'web');
    await healthy(web);
    expect(await web.served('web-active')).toBe('app:v2');
    await web.until('the old set is gone', ({ status }) => status?.replicas === 2);
    expect(await web.sizes()).toEqual({ 'app:v1': 0, 'app:v2': 2 });
  },
};

const JOB = {
  apiVersion: 'argoproj.io/v1alpha1',
  kind: 'AnalysisTemplate',
  metadata: { name: 'smoke' },
  spec: {
    args: [{ name: 'code' }],
    metrics: [
      {
        name: 'smoke',
        provider: {
          job: {
            spec: {
              backoffLimit: 0,
              template: {
                spec: {
                  restartPolicy: 'Never',
                  containers: [
                    {
                      name: 'main',
                      image: 'check:v1',
                      command: ['sh', '-c', 'exit {{args.code}}'],
                    },
                  ],
                },
              },
            },
          },
        },
      },
    ],
  },
} as KubeObject;

function smoked(code: string): Story['options'] {
  const args = [{ name: 'code', value: code }];
  const analysis = { templates: [{ templateName: 'smoke' }], args };
  const steps = [{ setWeight: 50 }, { analysis }, STOP];
  return { strategy: { canary: { steps } }, objects: [JOB] };
}

async function jobsOf({ client, namespace }: WebAnywhere): Promise<number> {
  return (await client.list(JOBS, { namespace })).items.length;
}

const PASSED: Story = {
  name: 'a Job that ends well lets the canary go on',
  options: smoked('0'),
  tell: async (web) => {
    await begun(web);
    await paused(web, 2);
    expect(await jobsOf(web)).toBe(1);
  },
};

const FAILED: Story = {
  name: 'a Job that fails ends the update',
  options: smoked('3'),
  tell: async (web) => {
    await begun(web);
    await web.until('degraded', ({ status }) => status?.phase === 'Degraded');
    const { status } = await web.rollout();
    expect(status?.abort).toBe(true);
    expect(status?.message).toContain('Metric "smoke" assessed Failed due to failed (1)');
    const runs = await web.client.list(ANALYSIS_RUNS, { namespace: web.namespace });
    expect(runs.items).toHaveLength(1);
  },
};

const EXPERIMENT: Story = {
  name: 'an experiment has its pods and its share while it runs, and leaves nothing behind',
  options: subset([
    {
      experiment: {
        duration: '3s',
        templates: [{ name: 'probe', specRef: 'canary', weight: 10 }],
      },
    },
    STOP,
  ]),
  tell: async (web) => {
    await begun(web);
    await web.until(
      'its share',
      ({ status }) => status?.canary?.weights?.additional?.[0]?.weight === 10,
    );
    expect(await routesOf(web)).toEqual(['primary 90/0/10']);
    await paused(web, 1);
    expect(await routesOf(web)).toEqual(['primary 100/0']);
    const experiments = await web.client.list(EXPERIMENTS, { namespace: web.namespace });
    expect(experiments.items).toMatchObject([{ status: { phase: 'Successful' } }]);
  },
};

export const STORIES: readonly Story[] = [
  CANARY,
  ABORT,
  HEADER,
  BLUE_GREEN,
  PASSED,
  FAILED,
  EXPERIMENT,
];
