// What happens to an update on its way (rollout.md 3.9), one test a row.
import { describe, expect, it } from 'vitest';
import type { Experiment } from '../../../src/api/experiment.ts';
import { SCALE_DOWN_DEADLINE } from '../../../src/api/names.ts';
import { HOST } from '../../sim/kinds.ts';
import { CHECK, GATE, GUARD, metricsOf, runsOf, WATCH } from '../check.ts';
import { isHealthy, isPaused, service, type Web, withWeb } from '../web.ts';

const SERVED = { activeService: 'web-active', previewService: 'web-preview' };
const STEPS = [{ setWeight: 50 }, { pause: {} }];
const BASIC = { canary: { steps: STEPS } };

async function updated(web: Web, image = 'app:v2'): Promise<void> {
  await web.until('healthy', isHealthy);
  await web.setImage(image);
  await web.until('paused', isPaused);
}

function sizeOf(web: Web, image: string): number {
  return web.sizes()[image] ?? 0;
}

describe('a third version in the middle of an update', () => {
  it('begins with the first step, and the second goes first where there is no router', async () => {
    await withWeb({ strategy: BASIC, replicas: 4 }, async (web) => {
      await updated(web);
      await web.setImage('app:v3');
      await web.until(
        'v3 is there',
        ({ status }) => isPaused({ status } as never) && sizeOf(web, 'app:v3') > 0,
      );
      expect(web.sizes()).toEqual({ 'app:v1': 2, 'app:v2': 0, 'app:v3': 2 });
      expect((await web.rollout()).status?.currentStepIndex).toBe(1);
    });
  });

  it('ends what judged the second', async () => {
    const strategy = { canary: { steps: STEPS, analysis: GUARD } };
    const options = { strategy, objects: [WATCH], metrics: metricsOf({ value: 1 }) };
    await withWeb(options, async (web) => {
      await updated(web);
      await web.until('judged', () => runsOf(web).length === 1);
      await web.setImage('app:v3');
      await web.seconds(5);
      const [first, second] = runsOf(web).toSorted((a, b) =>
        (a.metadata.creationTimestamp ?? '').localeCompare(b.metadata.creationTimestamp ?? ''),
      );
      expect(first?.spec.terminate).toBe(true);
      expect(second?.spec.terminate).toBeUndefined();
    });
  });
});

describe('other steps', () => {
  it('in the middle of an update begin anew with the same sets', async () => {
    await withWeb({ strategy: BASIC, replicas: 4 }, async (web) => {
      await updated(web);
      const names = web.sets().map(({ metadata }) => metadata.name);
      await web.patch({
        spec: { strategy: { canary: { steps: [{ setWeight: 25 }, { pause: {} }] } } },
      });
      await web.until('at 25 %', () => sizeOf(web, 'app:v2') === 1);
      expect((await web.rollout()).status?.currentStepIndex).toBeLessThanOrEqual(1);
      expect(web.sets().map(({ metadata }) => metadata.name)).toEqual(names);
    });
  });

  it('of a Rollout that is done leave it done', async () => {
    await withWeb({ strategy: BASIC }, async (web) => {
      await web.until('healthy', isHealthy);
      await web.patch({ spec: { strategy: { canary: { steps: [{ pause: {} }] } } } });
      await web.seconds(5);
      expect((await web.rollout()).status).toMatchObject({ phase: 'Healthy', currentStepIndex: 1 });
      expect(web.told('SkipSteps')).toEqual(['Rollback to stable ReplicaSets']);
    });
  });
});

describe('an abort', () => {
  it('of a canary goes back to the first step and stays until it is tried again', async () => {
    const strategy = { canary: { ...HOST.strategy.canary, analysis: GUARD } };
    const options = {
      ...HOST,
      strategy,
      objects: [...HOST.objects, WATCH],
      metrics: metricsOf({ value: 1 }),
    };
    await withWeb(options, async (web) => {
      await updated(web);
      await web.until('judged', () => runsOf(web).length === 1);
      await web.run('abort', 'web');
      await web.seconds(60);
      const { status } = await web.rollout();
      expect(status).toMatchObject({
        abort: true,
        currentStepIndex: 0,
        phase: 'Degraded',
        message: 'RolloutAborted: Rollout aborted update to revision 2',
        canary: { weights: { canary: { weight: 0 }, stable: { weight: 100 } } },
      });
      expect(status?.pauseConditions).toBeUndefined();
      expect(runsOf(web).map(({ spec }) => spec.terminate)).toEqual([true]);
      expect(web.sizes()).toEqual({ 'app:v1': 2, 'app:v2': 0 });
    });
  });

  it('ends with a new template', async () => {
    await withWeb({ strategy: BASIC }, async (web) => {
      await updated(web);
      await web.run('abort', 'web');
      await web.seconds(5);
      await web.setImage('app:v3');
      await web.until('paused', isPaused);
      expect((await web.rollout()).status?.abort).toBeUndefined();
      expect(sizeOf(web, 'app:v3')).toBe(1);
    });
  });

  it('of a blue-green gives production back and takes the preview away after its delay', async () => {
    const blueGreen = { ...SERVED, autoPromotionEnabled: false };
    await withWeb({ strategy: { blueGreen } }, async (web) => {
      await updated(web);
      await web.run('abort', 'web');
      await web.seconds(5);
      expect(await web.served('web-active')).toBe('app:v1');
      expect(await web.served('web-preview')).toBe('app:v2');
      expect(web.sizes()).toEqual({ 'app:v1': 2, 'app:v2': 2 });
      await web.seconds(30);
      expect(web.sizes()).toEqual({ 'app:v1': 2, 'app:v2': 0 });
    });
  });
});

