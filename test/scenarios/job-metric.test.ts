// Metrics that are Kubernetes Jobs, from creation to garbage: the whole controller on the sandbox (providers.md 4).
import { afterEach, describe, expect, it } from 'vitest';
import type { AnalysisRun, Metric } from '../../src/api/analysis.ts';
import type { Job, Pod } from '../../src/api/kubernetes.ts';
import { ANALYSIS_RUNS, JOBS, PODS } from '../../src/api/resources.ts';
import { type HttpRequest, TransportError } from '../../src/lib/ports.ts';
import { type Cluster, startCluster } from '../support/cluster.ts';
import { post } from '../support/objects.ts';

const RUN = { resource: ANALYSIS_RUNS, namespace: 'default', name: 'check' };

let cluster: Cluster | undefined;
afterEach(async () => {
  await cluster?.stop();
  cluster = undefined;
});

function jobMetric(command: readonly string[], more: Partial<Metric> = {}): Metric {
  const container = { name: 'main', image: 'check:v1', command: [...command] };
  const template = { spec: { restartPolicy: 'Never', containers: [container] } };
  return {
    name: 'script',
    provider: { job: { spec: { backoffLimit: 0, template } } },
    ...more,
  };
}

interface Begin {
  readonly metrics: readonly Metric[];
  readonly spec?: object;
  readonly onRequest?: (request: HttpRequest) => void;
}

async function begun({ metrics, spec = {}, onRequest }: Begin) {
  const started = await startCluster(onRequest === undefined ? {} : { onRequest });
  cluster = started;
  await post(started.client, 'default', {
    apiVersion: 'argoproj.io/v1alpha1',
    kind: 'AnalysisRun',
    metadata: { name: 'check', namespace: 'default' },
    spec: { metrics, ...spec },
  } as AnalysisRun);
  return viewOf(started);
}

function viewOf(started: Cluster) {
  const { client } = started;
  const run = () => client.get<AnalysisRun>(RUN);
  const jobs = async () => (await client.list<Job>(JOBS, { namespace: 'default' })).items;
  return {
    cluster: started,
    after: (seconds: number) => started.advance(seconds * 1000),
    run,
    jobs,
    result: async (name = 'script') =>
      (await run()).status?.metricResults?.find((one) => one.name === name),
    jobNames: async () => {
      const uid = (await run()).metadata.uid ?? '';
      return (await jobs()).map(({ metadata }) => metadata.name.replace(uid, 'UID')).toSorted();
    },
    terminate: () =>
      client
        .patch(RUN, { type: 'merge', body: { spec: { terminate: true } } })
        .then(() => undefined),
  };
}

