// What the end of an analysis does to its Rollout: every row of rollout.md 9.5, and how users go on from there.
import { describe, expect, it } from 'vitest';
import type { AnalysisRun, Metric } from '../../src/api/analysis.ts';
import type { Experiment } from '../../src/api/experiment.ts';
import type { Job } from '../../src/api/kubernetes.ts';
import type { Json, KubeObject } from '../../src/api/object.ts';
import { ROLLOUTS } from '../../src/api/resources.ts';
import type { RolloutStatus } from '../../src/api/rollout.ts';
import type { Transport } from '../../src/lib/ports.ts';
import { json, text } from '../support/scripted-server.ts';
import { isHealthy, isPaused, type Strategy, type Web, type WebOptions, withWeb } from './web.ts';

/** What comes of the measurements: good, bad, neither, none; or there are more to come. */
type Says = 'Successful' | 'Failed' | 'Inconclusive' | 'Error' | 'Running';

const VALUES = { Successful: 1, Running: 1, Failed: 0, Inconclusive: 0.5 };

function metrics(state: { says: Says }): Transport {
  return () => {
    if (state.says === 'Error') return Promise.resolve(text(503, ''));
    const result = [0, String(VALUES[state.says])];
    return Promise.resolve(
      json(200, { status: 'success', data: { resultType: 'scalar', result } }),
    );
  };
}

const METRIC: Metric = {
  name: 'rate',
  successCondition: 'result == 1',
  failureCondition: 'result == 0',
  consecutiveErrorLimit: 0,
  provider: { prometheus: { address: 'http://metrics:9090', query: 'q' } },
};

function template(name = 'check', metric: Partial<Metric> = {}): KubeObject & { spec: object } {
  return {
    apiVersion: 'argoproj.io/v1alpha1',
    kind: 'AnalysisTemplate',
    metadata: { name, namespace: 'default' },
    spec: { metrics: [{ ...METRIC, ...metric }] },
  };
}

const CHECK = { templates: [{ templateName: 'check' }] };
const CAUSES: Readonly<Record<string, string>> = {
  Failed:
    'RolloutAborted: Rollout aborted update to revision 2: Metric "rate" assessed Failed due to failed (1) > failureLimit (0)',
  Error:
    'RolloutAborted: Rollout aborted update to revision 2: Metric "rate" assessed Error due to consecutiveErrors (1) > ' +
    'consecutiveErrorLimit (0): "Error Message: server_error: server error: 503"',
};

interface Story extends Partial<WebOptions> {
  readonly strategy: Strategy;
  readonly says: Says;
}

/** Healthy at v1, then updated to v2, a minute later. */
function updated(
  { says, ...options }: Story,
  story: (web: Web, state: { says: Says }) => Promise<void>,
): Promise<void> {
  const state = { says };
  const going = says === 'Running' ? { interval: '10s', count: 100 } : {};
  const objects = options.objects ?? [template('check', going)];
  return withWeb({ replicas: 4, ...options, objects, metrics: metrics(state) }, async (web) => {
    await web.until('healthy', isHealthy);
    await web.setImage('app:v2');
    await web.seconds(60);
    await story(web, state);
  });
}

async function statusOf(web: Web): Promise<RolloutStatus> {
  return (await web.rollout()).status ?? {};
}

async function summary(web: Web) {
  const { phase, message = null, abort = false, pauseConditions = [] } = await statusOf(web);
  return {
    phase,
    message,
    abort,
    pauses: pauseConditions.map(({ reason }) => reason),
    sizes: web.sizes(),
  };
}

function runsOf({ cluster }: Web): readonly AnalysisRun[] {
  return cluster.sandbox.store.list(
    'argoproj.io/analysisruns',
    'default',
  ) as readonly AnalysisRun[];
}

const phases = (web: Web) => runsOf(web).map(({ status }) => status?.phase ?? '');
const byText = (a: string, b: string) => (a < b ? -1 : 1);

