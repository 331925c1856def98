// Phase and message of a Rollout as clients tell them, before they trust its status (cli.md 4).
import { WORKLOAD_GENERATION } from '../api/names.ts';
import type { Rollout } from '../api/rollout.ts';
import { phaseOf } from '../core/rollout/phase.ts';

export interface ShownPhase {
  readonly phase: string;
  readonly message: string;
}

/** Generations are written as texts; undefined for what is none. */
function generationIn(text: string | undefined): number | undefined {
  return text !== undefined && /^[+-]?\d+$/.test(text) ? Number(text) : undefined;
}

/** Whether the controller has yet to see this generation; what is no number counts as seen. */
function isUnobserved({ metadata, status }: Rollout): boolean {
  const seen = generationIn(status?.observedGeneration);
  return seen !== undefined && seen < (metadata.generation ?? 0);
}

function isWorkloadUnobserved({ metadata, spec, status }: Rollout): boolean {
  const wanted = metadata.annotations?.[WORKLOAD_GENERATION];
  const seen = generationIn(status?.workloadObservedGeneration);
  if (spec.workloadRef === undefined || wanted === undefined || seen === undefined) return false;
  return seen !== generationIn(wanted);
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
