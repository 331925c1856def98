// Pitfalls of analyses and experiments (rollout.md 12), each named after its symptom.
import { describe, expect, it } from 'vitest';
import { EXPERIMENTS, ROLLOUTS } from '../../../src/api/resources.ts';
import type { BlueGreenStrategy } from '../../../src/api/rollout.ts';
import { TransportError } from '../../../src/lib/ports.ts';
import { isHealthy, isPaused, type Web, type WebOptions, withWeb } from '../web.ts';
import { metricsOf, CHECK, GATE, runsOf } from '../check.ts';

function judged(state: { value: number }, options: WebOptions): WebOptions {
  return { ...options, objects: [CHECK], metrics: metricsOf(state) };
}

function blueGreen(strategy: Partial<BlueGreenStrategy>): WebOptions {
  const services = { activeService: 'web-active', previewService: 'web-preview' };
  return { strategy: { blueGreen: { ...services, ...strategy } } };
}

/** A retry by a client that takes everything away that an abort has left. */
async function retryWhole({ cluster }: Web): Promise<void> {
  const ref = { resource: ROLLOUTS, namespace: 'default', name: 'web' };
  const body = { status: { abort: null, abortedAt: null } };
  await cluster.client.patch(ref, { type: 'merge', body, subresource: 'status' });
}

it('of two analyses that fail in one moment each is told of (pitfall 28)', async () => {
  const canary = { analysis: GATE, steps: [{ analysis: GATE }, { pause: {} }] };
  await withWeb(judged({ value: 0 }, { strategy: { canary } }), async (web) => {
    await web.until('healthy', isHealthy);
    await web.setImage('app:v2');
    await web.until('aborted', ({ status }) => status?.phase === 'Degraded');
    await web.seconds(5);
    expect(runsOf(web).map(({ status }) => status?.phase)).toEqual(['Failed', 'Failed']);
    const ofRuns = web.told('AnalysisRunFailed').filter((text) => text.startsWith('Analysis C'));
    expect(ofRuns).toHaveLength(2);
    const { message } = (await web.rollout()).status ?? {};
    await web.run('abort', 'web');
    await web.seconds(5);
    expect((await web.rollout()).status?.message).toBe(message);
    expect(web.told('RolloutAborted')).toHaveLength(1);
  });
});

it('an analysis that ends after its user has aborted says nothing more (pitfall 28)', async () => {
  const state = { value: 0.5 };
  const interval = { ...CHECK, spec: { metrics: [{ ...metricOf(), interval: '5s', count: 9 }] } };
  const canary = { steps: [{ analysis: GATE }] };
  const options = { ...judged(state, { strategy: { canary } }), objects: [interval] };
  await withWeb(options, async (web) => {
    await web.until('healthy', isHealthy);
    await web.setImage('app:v2');
    await web.until('under way', () => runsOf(web).length === 1);
    await web.run('abort', 'web');
    await web.until('aborted', ({ status }) => status?.phase === 'Degraded');
    const { message } = (await web.rollout()).status ?? {};
    expect(message).toBe('RolloutAborted: Rollout aborted update to revision 2');
    await web.seconds(60);
    expect((await web.rollout()).status?.message).toBe(message);
    expect(runsOf(web).map(({ spec }) => spec.terminate)).toEqual([true]);
  });
});

function metricOf() {
  return { ...CHECK.spec.metrics[0], inconclusiveLimit: 9 };
}

