// `status.canary.weights`: what routers last accepted, and the event of its change (traffic.md 1.7).
import type { TrafficWeights, WeightDestination } from '../../api/rollout.ts';
import { jsonEqual } from '../../lib/equal.ts';
import type { EventNote } from '../decision.ts';
import { normal } from '../events.ts';

function isSame(a: WeightDestination, b: WeightDestination): boolean {
  return (
    a.weight === b.weight &&
    (a.serviceName ?? '') === (b.serviceName ?? '') &&
    (a.podTemplateHash ?? '') === (b.podTemplateHash ?? '')
  );
}

/** Whether the two say the same but for the routers' verification. */
export function isSameWeights(a: TrafficWeights | undefined, b: TrafficWeights): boolean {
  return (
    a !== undefined &&
    isSame(a.canary, b.canary) &&
    isSame(a.stable, b.stable) &&
    jsonEqual(a.additional ?? [], b.additional ?? [])
  );
}

function printed(list: readonly WeightDestination[]): string {
  const parts = list.map((item) => {
    return `{${item.weight} ${item.serviceName ?? ''} ${item.podTemplateHash ?? ''}}`;
  });
  return `[${parts.join(' ')}]`;
}

/** The event of new recorded weights. When only hashes differ the text ends after the blank, as clients know it. */
export function weightsEvent(
  previous: TrafficWeights | undefined,
  next: TrafficWeights,
): EventNote {
  const details: string[] = [];
  if (previous === undefined) details.push(`to ${next.canary.weight}`);
  else {
    if (previous.canary.weight !== next.canary.weight) {
      details.push(`from ${previous.canary.weight} to ${next.canary.weight}`);
    }
    if (!jsonEqual(previous.additional ?? [], next.additional ?? [])) {
      details.push(`additional: ${printed(next.additional ?? [])}`);
    }
  }
  return normal('TrafficWeightUpdated', `Traffic weight updated ${details.join(', ')}`);
}
