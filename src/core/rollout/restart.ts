// Restart of pods: those older than `spec.restartAt` are evicted, as many at a time as availability allows
// (rollout.md 3.10). Entry point: `restartPods`.
import type { Pod } from '../../api/kubernetes.ts';
import { PODS } from '../../api/resources.ts';
import { selectorText } from '../../api/selector.ts';
import { type Instant, later, parseInstant, seconds } from '../../lib/time.ts';
import type { Answer } from '../decision.ts';
import { controllerOf, refOf } from '../ownership.ts';
import { limitsOf } from './limits.ts';
import type { Pass } from './pass.ts';
import { sizeOf } from './sets.ts';

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
  let allowed = canRestart(pass, pods);
  let evicted = 0;
  for (const pod of old) {
    if (allowed <= 0) break;
    if (pod.metadata.deletionTimestamp !== undefined) continue;
    allowed -= 1;
    evicted += 1;
    const { uid = '' } = pod.metadata;
    draft.writes.push({ kind: 'evict', ref: refOf(PODS, pod), uid, events: [] });
  }
  draft.moments.push(later(now, seconds(POLL_SECONDS)));
  return evicted > 0;
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
  const available = pods.filter((pod) => isAvailable(pass, pod)).length;
  return available - (Math.max(replicas, total) - concurrent);
}

function isAvailable({ rollout, now }: Pass, pod: Pod): boolean {
  if (pod.metadata.deletionTimestamp !== undefined) return false;
  const ready = pod.status?.conditions?.find((condition) => condition.type === 'Ready');
  if (ready?.status !== 'True') return false;
  const minReady = rollout.spec.minReadySeconds ?? 0;
  const since = parseInstant(ready.lastTransitionTime ?? '');
  return minReady === 0 || (since !== undefined && later(since, seconds(minReady)) <= now);
}
