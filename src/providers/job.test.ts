import { describe, expect, it } from 'vitest';
import { type Answer, json, refusal, scriptedServer } from '../../test/support/scripted-server.ts';
import { idle } from '../../test/support/cluster.ts';
import type { Job } from '../api/kubernetes.ts';
import { createClient } from '../kube/client.ts';
import { utf8Text } from '../lib/bytes.ts';
import { cancellation } from '../lib/clock.ts';
import { type HttpRequest, TransportError } from '../lib/ports.ts';
import { formatInstant, instant, later, seconds } from '../lib/time.ts';
import { VirtualClock } from '../lib/virtual-clock.ts';
import type { JobPlace } from './cluster.ts';
import { jobName, measureJob, nextLook } from './job.ts';
import type { Taking } from './provider.ts';

const NOW = instant(Date.UTC(2026, 0, 1));
const RUN = { namespace: 'shop', name: 'check', uid: 'u-1' };
const TAKING: Taking = { action: 'run', metricName: 'script', run: RUN, number: 3, keep: 10 };
const IN_FLIGHT: Taking = {
  ...TAKING,
  action: 'resume',
  measurement: {
    phase: 'Running',
    startedAt: formatInstant(NOW),
    metadata: { 'job-name': 'u-1.script.3', 'job-namespace': 'shop' },
  },
};
const SETTINGS = { spec: { template: { spec: { containers: [{ name: 'a', image: 'b' }] } } } };

interface Setting {
  readonly taking?: Partial<Taking>;
  readonly place?: Partial<JobPlace>;
  readonly at?: number;
}

/** What comes of the measurement when the API server gives these answers in turn. */
async function measured(answers: readonly Answer[], { taking, place, at = 0 }: Setting = {}) {
  const clock = new VirtualClock({ start: later(NOW, seconds(at)), idle });
  const server = scriptedServer(() => clock.now(), refusal(404, 'NotFound'));
  server.next(...answers);
  const client = createClient({ transport: server.transport });
  const ports = {
    clock,
    env: () => undefined,
    connect: () => server.transport,
    jobs: { client, isElsewhere: false, ...place },
  };
  const result = await measureJob(ports, SETTINGS, {
    taking: { ...TAKING, ...taking },
    cancel: cancellation().cancel,
  });
  const asked = server.asked.map(({ request }) => request);
  return {
    ...result,
    asked: asked.map(({ method, path }) => `${method} ${path}`),
    requests: asked,
  };
}

const created = (request: HttpRequest) => json(201, bodyOf(request));
const bodyOf = ({ body }: HttpRequest) => JSON.parse(utf8Text(body ?? new Uint8Array())) as Job;

function existing(metadata: Partial<Job['metadata']>, status?: Job['status']) {
  const name = 'u-1.script.3';
  return json(200, { kind: 'Job', metadata: { name, namespace: 'shop', ...metadata }, status });
}

const OWN: Partial<Job['metadata']> = {
  ownerReferences: [
    {
      apiVersion: 'argoproj.io/v1alpha1',
      kind: 'AnalysisRun',
      name: 'check',
      uid: 'u-1',
      controller: true,
    },
  ],
};

