// The Job controller: pods until enough have succeeded or too many have failed
// (https://kubernetes.io/docs/concepts/workloads/controllers/job/).
import type { Job, Pod } from '../../api/kubernetes.ts';
import type { Json } from '../../api/object.ts';
import { JOBS, PODS } from '../../api/resources.ts';
import { jsonEqual } from '../../lib/equal.ts';
import { randomSuffix } from '../../lib/random.ts';
import {
  formatInstant,
  type Instant,
  instant,
  later,
  parseInstant,
  seconds,
} from '../../lib/time.ts';
import { controlledBy, controllerOf, refTo, tell, type WorkloadContext } from './context.ts';
import { createLoop, type Loop } from './loop.ts';

const SUFFIX_LENGTH = 5;

export function startJobs(context: WorkloadContext): Loop {
  const { caches, clock, onProblem } = context;
  const loop = createLoop({
    clock,
    look: (namespace, name) => look(context, loop, { namespace, name }),
    onProblem: (key, error) => onProblem(`Job ${key}`, error),
  });
  caches.jobs.onChange(({ after }) => {
    if (after !== undefined) loop.add(after.metadata);
  });
  caches.pods.onChange(({ before, after }) => {
    const pod = after ?? before;
    const owner = pod === undefined ? undefined : controllerOf(pod);
    if (pod === undefined || owner?.kind !== 'Job') return;
    loop.add({ namespace: pod.metadata.namespace ?? '', name: owner.name });
  });
  return loop;
}

function isOver({ status }: Job): boolean {
  return (status?.conditions ?? []).some(
    ({ type, status: value }) => value === 'True' && (type === 'Complete' || type === 'Failed'),
  );
}

async function look(
  context: WorkloadContext,
  loop: Loop,
  key: { readonly namespace: string; readonly name: string },
): Promise<void> {
  const job = context.caches.jobs.get(key.namespace, key.name);
  if (job === undefined || job.metadata.deletionTimestamp !== undefined) return;
  if (isOver(job)) return expire(context, loop, job);
  // The cache may be behind: a second pod for the same work would run it twice.
  const { items } = await context.client.listAll<Pod>(PODS, {
    namespace: key.namespace,
    labelSelector: `batch.kubernetes.io/controller-uid=${job.metadata.uid ?? ''}`,
  });
  const counts = countsOf(job, items);
  const started = counts.isFailed ? 0 : startable(context, loop, { job, items, counts });
  if (counts.isFailed) await stopPods(context, items);
  for (let index = 0; index < started; index += 1) await createPod(context, job);
  await writeStatus(context, job, { ...counts, active: counts.active + started });
}

function countsOf({ spec }: Job, pods: readonly Pod[]): Counts {
  const phase = (wanted: string) => pods.filter((pod) => pod.status?.phase === wanted).length;
  const succeeded = phase('Succeeded');
  const failed = phase('Failed');
  const isFailed = failed > (spec.backoffLimit ?? 6);
  return { active: pods.length - succeeded - failed, succeeded, failed, isFailed };
}

interface Seen {
  readonly job: Job;
  readonly items: readonly Pod[];
  readonly counts: Counts;
}

/** How many pods are to be made now; the Job is looked at again when more may be. */
function startable({ clock }: WorkloadContext, loop: Loop, { job, items, counts }: Seen): number {
  const { parallelism = 1, completions = 1, suspend = false } = job.spec;
  const missing = Math.min(parallelism, completions - counts.succeeded) - counts.active;
  if (suspend || missing <= 0) return 0;
  const due = nextTry(items);
  if (due <= clock.now()) return missing;
  loop.addAt(job.metadata, due);
  return 0;
}

const FIRST_BACK_OFF_SECONDS = 10;
const LONGEST_BACK_OFF_SECONDS = 600;

/** When the next pod may be made: at once, or some time after the last failure, doubled with each. */
function nextTry(pods: readonly Pod[]): Instant {
  const failures = pods.filter(({ status }) => status?.phase === 'Failed');
  const ends = failures.flatMap(({ status }) =>
    (status?.containerStatuses ?? []).flatMap(
      ({ state }) => parseInstant(state?.terminated?.finishedAt ?? '') ?? [],
    ),
  );
  if (ends.length === 0) return instant(0);
  const wait = FIRST_BACK_OFF_SECONDS * 2 ** (failures.length - 1);
  const last = instant(Math.max(...ends));
  return later(last, seconds(Math.min(wait, LONGEST_BACK_OFF_SECONDS)));
}

