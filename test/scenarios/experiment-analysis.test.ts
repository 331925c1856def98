// What analyses do to their Experiment: the rows and consequences of experiment.md 6 and 7.
import { afterEach, describe, expect, it } from 'vitest';
import type { AnalysisRun, AnalysisTemplateSpec, Metric } from '../../src/api/analysis.ts';
import type { Experiment, ExperimentSpec } from '../../src/api/experiment.ts';
import type { ReplicaSet } from '../../src/api/kubernetes.ts';
import { EXPERIMENTS } from '../../src/api/resources.ts';
import { type Cluster, startCluster } from '../support/cluster.ts';
import { post } from '../support/objects.ts';
import { json, text } from '../support/scripted-server.ts';

const REF = { resource: EXPERIMENTS, namespace: 'default', name: 'try' };

let cluster: Cluster | undefined;
afterEach(async () => {
  await cluster?.stop();
  cluster = undefined;
});

/** The query of a metric is what the metric source answers: a number, or nothing. */
function metric(answer: string, more: Partial<Metric> = {}): Metric {
  return {
    name: 'rate',
    successCondition: 'result == 1',
    failureCondition: 'result == 0',
    consecutiveErrorLimit: 0,
    provider: { prometheus: { address: 'http://metrics:9090', query: answer } },
    ...more,
  };
}

const TEMPLATES: Readonly<Record<string, AnalysisTemplateSpec>> = {
  good: { metrics: [metric('1')] },
  bad: { metrics: [metric('0')] },
  unclear: { metrics: [metric('0.5')] },
  broken: { metrics: [metric('down')] },
  endless: { metrics: [metric('1', { interval: '10s' })] },
  // Five measurements: 40 s.
  slow: { metrics: [metric('1', { interval: '10s', count: 5 })] },
  turns: { metrics: [metric('1', { interval: '10s', count: 3, initialDelay: '50s' })] },
  asking: {
    args: [
      { name: 'hash' },
      { name: 'set' },
      { name: 'from' },
      { name: 'to' },
      { name: 'own', value: 'default' },
    ],
    metrics: [metric('1')],
  },
};

const LABELS = { app: 'try' };
const POD = {
  metadata: { labels: LABELS },
  spec: { containers: [{ name: 'app', image: 'app:v1', ports: [{ containerPort: 80 }] }] },
};

type Analyses = NonNullable<ExperimentSpec['analyses']>;

function analysis(name: string, more: Partial<Analyses[number]> = {}): Analyses[number] {
  return { name, templateName: name, ...more };
}

const required = (name: string) => analysis(name, { requiredForCompletion: true });

async function tried(spec: Partial<ExperimentSpec>) {
  const started = await startCluster({
    metrics: (request) => {
      const form = new URLSearchParams(new TextDecoder().decode(request.body));
      const answer = form.get('query') ?? '';
      if (answer === 'down') return Promise.resolve(text(503, ''));
      const data = { resultType: 'scalar', result: [0, answer] };
      return Promise.resolve(json(200, { status: 'success', data }));
    },
  });
  cluster = started;
  for (const [name, template] of Object.entries(TEMPLATES)) {
    await post(started.client, 'default', {
      apiVersion: 'argoproj.io/v1alpha1',
      kind: 'AnalysisTemplate',
      metadata: { name, namespace: 'default' },
      spec: template,
    } as never);
  }
  const template = { name: 'canary', selector: { matchLabels: LABELS }, template: POD };
  await post(started.client, 'default', {
    apiVersion: 'argoproj.io/v1alpha1',
    kind: 'Experiment',
    metadata: { name: 'try', namespace: 'default' },
    spec: { templates: [template], ...spec },
  } as Experiment);
  return viewOf(started);
}

function viewOf(started: Cluster) {
  const { client, sandbox } = started;
  const { store } = sandbox;
  const experiment = () => client.get<Experiment>(REF);
  const runs = () => store.list('argoproj.io/analysisruns', 'default') as readonly AnalysisRun[];
  return {
    client,
    runs,
    after: (seconds: number) => started.advance(seconds * 1000),
    experiment,
    phase: async () => (await experiment()).status?.phase,
    message: async () => (await experiment()).status?.message,
    /** By run: its own phase, and what the Experiment says of it. */
    phases: async () => {
      const entries = (await experiment()).status?.analysisRuns ?? [];
      return Object.fromEntries(
        entries.map(({ name, phase, analysisRun }) => {
          const run = runs().find(({ metadata }) => metadata.name === analysisRun);
          return [name, `${run?.status?.phase ?? 'none'} as ${phase}`];
        }),
      );
    },
    replicas: () => {
      const sets = store.list('apps/replicasets', 'default') as readonly ReplicaSet[];
      return sets.map((set) => set.spec.replicas ?? 0);
    },
    terminate: async () => {
      await client.patch(REF, { type: 'merge', body: { spec: { terminate: true } } });
    },
  };
}