describe('a Job is created', () => {
  it('where and as the settings say', async () => {
    const { asked, requests, ...outcome } = await measured([created]);
    expect(asked).toEqual(['POST /apis/batch/v1/namespaces/shop/jobs']);
    expect(bodyOf(requests[0] as HttpRequest).metadata.ownerReferences).toHaveLength(1);
    expect(outcome).toEqual({
      startedAt: NOW,
      phase: 'Running',
      metadata: { 'job-name': 'u-1.script.3', 'job-namespace': 'shop' },
      resumeAt: NOW,
    });
  });

  it.each([
    { place: { namespace: 'jobs' }, reason: 'in another namespace' },
    { place: { isElsewhere: true }, reason: 'in another cluster' },
  ])('without an owner $reason', async ({ place }) => {
    const { requests } = await measured([created], { place });
    const { metadata } = bodyOf(requests[0] as HttpRequest);
    expect(metadata.ownerReferences).toBeUndefined();
    expect(metadata.labels).toMatchObject({ 'analysisrun.argoproj.io/uid': 'u-1' });
  });

  it.each([
    { metadata: OWN, reason: 'by its owner' },
    { metadata: { labels: { 'analysisrun.argoproj.io/uid': 'u-1' } }, reason: 'by its label' },
  ])('unless it is there already, known $reason', async ({ metadata }) => {
    const answers = [refusal(409, 'AlreadyExists'), existing(metadata)];
    const { phase, asked } = await measured(answers);
    expect(phase).toBe('Running');
    expect(asked[1]).toBe('GET /apis/batch/v1/namespaces/shop/jobs/u-1.script.3');
  });

  it.each([
    {
      reason: 'another’s Job has its name',
      answers: [refusal(409, 'AlreadyExists'), existing({})],
      error: 'the script says AlreadyExists',
    },
    {
      reason: 'another metric’s Job has its name',
      answers: [
        refusal(409, 'AlreadyExists'),
        existing({ ...OWN, annotations: { 'analysisrun.argoproj.io/metric-name': 'scripted' } }),
      ],
      error:
        "job u-1.script.3 is metric scripted's: the names of both metrics are cut to the same; " +
        'give one of them a shorter name',
    },
    {
      reason: 'it is refused',
      answers: [refusal(422, 'Invalid')],
      error: 'the script says Invalid',
    },
    {
      reason: 'a webhook is broken',
      answers: [refusal(500, 'InternalError')],
      error: 'the script says InternalError',
    },
  ])('or it is an error: $reason', async ({ answers, error }) => {
    expect((await measured(answers)).error).toBe(error);
  });

  it.each([
    { reason: 'does not answer', answer: new TransportError('reset', 'gone') },
    { reason: 'is busy', answer: refusal(429, 'TooManyRequests') },
    { reason: 'does not know us for a moment', answer: refusal(401, 'Unauthorized') },
  ])('a server that $reason has said nothing: it is asked again', async ({ answer }) => {
    await expect(measured([answer])).rejects.toThrow(/gone|the script says/);
  });

  it('not without a cluster', async () => {
    const clock = new VirtualClock({ start: NOW, idle });
    const ports = { clock, env: () => undefined, connect: () => () => Promise.reject(new Error()) };
    const { error } = await measureJob(ports, SETTINGS, {
      taking: TAKING,
      cancel: cancellation().cancel,
    });
    expect(error).toBe('a job metric needs a cluster, and this controller was given none');
  });
});

describe('a Job in flight', () => {
  const conditions = (...types: readonly string[]) => ({
    conditions: types.map((type) => ({ type, status: 'True' })),
  });

  it.each([
    { types: ['SuccessCriteriaMet', 'Complete'], phase: 'Successful' },
    { types: ['FailureTarget', 'Failed'], phase: 'Failed' },
    { types: ['Complete', 'Failed'], phase: 'Failed' },
  ])('with the conditions $types is $phase', async ({ types, phase }) => {
    const answers = [existing(OWN, conditions(...types))];
    const outcome = await measured(answers, { taking: IN_FLIGHT, at: 5 });
    expect(outcome).toMatchObject({ phase, startedAt: NOW, finishedAt: later(NOW, seconds(5)) });
  });

  it('is looked at again while no condition has ended it', async () => {
    const answers = [existing(OWN, conditions('FailureTarget')), json(200, { items: [] })];
    const { phase, resumeAt } = await measured(answers, { taking: IN_FLIGHT, at: 8 });
    expect({ phase, resumeAt }).toEqual({ phase: 'Running', resumeAt: later(NOW, seconds(12)) });
  });

  it.each(['ErrImagePull', 'ImagePullBackOff', 'InvalidImageName'])(
    'that cannot start for %s is inconclusive, the init containers included',
    async (reason) => {
      const state = { waiting: { reason, message: 'no such image' } };
      const status = { initContainerStatuses: [{ name: 'init', state }] };
      const pods = json(200, { items: [{ metadata: { name: 'p' }, status }] });
      const { phase, message } = await measured([existing(OWN), pods], { taking: IN_FLIGHT });
      expect(phase).toBe('Inconclusive');
      expect(message).toBe(`Pod p, container init has terminal error (${reason}): no such image\n`);
    },
  );

  it.each(['resume', 'terminate'] as const)(
    'to %s, whose name is lost is an error',
    async (action) => {
      const measurement = { phase: 'Running', metadata: { 'job-name': 'a' } };
      const { error } = await measured([], { taking: { action, measurement } });
      expect(error).toBe('job metadata reference missing');
    },
  );

  it('is deleted with its pods when the run is told to end', async () => {
    const answers = [existing({ ...OWN, uid: 'j-1' }), json(200, {})];
    const taking = { ...IN_FLIGHT, action: 'terminate' as const };
    const { phase, asked, requests } = await measured(answers, { taking });
    expect(phase).toBe('Inconclusive');
    expect(asked[1]).toBe('DELETE /apis/batch/v1/namespaces/shop/jobs/u-1.script.3');
    expect(bodyOf(requests[1] as HttpRequest)).toMatchObject({
      propagationPolicy: 'Foreground',
      preconditions: { uid: 'j-1' },
    });
  });

  it('that is gone has ended', async () => {
    const taking = { ...IN_FLIGHT, action: 'terminate' as const };
    expect(await measured([refusal(404, 'NotFound')], { taking })).toMatchObject({
      phase: 'Inconclusive',
    });
  });

  it('that may not be deleted is an error', async () => {
    const taking = { ...IN_FLIGHT, action: 'terminate' as const };
    const answers = [existing(OWN), refusal(403, 'Forbidden')];
    expect((await measured(answers, { taking })).error).toBe('the script says Forbidden');
  });

  it('of another run is not touched', async () => {
    const taking = { ...TAKING, action: 'sweep' as const };
    const { asked } = await measured([existing({ labels: {} })], { taking });
    expect(asked).toHaveLength(1);
  });
});

