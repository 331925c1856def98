// Until when proxies may still act on what has been changed (traffic.md 7, decision 0006): nothing is scaled down before.
// Entry points: `trafficMovesUntil`, `trafficSettlesAt`.
import { CANARY_SWITCHED, STABLE_SWITCHED, SWITCHED, WEIGHTS_SET } from '../../api/names.ts';
import type { KubeObject } from '../../api/object.ts';
import { type Duration, type Instant, later, milliseconds } from '../../lib/time.ts';
import { latest, switchedOf } from '../traffic/lanes.ts';
import { blueGreenOf, isRouted } from './limits.ts';
import type { Pass } from './pass.ts';

export function propagationDelay({ world }: Pass): Duration {
  return world.propagationDelay ?? milliseconds(0);
}

/** Proxies take time to learn of a change, and it is the kind of rollout whose traffic they lead. */
export function isPaced(pass: Pass): boolean {
  const { rollout } = pass;
  return propagationDelay(pass) > 0 && (isRouted(rollout) || blueGreenOf(rollout) !== undefined);
}

const ROUTING: ReadonlySet<string> = new Set(['services', 'virtualservices', 'destinationrules']);
const KEYS = [SWITCHED, CANARY_SWITCHED, STABLE_SWITCHED, WEIGHTS_SET];

/** Undefined: every proxy knows how things are. */
export function trafficMovesUntil(pass: Pass): Instant | undefined {
  const end = trafficSettlesAt(pass);
  return end !== undefined && end > pass.now ? end : undefined;
}

/** When every proxy knows, or has known, the last change of ours; undefined if there was none, or nobody is late. */
export function trafficSettlesAt(pass: Pass): Instant | undefined {
  if (!isPaced(pass)) return undefined;
  const { world, draft, now } = pass;
  const objects: readonly KubeObject[] = [
    ...world.services,
    ...world.virtualServices,
    ...world.destinationRules,
  ];
  const isMoved = draft.writes.some(({ ref }) => ROUTING.has(ref.resource.plural));
  const last = latest([
    isMoved ? now : undefined,
    ...objects.flatMap((object) => KEYS.map((key) => switchedOf(object, key)?.at)),
  ]);
  return last === undefined ? undefined : later(last, propagationDelay(pass));
}