/** The row that a phase is to have, with the sizes of that moment. */
function expected(says: Says, sizes: { readonly held: object; readonly aborted: object }) {
  const common = { abort: false, pauses: [] as readonly string[], message: null as string | null };
  switch (says) {
    case 'Inconclusive':
      return {
        ...common,
        phase: 'Paused',
        message: 'InconclusiveAnalysisRun',
        pauses: ['InconclusiveAnalysisRun'],
        sizes: sizes.held,
      };
    case 'Running':
      return { ...common, phase: 'Progressing', message: expect.any(String), sizes: sizes.held };
    default:
      return {
        ...common,
        phase: 'Degraded',
        abort: true,
        message: CAUSES[says],
        sizes: sizes.aborted,
      };
  }
}

const BAD: readonly Says[] = ['Inconclusive', 'Failed', 'Error', 'Running'];

describe('the analysis of a step', () => {
  const strategy = { canary: { steps: [{ setWeight: 50 }, { analysis: CHECK }] } };
  const sizes = { held: { 'app:v1': 2, 'app:v2': 2 }, aborted: { 'app:v1': 4, 'app:v2': 0 } };

  it('that is Successful completes the step', () =>
    updated({ strategy, says: 'Successful' }, async (web) => {
      expect(await summary(web)).toMatchObject({ phase: 'Healthy', sizes: { 'app:v2': 4 } });
      expect(runsOf(web).map(({ metadata }) => metadata.labels)).toMatchObject([
        { 'rollout-type': 'Step', 'step-index': '1', app: 'web' },
      ]);
    }));

  it.each(BAD)('that is %s', (says) =>
    updated({ strategy, says }, async (web) => {
      expect(await summary(web)).toEqual(expected(says, sizes));
      expect(phases(web)).toEqual([says]);
      expect((await statusOf(web)).canary?.currentStepAnalysisRunStatus).toEqual(
        says === 'Failed' || says === 'Error'
          ? undefined
          : expect.objectContaining({ status: says }),
      );
    }),
  );

  it('that is inconclusive is measured again when the pause is lifted', () =>
    updated({ strategy, says: 'Inconclusive' }, async (web, state) => {
      state.says = 'Successful';
      await clearPause(web);
      await web.until('healthy', isHealthy);
      expect(phases(web)).toEqual(['Inconclusive', 'Successful']);
      const [first, second] = runsOf(web).map(({ metadata }) => metadata.name);
      expect(second).toBe(`${first}.1`);
    }));

  it('that is inconclusive is passed over by promote', () =>
    updated({ strategy, says: 'Inconclusive' }, async (web) => {
      await web.run('promote', 'web');
      await web.until('healthy', isHealthy);
      expect(phases(web)).toEqual(['Inconclusive']);
    }));

  it('that has failed is made again by a retry', () =>
    updated({ strategy, says: 'Failed' }, async (web, state) => {
      state.says = 'Successful';
      await web.run('retry', 'rollout', 'web');
      await web.until('healthy', isHealthy);
      expect(phases(web)).toEqual(['Failed', 'Successful']);
    }));

  it('is ended when its user aborts, with its Job', async () => {
    const container = { name: 'a', image: 'check', command: ['sleep', '900'] };
    const spec = { template: { spec: { restartPolicy: 'Never', containers: [container] } } };
    const objects = [template('check', { provider: { job: { spec } } })];
    await updated({ strategy, says: 'Running', objects }, async (web) => {
      await web.run('abort', 'web');
      await web.seconds(40);
      expect(phases(web)).toEqual(['Inconclusive']);
      const { store } = web.cluster.sandbox;
      expect(store.list('batch/jobs', 'default') as readonly Job[]).toEqual([]);
      expect(await summary(web)).toMatchObject({ phase: 'Degraded', abort: true });
    });
  });

  it('made again right after an abort is one of its own', async () => {
    const container = { name: 'a', image: 'check', command: ['sleep', '900'] };
    const spec = { template: { spec: { restartPolicy: 'Never', containers: [container] } } };
    const objects = [template('check', { provider: { job: { spec } } })];
    await updated({ strategy, says: 'Running', objects }, async (web) => {
      await web.run('abort', 'web');
      await web.run('retry', 'rollout', 'web');
      await web.seconds(60);
      expect(phases(web)).toEqual(['Inconclusive', 'Running']);
      expect(await summary(web)).toMatchObject({ phase: 'Progressing' });
    });
  });
});

