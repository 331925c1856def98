// Phase and message of a Rollout as clients tell them, before they trust its status (cli.md 4).
import type { Rollout } from '../api/rollout.ts';
import { phaseOf } from '../core/rollout/phase.ts';

export interface ShownPhase {
  readonly phase: string;
  readonly message: string;
}

/** Whether the controller has seen this generation; what is no number counts as seen. */
function isUnobserved({ metadata, status }: Rollout): boolean {
  const text = status?.observedGeneration ?? '';
  const generation = metadata.generation ?? 0;
  if (!/^[+-]?\d+$/.test(text)) return false;
  return Number(text) < generation;
}

function isWorkloadUnobserved({ metadata, spec, status }: Rollout): boolean {
  const wanted = metadata.annotations?.['rollout.argoproj.io/workload-generation'];
  const seen = status?.workloadObservedGeneration ?? '';
  return (
    spec.workloadRef !== undefined && wanted !== undefined && /^\d+$/.test(seen) && seen !== wanted
  );
}

export function shownPhase(rollout: Rollout): ShownPhase {
  const { status } = rollout;
  const progressing = (message: string) => ({ phase: 'Progressing', message });
  if (isUnobserved(rollout)) return progressing('waiting for rollout spec update to be observed');
  if (status?.controllerPause === true && (status.pauseConditions ?? []).length === 0) {
    return progressing('waiting for rollout to unpause');
  }
  if (isWorkloadUnobserved(rollout)) {
    return progressing('waiting for rollout spec update to be observed for the reference workload');
  }
  if ((status?.phase ?? '') !== '') {
    return { phase: status?.phase ?? '', message: status?.message ?? '' };
  }
  return phaseOf(rollout, status ?? {});
}