describe('a retry that clears the time of the abort too', () => {
  it('begins the analysis before the switch anew (pitfall 29)', async () => {
    const state = { value: 0 };
    await withWeb(judged(state, blueGreen({ prePromotionAnalysis: GATE })), async (web) => {
      await web.until('healthy', isHealthy);
      await web.setImage('app:v2');
      await web.until('aborted', ({ status }) => status?.phase === 'Degraded');
      await web.seconds(2);
      state.value = 1;
      await retryWhole(web);
      await web.until('healthy', isHealthy);
      expect(runsOf(web).map(({ status }) => status?.phase)).toEqual(['Failed', 'Successful']);
      expect(await web.served('web-active')).toBe('app:v2');
    });
  });

  it('does not go by the analysis that passed before the abort (pitfall 29)', async () => {
    const state = { value: 1 };
    const gates = { prePromotionAnalysis: GATE, autoPromotionEnabled: false };
    await withWeb(judged(state, blueGreen(gates)), async (web) => {
      await web.until('healthy', isHealthy);
      await web.setImage('app:v2');
      await web.until('paused', isPaused);
      await web.run('abort', 'web');
      await web.until('aborted', ({ status }) => status?.phase === 'Degraded');
      await web.seconds(2);
      state.value = 0;
      await retryWhole(web);
      await web.until('aborted again', () => runsOf(web).length === 2);
      await web.until('judged', ({ status }) => status?.phase === 'Degraded');
      expect(await web.served('web-active')).toBe('app:v1');
    });
  });

  it('begins the background analysis anew (pitfall 29)', async () => {
    const state = { value: 0 };
    const canary = { analysis: GATE, steps: [{ setWeight: 50 }, { pause: {} }] };
    await withWeb(judged(state, { strategy: { canary } }), async (web) => {
      await web.until('healthy', isHealthy);
      await web.setImage('app:v2');
      await web.until('aborted', ({ status }) => status?.phase === 'Degraded');
      await web.seconds(2);
      state.value = 1;
      await retryWhole(web);
      await web.until('paused', isPaused);
      expect(runsOf(web).map(({ status }) => status?.phase)).toEqual(['Failed', 'Successful']);
    });
  });
});

it('an analysis whose start was not recorded is neither ended nor begun twice (pitfall 36)', async () => {
  const crash = { isDue: false };
  const canary = { steps: [{ setWeight: 50 }, { analysis: GATE }, { pause: {} }] };
  const options: WebOptions = {
    ...judged({ value: 1 }, { strategy: { canary } }),
    intercept: async (request, next) => {
      const isRun = request.method === 'POST' && request.path.includes('/analysisruns');
      if (isRun) crash.isDue = true;
      if (!crash.isDue || !request.path.endsWith('/rollouts/web/status')) return next(request);
      crash.isDue = false;
      throw new TransportError('reset', 'the controller dies here');
    },
  };
  await withWeb(options, async (web) => {
    await web.until('healthy', isHealthy);
    await web.setImage('app:v2');
    await web.until('begun', () => runsOf(web).length === 1);
    await web.cluster.restart();
    await web.until('paused', isPaused);
    expect(runsOf(web)).toHaveLength(1);
    expect(runsOf(web)[0]?.spec.terminate).toBeUndefined();
    expect((await web.rollout()).status?.currentStepIndex).toBe(2);
  });
});

describe('an experiment that has ended', () => {
  const probe = { templates: [{ name: 'probe', specRef: 'canary' as const }] };
  const names = async ({ cluster }: Web) =>
    (await cluster.client.list(EXPERIMENTS, { namespace: 'default' })).items.length;

  it('is not begun again while its user holds the Rollout (pitfall 40)', async () => {
    const canary = { steps: [{ experiment: { ...probe, duration: '10s' } }, { pause: {} }] };
    await withWeb({ strategy: { canary } }, async (web) => {
      await web.until('healthy', isHealthy);
      await web.setImage('app:v2');
      await web.until('begun', ({ status }) => status?.canary?.currentExperiment !== undefined);
      await web.run('pause', 'web');
      await web.seconds(120);
      expect(await names(web)).toBe(1);
      expect((await web.rollout()).status?.currentStepIndex).toBe(0);
      await web.patch({ spec: { paused: false } });
      await web.until('at the pause', ({ status }) => status?.currentStepIndex === 1);
      expect(await names(web)).toBe(1);
    });
  });

  it('without a verdict is not begun again before a person goes on (pitfall 40)', async () => {
    const analyses = [{ name: 'a', templateName: 'check', requiredForCompletion: true }];
    const canary = { steps: [{ experiment: { ...probe, analyses } }] };
    await withWeb(judged({ value: 0.5 }, { strategy: { canary } }), async (web) => {
      await web.until('healthy', isHealthy);
      await web.setImage('app:v2');
      await web.until('paused', isPaused);
      await web.seconds(120);
      expect((await web.rollout()).status?.message).toBe('InconclusiveExperiment');
      expect(await names(web)).toBe(1);
    });
  });
});