describe('an experiment that is ended by an abort', () => {
  const experiment = {
    duration: '5m',
    templates: [{ name: 'canary', specRef: 'canary' as const, replicas: 1 }],
  };
  const strategy = { canary: { steps: [{ setWeight: 50 }, { experiment }] } };

  it('does not let a retry right after it pass', () =>
    updated({ strategy, says: 'Successful' }, async (web) => {
      await web.run('abort', 'web');
      await web.run('retry', 'rollout', 'web');
      await web.seconds(60);
      const { store } = web.cluster.sandbox;
      const experiments = store.list('argoproj.io/experiments', 'default') as readonly Experiment[];
      expect(experiments.map(({ status }) => status?.phase)).toEqual(['Successful', 'Running']);
      expect(await summary(web)).toMatchObject({ phase: 'Progressing', abort: false });
      expect((await statusOf(web)).currentStepIndex).toBe(1);
    }));
});

async function clearPause(web: Web): Promise<void> {
  const ref = { resource: ROLLOUTS, namespace: 'default', name: 'web' };
  const body: Json = { status: { pauseConditions: null } };
  await web.cluster.client.patch(ref, { type: 'merge', body, subresource: 'status' });
}

describe('the analysis in the background', () => {
  const steps = [{ setWeight: 25 }, { pause: { duration: '30s' } }, { setWeight: 50 }];
  const strategy = { canary: { analysis: CHECK, steps: [...steps, { pause: {} }] } };
  const sizes = { held: { 'app:v1': 3, 'app:v2': 1 }, aborted: { 'app:v1': 4, 'app:v2': 0 } };

  it.each(['Successful', 'Running'] as const)('that is %s holds nothing up', (says) =>
    updated({ strategy, says }, async (web) => {
      expect(await summary(web)).toMatchObject({
        pauses: ['CanaryPauseStep'],
        sizes: { 'app:v1': 2, 'app:v2': 2 },
      });
      expect(phases(web)).toEqual([says]);
      expect(runsOf(web)[0]?.metadata.labels?.['rollout-type']).toBe('Background');
    }),
  );

  it.each(['Failed', 'Error'] as const)('that is %s', (says) =>
    updated({ strategy, says }, async (web) => {
      expect(await summary(web)).toEqual(expected(says, sizes));
    }),
  );

  it('that is Inconclusive stops the steps, whatever they wait for', () => {
    // Its verdict comes when the pods of the first step are there.
    const objects = [template('check', { initialDelay: '10s' })];
    return updated({ strategy, says: 'Inconclusive', objects }, async (web) => {
      const { phase, pauses, sizes: now } = await summary(web);
      expect(phase).toBe('Paused');
      expect(pauses).toContain('InconclusiveAnalysisRun');
      expect(now).toEqual(sizes.held);
    });
  });

  it('begins at its starting step and ends with the update', () => {
    const analysis = { ...CHECK, startingStep: 2 };
    const objects = [template('check', { interval: '5s' })];
    const late = { canary: { analysis, steps: [...steps, { pause: { duration: '60s' } }] } };
    return updated({ strategy: late, says: 'Successful', objects }, async (web) => {
      const [run] = runsOf(web);
      const created = Date.parse(run?.metadata.creationTimestamp ?? '');
      // The update was made 60 s ago, and its first step lasts 30 s.
      expect((web.cluster.clock.now() - created) / 1000).toBeCloseTo(30, 0);
      expect(phases(web)).toEqual(['Running']);
      await web.until('healthy', isHealthy);
      await web.seconds(5);
      expect(phases(web)).toEqual(['Successful']);
      expect(runsOf(web)[0]?.status?.message).toBe('Run Terminated');
    });
  });
});

