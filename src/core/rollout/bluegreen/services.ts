// The active and the preview Service of a blue-green (rollout.md 6.1, 6.6). Entry points: `readSelectors`,
// `pointPreview`, `switchActive`.
import type { ReplicaSet, Service } from '../../../api/kubernetes.ts';
import { HASH_LABEL } from '../../../api/names.ts';
import { blueGreenOf } from '../limits.ts';
import { isAborted, isHalted, type Pass } from '../pass.ts';
import { point, serviceNamed } from '../services.ts';
import { availableOf, hashOf, isSaturated, setWith } from '../sets.ts';
import { isAnalysed, isFastTracked, isPauseOver, isReady } from './gates.ts';

function selectorOf(service: Service | undefined): string {
  return service?.spec.selector?.[HASH_LABEL] ?? '';
}

function activeOf(pass: Pass): Service | undefined {
  return serviceNamed(pass, blueGreenOf(pass.rollout)?.activeService);
}

function previewOf(pass: Pass): Service | undefined {
  return serviceNamed(pass, blueGreenOf(pass.rollout)?.previewService);
}

/** What the Services name as the pass begins. */
export function readSelectors(pass: Pass): void {
  pass.draft.activeSelector = selectorOf(activeOf(pass));
  pass.draft.previewSelector = selectorOf(previewOf(pass));
}

/** The preview shows the new set from its first pod on. */
export function pointPreview(pass: Pass): void {
  const { sets, draft } = pass;
  const service = previewOf(pass);
  if (service === undefined || sets.newSet === undefined || isHalted(pass)) return;
  const hash = hashOf(sets.newSet);
  point(pass, service, hash);
  draft.previewSelector = hash;
}

/** Gives the production traffic to the set that it is due to, if it is due to another one. */
export function switchActive(pass: Pass): void {
  const { sets, draft } = pass;
  const service = activeOf(pass);
  if (service === undefined) return;
  const target = targetOf(pass);
  if (target === undefined) return;
  point(pass, service, hashOf(target));
  draft.activeSelector = hashOf(setWith(sets, hashOf(target)));
}

function targetOf(pass: Pass): ReplicaSet | undefined {
  const { sets, draft } = pass;
  const current = setWith(sets, draft.activeSelector);
  if (current === undefined) return repairTarget(pass);
  if (isAborted(pass)) return wayBack(pass, current);
  if (isHalted(pass) || !isReady(pass)) return undefined;
  if (!isSaturated(sets.newSet, pass.replicas)) return undefined;
  if (isFastTracked(pass)) return sets.newSet;
  return isPauseOver(pass) && isAnalysed(pass) ? sets.newSet : undefined;
}

/**
 * The Service names none of our sets: it was never ours, or someone took the hash out of its selector. It goes back to
 * the set that it named last, or to the stable one; a set that was not promoted never gets traffic in this way.
 */
function repairTarget(pass: Pass): ReplicaSet | undefined {
  const { sets, stored, replicas } = pass;
  const last = setWith(sets, stored.blueGreen?.activeSelector ?? '');
  if (availableOf(last) > 0) return last;
  if (isHalted(pass)) return undefined;
  return isSaturated(sets.stableSet, replicas) ? sets.stableSet : undefined;
}

/** After an abort production goes back to the stable set, as soon as that one can answer for it (pitfall 2). */
function wayBack(pass: Pass, current: ReplicaSet): ReplicaSet | undefined {
  const { sets, replicas, draft } = pass;
  const { stableSet } = sets;
  if (stableSet === undefined || stableSet === current) return undefined;
  const available = availableOf(stableSet);
  if (available >= replicas || available > availableOf(current)) return stableSet;
  draft.reasons.push({
    code: 'WaitingForPods',
    message: `the active Service goes back once ReplicaSet ${stableSet.metadata.name} has its pods`,
  });
  return undefined;
}
