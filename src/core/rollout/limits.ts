// How far a rollout may go above and below its size (rollout.md 4.1), and numbers that many rules share.
import type { BlueGreenStrategy, CanaryStrategy, Rollout } from '../../api/rollout.ts';

/** Desired pods; 1 when the spec does not say. */
export function desiredReplicas(rollout: Rollout): number {
  return rollout.spec.replicas ?? 1;
}

/** The weight that means all traffic. */
export function maxWeightOf(canary: CanaryStrategy | undefined): number {
  return canary?.trafficRouting?.maxTrafficWeight ?? 100;
}

export function canaryOf(rollout: Rollout): CanaryStrategy | undefined {
  return rollout.spec.strategy?.canary;
}

export function blueGreenOf(rollout: Rollout): BlueGreenStrategy | undefined {
  return rollout.spec.strategy?.blueGreen;
}

/** Traffic is shifted by a router, not by numbers of pods. */
export function isRouted(rollout: Rollout): boolean {
  return canaryOf(rollout)?.trafficRouting !== undefined;
}

export interface Limits {
  /** Pods above the desired number. */
  readonly maxSurge: number;
  /** Pods below it. */
  readonly maxUnavailable: number;
}

const DEFAULT_LIMIT = '25%';

/** A count as given, or a percentage of `total` with `round`; undefined for text that is no number. */
export function scaled(
  value: number | string,
  total: number,
  round: (value: number) => number,
): number | undefined {
  if (typeof value === 'number') return value;
  const digits = value.replaceAll('%', '');
  return /^[+-]?\d+$/.test(digits) ? round((Number(digits) * total) / 100) : undefined;
}

/**
 * Both limits of a canary: surge is rounded up, unavailable down; both zero would never move, so one pod may
 * then be unavailable. Text that is no number makes both 0.
 * 10 pods, 39 % and 39 % -> 4 and 3. 3 pods, 25 % and 25 % -> 1 and 0.
 */
export function fenceposts(
  maxSurge: number | string,
  maxUnavailable: number | string,
  desired: number,
): { readonly surge: number; readonly unavailable: number; readonly error: boolean } {
  const surge = scaled(maxSurge, desired, Math.ceil);
  const unavailable = scaled(maxUnavailable, desired, Math.floor);
  if (surge === undefined || unavailable === undefined) {
    return { surge: 0, unavailable: 0, error: true };
  }
  const stuck = surge === 0 && unavailable === 0;
  return { surge, unavailable: stuck ? 1 : unavailable, error: false };
}

/** The limits of the rollout's strategy with their defaults. */
export function limitsOf(rollout: Rollout): Limits {
  const desired = desiredReplicas(rollout);
  const { canary, blueGreen } = rollout.spec.strategy ?? {};
  if (blueGreen !== undefined) {
    const unavailable = scaled(blueGreen.maxUnavailable ?? DEFAULT_LIMIT, desired, Math.floor) ?? 0;
    return { maxSurge: 0, maxUnavailable: capped(unavailable, desired) };
  }
  const { surge, unavailable } = fenceposts(
    canary?.maxSurge ?? DEFAULT_LIMIT,
    canary?.maxUnavailable ?? DEFAULT_LIMIT,
    desired,
  );
  return { maxSurge: surge, maxUnavailable: capped(unavailable, desired) };
}

function capped(unavailable: number, desired: number): number {
  return Math.min(unavailable, desired);
}
