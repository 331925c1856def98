// A Kubernetes Job as a measurement (providers.md 4). Entry point: `measureJob`.
//
// The Job's name follows from run, metric and number, so that one that was created and not yet recorded is found again
// and never made twice. A measurement in flight is looked at ever more seldom.
import type { Metric } from '../api/analysis.ts';
import type { Job, Pod, PodTemplateSpec } from '../api/kubernetes.ts';
import { ROLLOUTS_API_VERSION } from '../api/names.ts';
import type { ObjectRef } from '../api/object.ts';
import { JOBS, PODS } from '../api/resources.ts';
import { unreachable } from '../lib/assert.ts';
import type { Cancel, Instant } from '../lib/ports.ts';
import { instant, later, parseInstant, seconds } from '../lib/time.ts';
import { answered, isRefusal, type JobPlace, type Objects } from './cluster.ts';
import { type Measured, ProviderError, type ProviderPorts, type Taking } from './provider.ts';

type Settings = NonNullable<NonNullable<Metric['provider']>['job']>;

const UID_LABEL = 'analysisrun.argoproj.io/uid';
const RUN_NAME = 'analysisrun.argoproj.io/name';
const RUN_NAMESPACE = 'analysisrun.argoproj.io/namespace';
const METRIC_NAME = 'analysisrun.argoproj.io/metric-name';
const JOB_NAME = 'job-name';
const JOB_NAMESPACE = 'job-namespace';

interface Work {
  readonly place: JobPlace;
  readonly settings: Settings;
  readonly taking: Taking;
  readonly now: Instant;
  readonly cancel: Cancel;
}

/** Begins, looks at or ends the measurement. Throws where the API server did not answer. */
export async function measureJob(
  ports: ProviderPorts,
  settings: Settings,
  { taking, cancel }: { readonly taking: Taking; readonly cancel: Cancel },
): Promise<Measured> {
  const now = ports.clock.now();
  try {
    const { jobs: place } = ports;
    if (place === undefined) {
      throw new ProviderError('a job metric needs a cluster, and this controller was given none');
    }
    return await doneOf({ place, settings, taking, now, cancel });
  } catch (error) {
    if (!(error instanceof ProviderError)) throw error;
    return { startedAt: now, finishedAt: now, error: error.message };
  }
}

function doneOf(work: Work): Promise<Measured> {
  switch (work.taking.action) {
    case 'run':
      return started(work);
    case 'resume':
      return resumed(work);
    case 'terminate':
      return terminated(work);
    case 'sweep':
      return swept(work);
    default:
      return unreachable(work.taking.action);
  }
}

async function started(work: Work): Promise<Measured> {
  const { place, now } = work;
  const job = jobOf(work);
  const { name, namespace = '' } = job.metadata;
  try {
    await answered(place.client.create(JOBS, job));
  } catch (error) {
    const { cause } = error instanceof ProviderError ? error : { cause: undefined };
    if (!isRefusal(cause, 'AlreadyExists')) throw error;
    await adopted(work, refOf(name, namespace), error);
  }
  await collectGarbage(work, job);
  const metadata = { [JOB_NAME]: name, [JOB_NAMESPACE]: namespace };
  return { startedAt: now, phase: 'Running', metadata, resumeAt: now };
}

/** A Job of that name counts as ours if it is this measurement's: made before a crash. Else the refusal stands. */
async function adopted(work: Work, ref: ObjectRef, refusal: unknown): Promise<void> {
  const existing = await answered(work.place.client.get<Job>(ref, work.cancel));
  if (!isOfRun(existing, work)) throw refusal;
  const metric = existing.metadata.annotations?.[METRIC_NAME] ?? work.taking.metricName;
  if (metric === work.taking.metricName) return;
  throw new ProviderError(
    `job ${ref.name} is metric ${metric}'s: the names of both metrics are cut to the same; ` +
      `give one of them a shorter name`,
  );
}

function isOfRun({ metadata }: Job, { taking: { run } }: Work): boolean {
  const owner = metadata.ownerReferences?.find(({ controller }) => controller === true);
  return (owner?.uid ?? metadata.labels?.[UID_LABEL]) === run.uid;
}

const TERMINAL: ReadonlySet<string> = new Set([
  'ErrImagePull',
  'ImagePullBackOff',
  'InvalidImageName',
]);

async function resumed(work: Work): Promise<Measured> {
  const { place, taking, now, cancel } = work;
  const ref = recordedRef(work);
  const startedAt = parseInstant(taking.measurement?.startedAt ?? '') ?? now;
  const job = await answered(place.client.get<Job>(ref, cancel));
  const phase = phaseOf(job);
  if (phase !== undefined) return { startedAt, finishedAt: now, phase };
  const stuck = await unstartable(work, ref);
  if (stuck !== undefined) {
    return { startedAt, finishedAt: now, phase: 'Inconclusive', message: stuck };
  }
  return { startedAt, phase: 'Running', resumeAt: nextLook(startedAt, now) };
}

/**
 * resumeAt = now + sqrt(2 · seconds since the start), a second at least, in whole seconds as it is stored:
 * 8 s after the start in 4 s, 50 s after it in 10 s.
 */
export function nextLook(startedAt: Instant, now: Instant): Instant {
  const elapsed = Math.max(0, now - startedAt) / 1000;
  const due = later(now, seconds(Math.max(1, Math.sqrt(2 * elapsed))));
  return instant(Math.ceil(due / 1000) * 1000);
}

/** The last condition that says so; undefined while it runs. */
function phaseOf({ status }: Job): 'Successful' | 'Failed' | undefined {
  const type = status?.conditions?.findLast(
    (one) => one.type === 'Complete' || one.type === 'Failed',
  )?.type;
  if (type === undefined) return undefined;
  return type === 'Complete' ? 'Successful' : 'Failed';
}