const SERVED = { activeService: 'web-active', previewService: 'web-preview' };

describe('the analysis before a switch', () => {
  const strategy = { blueGreen: { ...SERVED, prePromotionAnalysis: CHECK } };
  const sizes = { held: { 'app:v1': 4, 'app:v2': 4 }, aborted: { 'app:v1': 4, 'app:v2': 0 } };

  it('that is Successful opens the gate', () =>
    updated({ strategy, says: 'Successful' }, async (web) => {
      expect(await web.served('web-active')).toBe('app:v2');
      expect(runsOf(web).map(({ metadata }) => metadata.name)).toEqual([
        expect.stringMatching(/^web-[a-z0-9]+-2-pre$/),
      ]);
    }));

  it.each(BAD)('that is %s keeps it shut', (says) =>
    updated({ strategy, says }, async (web) => {
      expect(await web.served('web-active')).toBe('app:v1');
      expect(await summary(web)).toEqual(expected(says, sizes));
      expect((await statusOf(web)).blueGreen?.prePromotionAnalysisRunStatus).toMatchObject({
        status: says,
      });
    }),
  );
});

describe('the analysis after a switch', () => {
  const strategy = {
    blueGreen: { ...SERVED, postPromotionAnalysis: CHECK, scaleDownDelaySeconds: 5 },
  };
  const both = { 'app:v1': 4, 'app:v2': 4 };

  it('that is Successful lets the old pods go', () =>
    updated({ strategy, says: 'Successful' }, async (web) => {
      expect(await summary(web)).toMatchObject({
        phase: 'Healthy',
        sizes: { 'app:v1': 0, 'app:v2': 4 },
      });
    }));

  it.each(['Inconclusive', 'Running'] as const)('that is %s keeps the old pods', (says) =>
    updated({ strategy, says }, async (web) => {
      expect(await web.served('web-active')).toBe('app:v2');
      expect(await summary(web)).toEqual(expected(says, { held: both, aborted: both }));
    }),
  );

  it.each(['Failed', 'Error'] as const)('that is %s takes production back', (says) =>
    updated({ strategy, says }, async (web) => {
      expect(await web.served('web-active')).toBe('app:v1');
      const { phase, abort, message } = await summary(web);
      expect({ phase, abort, message }).toEqual({
        phase: 'Degraded',
        abort: true,
        message: CAUSES[says],
      });
    }),
  );
});

describe('runs that have ended', () => {
  it('are kept up to the limits of good and of bad ones', async () => {
    const strategy = { canary: { steps: [{ setWeight: 50 }, { analysis: CHECK }] } };
    const analysis = { successfulRunHistoryLimit: 1, unsuccessfulRunHistoryLimit: 2 };
    const options = { strategy, says: 'Failed', spec: { analysis } } as const;
    await updated(options, async (web, state) => {
      for (const tag of ['v3', 'v4', 'v5']) {
        await web.setImage(`app:${tag}`);
        await web.seconds(20);
      }
      expect(phases(web)).toEqual(['Failed', 'Failed']);
      state.says = 'Successful';
      for (const tag of ['v6', 'v7', 'v8']) {
        await web.setImage(`app:${tag}`);
        await web.until('healthy', isHealthy);
      }
      await web.seconds(5);
      expect(phases(web).toSorted(byText)).toEqual(['Failed', 'Failed', 'Successful']);
      const revisions = runsOf(web).map(({ metadata }) => {
        return metadata.annotations?.['rollout.argoproj.io/revision'] ?? '';
      });
      expect(revisions.toSorted(byText)).toEqual(['4', '5', '8']);
    });
  });

  it('are at rest: nothing more is written', () =>
    updated(
      {
        strategy: { canary: { steps: [{ setWeight: 50 }, { analysis: CHECK }] } },
        says: 'Inconclusive',
      },
      async (web) => {
        const before = web.writes.length;
        await web.seconds(300);
        expect(web.writes.length).toBe(before);
        expect(isPaused(await web.rollout())).toBe(true);
      },
    ));
});