describe('a retry', () => {
  it('begins anew, judges anew and takes the deadline from the set', async () => {
    const verdict = { value: 0 };
    const strategy = {
      canary: { ...HOST.strategy.canary, steps: [{ setWeight: 50 }, { analysis: GATE }] },
    };
    const options = {
      ...HOST,
      strategy,
      objects: [...HOST.objects, CHECK],
      metrics: metricsOf(verdict),
    };
    await withWeb(options, async (web) => {
      await web.until('healthy', isHealthy);
      await web.setImage('app:v2');
      await web.until('aborted', ({ status }) => status?.abort === true);
      await web.seconds(5);
      const hash = (await web.rollout()).status?.currentPodHash ?? '';
      const canary = () => web.sets().find(({ metadata }) => metadata.name.endsWith(hash));
      expect(canary()?.metadata.annotations).toHaveProperty(SCALE_DOWN_DEADLINE);
      verdict.value = 1;
      await web.run('retry', 'rollout', 'web');
      await web.until('healthy', isHealthy);
      expect(canary()?.metadata.annotations).not.toHaveProperty(SCALE_DOWN_DEADLINE);
      expect(runsOf(web)).toHaveLength(2);
      expect(web.sizes()['app:v2']).toBe(2);
    });
  });
});

describe('a promotion', () => {
  it('from a pause completes the pause and nothing else', async () => {
    const steps = [{ setWeight: 25 }, { pause: {} }, { setWeight: 50 }, { pause: {} }];
    await withWeb({ strategy: { canary: { steps } }, replicas: 4 }, async (web) => {
      await updated(web);
      await web.run('promote', 'web');
      await web.until('the next pause', ({ status }) => status?.currentStepIndex === 3);
      await web.seconds(5);
      expect(web.sizes()).toEqual({ 'app:v1': 2, 'app:v2': 2 });
      expect(web.told('RolloutStepCompleted')).toEqual([
        'Rollout step 1/4 completed (setWeight: 25)',
        'Rollout step 2/4 completed (pause)',
        'Rollout step 3/4 completed (setWeight: 50)',
      ]);
    });
  });

  it('in full ends analyses, keeps the weight until all pods are there, and runs no step', async () => {
    const strategy = { canary: { ...HOST.strategy.canary, analysis: GUARD } };
    const objects = [...HOST.objects, WATCH];
    const options = {
      ...HOST,
      strategy,
      objects,
      metrics: metricsOf({ value: 1 }),
      replicas: 5,
      podStartMs: 5000,
    };
    await withWeb(options, async (web) => {
      await updated(web);
      const completed = web.told('RolloutStepCompleted').length;
      await web.run('promote', 'web', '--full');
      await web.seconds(3);
      expect((await web.rollout()).status?.canary?.weights?.canary.weight).toBe(20);
      expect(sizeOf(web, 'app:v2')).toBe(5);
      await web.until('healthy', isHealthy);
      expect(runsOf(web).map(({ spec }) => spec.terminate)).toEqual([true]);
      expect(web.told('RolloutStepCompleted')).toHaveLength(completed);
    });
  });
});

it('a pause by its user keeps the clock of a step’s pause running', async () => {
  const steps = [{ setWeight: 50 }, { pause: { duration: 60 } }];
  await withWeb({ strategy: { canary: { steps } } }, async (web) => {
    await updated(web);
    await web.run('pause', 'web');
    await web.seconds(90);
    expect((await web.rollout()).status?.currentStepIndex).toBe(1);
    await web.patch({ spec: { paused: false } });
    await web.seconds(5);
    expect((await web.rollout()).status?.currentStepIndex).toBe(2);
  });
});

it('an inconclusive experiment asks its user and lets pods be scaled', async () => {
  const verdict = { value: 0.5 };
  const analyses = [{ name: 'judge', templateName: 'check', requiredForCompletion: true }];
  const experiment = { templates: [{ name: 'probe', specRef: 'canary' }], analyses };
  const canary = {
    ...HOST.strategy.canary,
    steps: [{ setWeight: 50 }, { experiment }, { pause: {} }],
  };
  const options = {
    ...HOST,
    strategy: { canary },
    objects: [...HOST.objects, CHECK, service('probe')],
    metrics: metricsOf(verdict),
    replicas: 4,
  };
  await withWeb(options, async (web) => {
    await web.until('healthy', isHealthy);
    await web.setImage('app:v2');
    await web.until('asked', ({ status }) => status?.message === 'InconclusiveExperiment');
    const [trial] = web.cluster.sandbox.store.list(
      'argoproj.io/experiments',
      'default',
    ) as unknown as readonly Experiment[];
    expect(trial?.status?.phase).toBe('Inconclusive');
    await web.patch({ spec: { replicas: 6 } });
    await web.seconds(5);
    expect(web.sizes()).toMatchObject({ 'app:v1': 6, 'app:v2': 3 });
    // Gone on with, the step tries again.
    verdict.value = 1;
    await web.run('promote', 'web');
    await web.until('the last pause', ({ status }) => status?.message === 'CanaryPauseStep');
  });
});