describe('a job metric', () => {
  it('creates the Job as the run and the metric say', async () => {
    const given = { labels: { team: 'a' }, annotations: { note: 'b' } };
    const metric = jobMetric(['sleep', '30']);
    const provider = { job: { ...metric.provider.job, metadata: given } } as Metric['provider'];
    const { after, run, jobs } = await begun({ metrics: [{ ...metric, provider }] });
    await after(2);
    const { metadata } = await run();
    const [job] = await jobs();
    expect(job?.metadata).toMatchObject({
      name: `${metadata.uid}.script.1`,
      namespace: 'default',
      labels: { team: 'a', 'analysisrun.argoproj.io/uid': metadata.uid },
      annotations: {
        note: 'b',
        'analysisrun.argoproj.io/name': 'check',
        'analysisrun.argoproj.io/namespace': 'default',
        'analysisrun.argoproj.io/metric-name': 'script',
      },
      ownerReferences: [
        { kind: 'AnalysisRun', name: 'check', uid: metadata.uid, controller: true },
      ],
    });
    expect(job?.spec.template.metadata?.labels).toMatchObject({
      'analysisrun.argoproj.io/uid': metadata.uid,
    });
  });

  it.each([
    { reason: 'one that exits 0 is a success', command: ['true'], phase: 'Successful' },
    { reason: 'one that does not is a failure', command: ['false'], phase: 'Failed' },
  ])('$reason', async ({ command, phase }) => {
    const { after, run, result } = await begun({ metrics: [jobMetric(command)] });
    await after(10);
    expect((await run()).status?.phase).toBe(phase);
    const [measurement] = (await result())?.measurements ?? [];
    expect(measurement).toMatchObject({ phase, metadata: { 'job-namespace': 'default' } });
    expect(measurement?.value).toBeUndefined();
    expect(measurement?.resumeAt).toBeUndefined();
  });

  it('a long one is in flight, and looked at ever more seldom', async () => {
    let looks = 0;
    const { after, run, result } = await begun({
      metrics: [jobMetric(['sleep', '200'])],
      onRequest: ({ method, path }) => {
        if (method === 'GET' && path.includes('/jobs/')) looks += 1;
      },
    });
    await after(100);
    expect(await result()).toMatchObject({
      phase: 'Running',
      measurements: [{ phase: 'Running' }],
    });
    expect(looks).toBeLessThan(25);
    const before = looks;
    await after(100);
    expect(looks - before).toBeLessThan(10);
    await after(21);
    expect((await run()).status?.phase).toBe('Successful');
  });

  it('one whose image cannot be had is inconclusive, and stays to be looked at', async () => {
    const image = 'does-not-exist:v1';
    const container = { name: 'main', image, command: ['true'] };
    const template = { spec: { restartPolicy: 'Never', containers: [container] } };
    const metric = jobMetric([], { provider: { job: { spec: { template } } } });
    const { after, run, result, jobNames } = await begun({ metrics: [metric] });
    await after(20);
    expect((await run()).status?.phase).toBe('Inconclusive');
    const [measurement] = (await result())?.measurements ?? [];
    expect(measurement?.message).toMatch(
      /^Pod .*, container main has terminal error \(ErrImagePull\): Failed to pull image .*\n$/,
    );
    expect(await jobNames()).toEqual(['UID.script.1']);
  });

  it('a run that is told to end ends its Jobs and their pods', async () => {
    const view = await begun({ metrics: [jobMetric(['sleep', '600'])] });
    await view.after(5);
    await view.terminate();
    await view.after(40);
    expect((await view.run()).status?.phase).toBe('Inconclusive');
    expect(await view.result()).toMatchObject({
      measurements: [{ phase: 'Inconclusive', message: 'Metric Terminated' }],
    });
    expect(await view.jobs()).toEqual([]);
    const labelSelector = 'analysisrun.argoproj.io/uid';
    const pods = await view.cluster.client.list<Pod>(PODS, { labelSelector });
    expect(pods.items).toEqual([]);
  });

  it('one that somebody deletes is an error, and the next has a name of its own', async () => {
    const metric = jobMetric(['sleep', '60'], { consecutiveErrorLimit: 1 });
    const { after, cluster: at, jobs, result, jobNames } = await begun({ metrics: [metric] });
    await after(3);
    const [job] = await jobs();
    await at.client.delete(
      { resource: JOBS, namespace: 'default', name: job?.metadata.name ?? '' },
      { propagationPolicy: 'Background' },
    );
    await after(25);
    expect(await result()).toMatchObject({
      error: 1,
      measurements: [
        { phase: 'Error', message: `jobs.batch "${job?.metadata.name}" not found` },
        { phase: 'Running' },
      ],
    });
    expect(await jobNames()).toEqual(['UID.script.2']);
  });

  it('keeps as many finished Jobs as measurements, of each metric its own', async () => {
    const { after, run, result, jobNames } = await begun({
      metrics: [
        jobMetric(['true'], { interval: '5s', count: 4 }),
        jobMetric(['true'], { name: 'other' }),
      ],
      spec: { measurementRetention: [{ metricName: 'script', limit: 2 }] },
    });
    await after(60);
    expect((await run()).status?.phase).toBe('Successful');
    expect((await result())?.count).toBe(4);
    expect((await result())?.measurements).toHaveLength(2);
    expect(await jobNames()).toEqual(['UID.other.1', 'UID.script.3', 'UID.script.4']);
  });

  it('a Job that the API server refuses is an error in its words', async () => {
    const template = { spec: { restartPolicy: 'Always', containers: [] } };
    const metric = jobMetric([], { provider: { job: { spec: { template } } } });
    const { after, result } = await begun({ metrics: [metric] });
    await after(1);
    const [measurement] = (await result())?.measurements ?? [];
    expect(measurement?.phase).toBe('Error');
    expect(measurement?.message).toContain('Job.batch "');
    expect(measurement?.message).toContain('is invalid');
  });
});

describe('a controller that dies after it has created a Job and before it has said so', () => {
  /** Dead from the first status that would be written after a Job was created. */
  async function diedInBetween(command: readonly string[]) {
    const state = { created: 0, isDead: false };
    const view = await begun({
      metrics: [jobMetric(command)],
      onRequest: ({ method, path }) => {
        const isJob = method === 'POST' && path.includes('/jobs');
        if (state.created > 0 && method === 'PATCH') state.isDead = true;
        if (state.isDead) throw new TransportError('reset', 'the controller has died');
        if (isJob) state.created += 1;
      },
    });
    await view.after(5);
    expect(state.isDead).toBe(true);
    expect(await view.result()).toBeUndefined();
    expect(await view.jobNames()).toEqual(['UID.script.1']);
    const revived = async () => {
      state.created = -10;
      state.isDead = false;
      await view.cluster.restart();
    };
    return { ...view, revived };
  }

  it('finds the Job again and makes no second one', async () => {
    const view = await diedInBetween(['sleep', '20']);
    await view.revived();
    await view.after(60);
    expect((await view.run()).status?.phase).toBe('Successful');
    expect(await view.result()).toMatchObject({ count: 1, successful: 1 });
    expect(await view.jobNames()).toEqual(['UID.script.1']);
  });

  it('leaves no Job behind if the run was told to end meanwhile', async () => {
    const view = await diedInBetween(['sleep', '600']);
    await view.terminate();
    await view.revived();
    await view.after(40);
    expect((await view.run()).status).toMatchObject({
      phase: 'Successful',
      message: 'Run Terminated',
    });
    expect(await view.jobs()).toEqual([]);
  });
});
