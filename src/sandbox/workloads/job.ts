// The Job controller: pods until enough have succeeded or too many have failed
// (https://kubernetes.io/docs/concepts/workloads/controllers/job/).
import type { Job, Pod } from '../../api/kubernetes.ts';
import type { Json } from '../../api/object.ts';
import { JOBS, PODS } from '../../api/resources.ts';
import { jsonEqual } from '../../lib/equal.ts';
import { randomSuffix } from '../../lib/random.ts';
import { formatInstant, later, parseInstant, seconds } from '../../lib/time.ts';
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
  const phase = (wanted: string) => items.filter((pod) => pod.status?.phase === wanted).length;
  const succeeded = phase('Succeeded');
  const failed = phase('Failed');
  const active = items.length - succeeded - failed;
  const wanted = job.spec.completions ?? 1;
  const isFailed = failed > (job.spec.backoffLimit ?? 6);
  const missing = Math.min(job.spec.parallelism ?? 1, wanted - succeeded) - active;
  const isWorking = job.spec.suspend !== true && !isFailed;
  const started = isWorking ? Math.max(0, missing) : 0;
  for (let index = 0; index < started; index += 1) await createPod(context, job);
  await writeStatus(context, job, { active: active + started, succeeded, failed, isFailed });
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

async function writeStatus(
  { client, clock }: WorkloadContext,
  job: Job,
  { active, succeeded, failed, isFailed }: Counts,
): Promise<void> {
  const now = formatInstant(clock.now());
  const isComplete = succeeded >= (job.spec.completions ?? 1);
  const condition = (type: string, reason: string, message: string) => ({
    conditions: [
      { type, status: 'True', reason, message, lastProbeTime: now, lastTransitionTime: now },
    ],
  });
  const status: Record<string, Json> = {
    startTime: job.status?.startTime ?? now,
    ...(active > 0 && !isFailed ? { active } : {}),
    ...(succeeded > 0 ? { succeeded } : {}),
    ...(failed > 0 ? { failed } : {}),
    ...(isComplete
      ? {
          completionTime: now,
          ...condition(
            'Complete',
            'CompletionsReached',
            'Reached expected number of succeeded pods',
          ),
        }
      : {}),
    ...(isFailed
      ? condition('Failed', 'BackoffLimitExceeded', 'Job has reached the specified backoff limit')
      : {}),
  };
  const before = job.status ?? {};
  if (jsonEqual(before, status)) return;
  const gone = Object.keys(before).filter((name) => !(name in status));
  await client.patch(refTo(JOBS, job), {
    type: 'merge',
    body: { status: { ...Object.fromEntries(gone.map((name) => [name, null])), ...status } },
    subresource: 'status',
  });
}