/** A Job that has failed runs nothing more. */
async function stopPods({ client }: WorkloadContext, pods: readonly Pod[]): Promise<void> {
  for (const pod of pods) {
    const { phase } = pod.status ?? {};
    const isOver = phase === 'Succeeded' || phase === 'Failed';
    if (isOver || pod.metadata.deletionTimestamp !== undefined) continue;
    await client.delete(refTo(PODS, pod), { uid: pod.metadata.uid ?? '' });
  }
}

async function expire({ client, clock }: WorkloadContext, loop: Loop, job: Job): Promise<void> {
  const { ttlSecondsAfterFinished: ttl } = job.spec;
  const ended = job.status?.conditions?.find(({ status }) => status === 'True');
  const at = parseInstant(ended?.lastTransitionTime ?? '');
  if (ttl === undefined || at === undefined) return;
  const due = later(at, seconds(ttl));
  if (clock.now() < due) loop.addAt(job.metadata, due);
  else await client.delete(refTo(JOBS, job), { propagationPolicy: 'Background' });
}

async function createPod(context: WorkloadContext, job: Job): Promise<void> {
  const { namespace = '', name } = job.metadata;
  const { template } = job.spec;
  const podName = `${name}-${randomSuffix(context.random, SUFFIX_LENGTH)}`;
  const pod: Pod = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      ...template.metadata,
      name: podName,
      namespace,
      ownerReferences: [controlledBy(job)],
    },
    spec: template.spec ?? {},
  };
  await context.client.create(PODS, pod);
  const message = `Created pod: ${podName}`;
  tell(context, job, { type: 'Normal', reason: 'SuccessfulCreate', message });
}

interface Counts {
  readonly active: number;
  readonly succeeded: number;
  readonly failed: number;
  readonly isFailed: boolean;
}

interface Ending {
  /** What has been decided, and what is then so. */
  readonly types: readonly [string, string];
  readonly reason: string;
  readonly message: string;
  readonly event: Parameters<typeof tell>[2];
}

const COMPLETE: Ending = {
  types: ['SuccessCriteriaMet', 'Complete'],
  reason: 'CompletionsReached',
  message: 'Reached expected number of succeeded pods',
  event: { type: 'Normal', reason: 'Completed', message: 'Job completed' },
};
const FAILED: Ending = {
  types: ['FailureTarget', 'Failed'],
  reason: 'BackoffLimitExceeded',
  message: 'Job has reached the specified backoff limit',
  event: {
    type: 'Warning',
    reason: 'BackoffLimitExceeded',
    message: 'Job has reached the specified backoff limit',
  },
};

async function writeStatus(
  context: WorkloadContext,
  job: Job,
  { active, succeeded, failed, isFailed }: Counts,
): Promise<void> {
  const { client, clock } = context;
  const now = formatInstant(clock.now());
  const isComplete = succeeded >= (job.spec.completions ?? 1);
  const ending = endingOf(isComplete, isFailed);
  const status: Record<string, Json> = {
    startTime: job.status?.startTime ?? now,
    ...(active > 0 && !isFailed ? { active } : {}),
    ...(succeeded > 0 ? { succeeded } : {}),
    ...(failed > 0 ? { failed } : {}),
    ...(isComplete ? { completionTime: now } : {}),
    ...(ending === undefined ? {} : { conditions: conditionsOf(ending, now) }),
  };
  const before = job.status ?? {};
  if (jsonEqual(before, status)) return;
  const gone = Object.keys(before).filter((name) => !(name in status));
  await client.patch(refTo(JOBS, job), {
    type: 'merge',
    body: { status: { ...Object.fromEntries(gone.map((name) => [name, null])), ...status } },
    subresource: 'status',
  });
  if (ending !== undefined) tell(context, job, ending.event);
}

function endingOf(isComplete: boolean, isFailed: boolean): Ending | undefined {
  if (isFailed) return FAILED;
  return isComplete ? COMPLETE : undefined;
}

function conditionsOf({ types, reason, message }: Ending, now: string): Json {
  return types.map((type) => ({
    type,
    status: 'True',
    reason,
    message,
    lastProbeTime: now,
    lastTransitionTime: now,
  }));
}