describe('finished Jobs', () => {
  const job = (number: number, status: object, metric = 'script') => ({
    metadata: {
      name: `u-1.${metric}.${number}`,
      namespace: 'shop',
      annotations: { 'analysisrun.argoproj.io/metric-name': metric },
    },
    status,
  });
  const DONE = { conditions: [{ type: 'Complete', status: 'True' }] };

  it('beyond the measurements kept are deleted, oldest first; others stay', async () => {
    const items = [
      job(10, {}),
      job(9, DONE),
      job(2, DONE),
      job(1, {}),
      job(1, DONE, 'other'),
      job(8, DONE),
    ];
    const { asked, phase } = await measured([created, json(200, { items }), json(200, {})], {
      taking: { number: 10, keep: 3 },
    });
    expect(phase).toBe('Running');
    expect(asked.slice(1)).toEqual([
      expect.stringMatching(/^GET .*labelSelector=analysisrun\.argoproj\.io%2Fuid%3Du-1/),
      'DELETE /apis/batch/v1/namespaces/shop/jobs/u-1.script.2',
    ]);
  });

  it('are not even looked for while there are few', async () => {
    const { asked } = await measured([created], { taking: { number: 3, keep: 3 } });
    expect(asked).toHaveLength(1);
  });

  it('that cannot be deleted do not spoil the new measurement', async () => {
    const { phase } = await measured([created, refusal(403, 'Forbidden')], {
      taking: { number: 4, keep: 3 },
    });
    expect(phase).toBe('Running');
  });
});

describe('the name of a Job', () => {
  const uid = '0a1b2c3d-0000-4000-8000-000000000000';
  it.each([
    { metricName: 'a', number: 1, name: `${uid}.a.1`, reason: 'run, metric and number' },
    {
      metricName: 'm'.repeat(24),
      number: 1,
      name: `${uid}.${'m'.repeat(24)}.1`,
      reason: '63 characters are not too many',
    },
    {
      metricName: 'm'.repeat(25),
      number: 1,
      name: `${uid}.${'m'.repeat(24)}.1`,
      reason: '64 are',
    },
    {
      metricName: 'm'.repeat(30),
      number: 100,
      name: `${uid}.${'m'.repeat(22)}.100`,
      reason: 'the number stays whole',
    },
    {
      metricName: `${'m'.repeat(23)}-tail`,
      number: 1,
      name: `${uid}.${'m'.repeat(23)}.1`,
      reason: 'it does not end in a dash where it is cut',
    },
  ])('$reason', ({ metricName, number, name }) => {
    expect(jobName({ run: { ...RUN, uid }, metricName, number })).toBe(name);
  });
});

describe('the next look at a Job', () => {
  it.each([
    { elapsed: 0, wait: 1, reason: 'never at the same instant' },
    { elapsed: 8, wait: 4, reason: 'after the root of twice the time' },
    { elapsed: 50, wait: 10, reason: 'after the root of twice the time' },
    { elapsed: 3600, wait: 85, reason: 'in whole seconds' },
    { elapsed: -5, wait: 1, reason: 'soon if the clock has gone back' },
  ])('$elapsed s after its start is in $wait s: $reason', ({ elapsed, wait }) => {
    const now = later(NOW, seconds(elapsed));
    expect(nextLook(NOW, now)).toBe(later(now, seconds(wait)));
  });
});