/** Why a pod of the Job will never start; undefined if all may. */
async function unstartable(
  { place, cancel }: Work,
  { name, namespace = '' }: ObjectRef,
): Promise<string | undefined> {
  const labelSelector = `job-name=${name}`;
  const { items } = await answered(
    place.client.listAll<Pod>(PODS, { namespace, labelSelector, cancel }),
  );
  for (const { metadata, status } of items) {
    const containers = [
      ...(status?.initContainerStatuses ?? []),
      ...(status?.containerStatuses ?? []),
    ];
    for (const { name: container, state } of containers) {
      const { reason = '', message = '' } = state?.waiting ?? {};
      if (!TERMINAL.has(reason)) continue;
      return `Pod ${metadata.name}, container ${container} has terminal error (${reason}): ${message}\n`;
    }
  }
  return undefined;
}

async function terminated(work: Work): Promise<Measured> {
  const { taking, now } = work;
  const startedAt = parseInstant(taking.measurement?.startedAt ?? '') ?? now;
  await removed(work, recordedRef(work));
  return { startedAt, finishedAt: now, phase: 'Inconclusive' };
}

/** Ends a Job that was created and never recorded, if there is one. */
async function swept(work: Work): Promise<Measured> {
  const { name, namespace = '' } = jobOf(work).metadata;
  await removed(work, refOf(name, namespace));
  return { startedAt: work.now, finishedAt: work.now, phase: 'Inconclusive' };
}

/** Deletes the Job with its pods. That it is gone already is fine. */
async function removed(work: Work, ref: ObjectRef): Promise<void> {
  const { client } = work.place;
  try {
    const job = await answered(client.get<Job>(ref, work.cancel));
    if (!isOfRun(job, work)) return;
    await answered(deleted(client, job));
  } catch (error) {
    const { cause } = error instanceof ProviderError ? error : { cause: undefined };
    if (!isRefusal(cause, 'NotFound')) throw error;
  }
}

function deleted(client: Objects, { metadata }: Job): Promise<void> {
  const { name, namespace = '', uid = '' } = metadata;
  return client.delete(refOf(name, namespace), { uid, propagationPolicy: 'Foreground' });
}

/** Deletes this metric's oldest finished Jobs, so that there are no more than measurements are kept. */
async function collectGarbage(work: Work, newest: Job): Promise<void> {
  const { place, taking, cancel } = work;
  if (taking.number <= taking.keep) return;
  const { namespace = '' } = newest.metadata;
  try {
    const { items } = await place.client.listAll<Job>(JOBS, {
      namespace,
      labelSelector: `${UID_LABEL}=${taking.run.uid}`,
      cancel,
    });
    const own = items
      .filter(({ metadata }) => metadata.annotations?.[METRIC_NAME] === taking.metricName)
      .toSorted((a, b) => numberOf(a) - numberOf(b));
    const surplus = own.slice(0, Math.max(0, own.length - taking.keep));
    for (const job of surplus) {
      if (phaseOf(job) !== undefined) await deleted(place.client, job);
    }
  } catch (error) {
    // The measurement has begun all the same; what is left now goes with the next one.
    if (!isRefusal(error)) throw error;
  }
}

function numberOf({ metadata }: Job): number {
  return Number(metadata.name.slice(metadata.name.lastIndexOf('.') + 1));
}

function recordedRef({ taking }: Work): ObjectRef {
  const { [JOB_NAME]: name = '', [JOB_NAMESPACE]: namespace = '' } =
    taking.measurement?.metadata ?? {};
  if (name === '' || namespace === '') throw new ProviderError('job metadata reference missing');
  return refOf(name, namespace);
}

function refOf(name: string, namespace: string): ObjectRef {
  return { resource: JOBS, namespace, name };
}

const LONGEST_NAME = 63;

/** `RUNUID.METRIC.N`; what is too long is taken from the metric's name. */
export function jobName({ run, metricName, number }: Omit<Taking, 'action' | 'keep'>): string {
  const room = LONGEST_NAME - `${run.uid}..${number}`.length;
  const metric = metricName.slice(0, Math.max(0, room)).replace(/[^A-Za-z0-9]+$/, '');
  return `${run.uid}.${metricName.length > room ? metric : metricName}.${number}`;
}

interface Labelled {
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
}

function jobOf({ place, settings, taking }: Work): Job {
  const { run, metricName } = taking;
  const given = (settings.metadata ?? {}) as Labelled;
  const spec = (settings.spec ?? {}) as Job['spec'];
  const namespace = place.namespace ?? run.namespace;
  const uid = { [UID_LABEL]: run.uid };
  const owner = {
    apiVersion: ROLLOUTS_API_VERSION,
    kind: 'AnalysisRun',
    name: run.name,
    uid: run.uid,
    controller: true,
    blockOwnerDeletion: true,
  };
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: {
      name: jobName(taking),
      namespace,
      labels: { ...given.labels, ...uid },
      annotations: {
        ...given.annotations,
        [RUN_NAME]: run.name,
        [RUN_NAMESPACE]: run.namespace,
        [METRIC_NAME]: metricName,
      },
      ...(place.isElsewhere || namespace !== run.namespace ? {} : { ownerReferences: [owner] }),
    },
    spec: { ...spec, template: labelled(spec.template, uid) },
  };
}

function labelled(
  template: PodTemplateSpec | undefined,
  uid: Readonly<Record<string, string>>,
): PodTemplateSpec {
  const { metadata } = template ?? {};
  return { ...template, metadata: { ...metadata, labels: { ...metadata?.labels, ...uid } } };
}