describe('the analyses of an experiment', () => {
  it('begin once its pods are there', async () => {
    const { after, runs, phases } = await tried({ duration: '5m', analyses: [analysis('good')] });
    await after(0.2);
    expect(runs()).toEqual([]);
    expect(await phases()).toEqual({ good: 'none as ' });
    await after(5);
    expect(runs().map(({ metadata }) => metadata.name)).toEqual(['try-good']);
  });

  it('need their templates before any pod is there', async () => {
    const { after, phase, message, runs } = await tried({ analyses: [analysis('none')] });
    await after(0.2);
    expect(await phase()).toBe('Error');
    expect(await message()).toBe(
      `AnalysisTemplate verification failed for analysis 'none': analysistemplate.argoproj.io "none" not found`,
    );
    expect(runs()).toEqual([]);
  });

  it('are told what the experiment knows; a value from elsewhere is left to the template', async () => {
    const args = [
      { name: 'hash', value: '{{templates.canary.podTemplateHash}}' },
      { name: 'set', value: '{{ templates.canary.replicaset.name }}' },
      { name: 'from', value: '{{experiment.availableAt}}' },
      { name: 'to', value: '{{experiment.finishedAt}}' },
      { name: 'own', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } },
    ];
    const analyses = [analysis('asking', { args })];
    const { after, runs, experiment } = await tried({ duration: '5m', analyses });
    await after(5);
    const { availableAt = '' } = (await experiment()).status ?? {};
    const values = Object.fromEntries(
      (runs()[0]?.spec.args ?? []).map(({ name, value }) => [name, value]),
    );
    expect(values).toEqual({
      hash: expect.stringMatching(/^[a-z0-9]+$/),
      set: 'try-canary',
      from: availableAt,
      to: new Date(Date.parse(availableAt) + 300_000).toISOString().replace('.000', ''),
      own: 'default',
    });
  });

  it('an argument that makes no sense is an error', async () => {
    const args = [{ name: 'hash', value: '{{templates.other.podTemplateHash}}' }];
    const { after, message } = await tried({ analyses: [analysis('asking', { args })] });
    await after(5);
    expect(await message()).toBe(
      `Failed to create AnalysisRun for analysis 'asking': failed to resolve {{templates.other.podTemplateHash}}`,
    );
  });

  it('share the rules and the metadata of the experiment', async () => {
    const { after, phase, runs } = await tried({
      duration: '30s',
      analyses: [analysis('bad'), analysis('good')],
      dryRun: [{ metricName: 'rate' }],
      measurementRetention: [{ metricName: '.*', limit: 3 }],
      analysisRunMetadata: { labels: { team: 'a' }, annotations: { note: 'b' } },
    });
    await after(60);
    expect(await phase()).toBe('Successful');
    for (const { spec, metadata, status } of runs()) {
      expect(spec).toMatchObject({
        dryRun: [{ metricName: 'rate' }],
        measurementRetention: [{ metricName: '.*', limit: 3 }],
      });
      expect(metadata).toMatchObject({ labels: { team: 'a' }, annotations: { note: 'b' } });
      expect(status).toMatchObject({ phase: 'Successful', dryRunSummary: { count: 1 } });
    }
  });
});

describe('an experiment', () => {
  it.each([
    { name: 'bad', phase: 'Failed', message: 'Metric "rate" assessed Failed due to failed (1)' },
    { name: 'broken', phase: 'Error', message: 'assessed Error due to consecutiveErrors (1)' },
    { name: 'unclear', phase: 'Inconclusive', message: 'assessed Inconclusive due to' },
  ])('is $phase with its analysis, and ends the others', async ({ name, phase, message }) => {
    const view = await tried({ duration: '10m', analyses: [analysis(name), analysis('endless')] });
    await view.after(40);
    expect(await view.phase()).toBe(phase);
    expect(await view.message()).toContain(message);
    const ends = view.runs().map((run) => [run.metadata.name, run.status?.phase]);
    expect(Object.fromEntries(ends)).toEqual({
      [`try-${name}`]: phase,
      'try-endless': 'Successful',
    });
    await view.after(40);
    expect(view.replicas()).toEqual([0]);
  });

  it('ends early with the success of all required analyses', async () => {
    const view = await tried({ duration: '10m', analyses: [required('good'), required('slow')] });
    await view.after(30);
    expect(await view.phase()).toBe('Running');
    await view.after(30);
    expect(await view.phase()).toBe('Successful');
    expect(await view.message()).toBe('Required AnalysisRuns completed');
  });

  it('ends though another analysis would never end (observed-defects 3)', async () => {
    const view = await tried({
      duration: '10m',
      analyses: [required('good'), analysis('endless')],
    });
    await view.after(60);
    expect(await view.phase()).toBe('Successful');
    expect(await view.phases()).toMatchObject({ good: 'Successful as Successful' });
    expect(view.runs().map(({ status }) => status?.phase)).toEqual(['Successful', 'Successful']);
    await view.after(40);
    expect(view.replicas()).toEqual([0]);
  });

  it('waits with its pods gone for what a required analysis says', async () => {
    const view = await tried({
      duration: '10s',
      scaleDownDelaySeconds: 0,
      analyses: [required('slow')],
    });
    await view.after(25);
    expect(await view.phase()).toBe('Running');
    expect(view.replicas()).toEqual([0]);
    await view.after(30);
    expect(await view.phase()).toBe('Successful');
  });

  it('ends with its duration, and an analysis that it does not need with it', async () => {
    const view = await tried({ duration: '15s', analyses: [analysis('endless')] });
    await view.after(25);
    expect(await view.phase()).toBe('Successful');
    expect(view.runs()[0]?.status).toMatchObject({
      phase: 'Successful',
      message: 'Run Terminated',
    });
  });

  it('has no end without duration and required analyses', async () => {
    const view = await tried({ analyses: [analysis('good')] });
    await view.after(600);
    expect(await view.phase()).toBe('Running');
    await view.terminate();
    await view.after(5);
    expect(await view.phase()).toBe('Successful');
  });

  it('ends when it is told to, before its required analyses are through', async () => {
    const view = await tried({ duration: '10m', analyses: [required('slow'), required('turns')] });
    await view.after(10);
    await view.terminate();
    await view.after(60);
    expect(await view.phase()).toBe('Successful');
    expect(await view.phases()).toEqual({
      slow: 'Successful as Successful',
      turns: 'Successful as Successful',
    });
    expect(view.replicas()).toEqual([0]);
  });
});
