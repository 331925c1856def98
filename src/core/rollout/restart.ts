// Restart of pods: those older than `spec.restartAt` are evicted, as many at a time as availability allows
// (rollout.md 3.10). Entry point: `restartPods`.
import type { Pod, ReplicaSet } from '../../api/kubernetes.ts';
import { PODS } from '../../api/resources.ts';
import { selectorText } from '../../api/selector.ts';
import { type Instant, instant, later, parseInstant, seconds } from '../../lib/time.ts';
import type { Answer } from '../decision.ts';
import { controllerOf, refOf } from '../ownership.ts';
import { limitsOf } from './limits.ts';
import type { Pass } from './pass.ts';
import { availableOf, sizeOf } from './sets.ts';

const KEY = 'pods/restart';
const POLL_SECONDS = 30;

/** True: pods were evicted, the pass goes no further. */
export function restartPods(pass: Pass): boolean {
  const { rollout, stored, now, draft, world } = pass;
  const wanted = rollout.spec.restartAt;
  const at = parseInstant(wanted ?? '');
  if (wanted === undefined || at === undefined || wanted === stored.restartedAt) return false;
  if (now <= at) {
    draft.moments.push(later(at, seconds(0.001)));
    return false;
  }
  const answer = world.answers.find(
    (one): one is Extract<Answer, { kind: 'pods' }> => one.kind === 'pods' && one.key === KEY,
  );
  draft.reasons.push({ code: 'RestartingPods', message: `restarting pods older than ${wanted}` });
  if (answer === undefined) {
    const labelSelector = selectorText(rollout.spec.selector);
    draft.asks.push({ kind: 'pods', key: KEY, labelSelector });
    return false;
  }
  const pods = ownPods(pass, answer.pods as readonly Pod[]);
  const old = pods.filter((pod) => isOlder(pod, at));
  if (old.length === 0) {
    draft.restartedAt = wanted;
    return false;
  }
  return evict(pass, old, pods);
}

/** By the time, not by its text: a user may write it with the offset of a place. */
function isOlder({ metadata }: Pod, at: Instant): boolean {
  const created = parseInstant(metadata.creationTimestamp ?? '');
  return created === undefined || created < at;
}

function evict(pass: Pass, old: readonly Pod[], pods: readonly Pod[]): boolean {
  const { draft, now } = pass;
  const allowed = canRestart(pass, pods);
  const staying = old.filter(({ metadata }) => metadata.deletionTimestamp === undefined);
  const evicted = staying.slice(0, Math.max(allowed, 0));
  for (const pod of evicted) {
    const { uid = '' } = pod.metadata;
    draft.writes.push({ kind: 'evict', ref: refOf(PODS, pod), uid, events: [] });
  }
  const areLeaving = staying.length < old.length;
  if (allowed > 0 || areLeaving || !isUpToDate(pass, pods)) {
    draft.moments.push(later(now, seconds(POLL_SECONDS)));
  } else {
    const due = pods.flatMap((pod) => availableAt(pass, pod) ?? []);
    draft.moments.push(...due.filter((at) => at > now));
  }
  return evicted.length > 0;
}

/**
 * Whether `pods` show all that their sets say is available. Then whoever may evict none waits without a clock: the next
 * pod that is available changes the status of its set, and that is seen. Nothing tells of a pod on its way out that it
 * has gone, as its set counts it no more, nor of a disruption budget that it allows again: there one has to look.
 */
function isUpToDate(pass: Pass, pods: readonly Pod[]): boolean {
  return pass.sets.all.every((set) => availableAmong(pass, podsOf(set, pods)) >= availableOf(set));
}

function podsOf({ metadata }: ReplicaSet, pods: readonly Pod[]): readonly Pod[] {
  return pods.filter((pod) => controllerOf(pod)?.uid === metadata.uid);
}

/** Pods of the Rollout's sets: stable first, then new, then the others by age. */
function ownPods({ sets }: Pass, pods: readonly Pod[]): readonly Pod[] {
  const { stableSet, newSet, others } = sets;
  const order = [stableSet, newSet, ...others].flatMap((set) => set?.metadata.uid ?? []);
  const rank = (pod: Pod) => order.indexOf(controllerOf(pod)?.uid ?? '');
  return pods.filter((pod) => rank(pod) >= 0).toSorted((a, b) => rank(a) - rank(b));
}

function canRestart(pass: Pass, pods: readonly Pod[]): number {
  const { sets, rollout, replicas } = pass;
  const total = sets.all.reduce((sum, set) => sum + sizeOf(set), 0);
  const concurrent = Math.max(limitsOf(rollout).maxUnavailable, 1);
  return availableIn(pass, pods) - (Math.max(replicas, total) - concurrent);
}

/** No more of a set than its size: the others are about to go. */
function availableIn(pass: Pass, pods: readonly Pod[]): number {
  return pass.sets.all.reduce((sum, set) => {
    return sum + Math.min(availableAmong(pass, podsOf(set, pods)), sizeOf(set));
  }, 0);
}

function availableAmong(pass: Pass, pods: readonly Pod[]): number {
  return pods.flatMap((pod) => availableAt(pass, pod) ?? []).filter((at) => at <= pass.now).length;
}

/** Since when, or from when on, the pod counts as available if it stays ready; undefined if it does not serve. */
function availableAt({ rollout }: Pass, { metadata, status }: Pod): Instant | undefined {
  if (metadata.deletionTimestamp !== undefined) return undefined;
  const ready = status?.conditions?.find((condition) => condition.type === 'Ready');
  if (ready?.status !== 'True') return undefined;
  const minReady = rollout.spec.minReadySeconds ?? 0;
  // Another machine's clock has written when it became ready: without need it is not looked at.
  if (minReady === 0) return instant(0);
  const since = parseInstant(ready.lastTransitionTime ?? '');
  return since === undefined ? undefined : later(since, seconds(minReady));
}
