// How fast traffic may be moved over a data plane that learns of each object late, by up to the propagation delay
// (traffic.md 7, decision 0006). Entry point: `paceOf`.
//
// What a lane names and the weight of that lane are two objects, and a proxy may have the new one of the first with the
// old one of the second. So of a lane that gets requests only one of the two is ever in question:
// - what it names changes only after it has had no weight for the delay;
// - it gets weight only after it has named the same for the delay (or named what is served elsewhere anyway).
// Weight 0 for the canary is never held up: the stable lane names what it did all along.
import { type Duration, type Instant, later } from '../../lib/time.ts';
import type { Hashes } from './istio.ts';
import type { Lane, Lanes } from './lanes.ts';

export interface PaceWorld {
  readonly lanes: Lanes;
  readonly now: Instant;
  readonly delay: Duration;
  /** Available pods of the set with that hash. */
  readonly available: (hash: string) => number;
  /** Whether that set has the pods for all traffic. */
  readonly carries: (hash: string) => boolean;
  /** The weight that means all traffic. */
  readonly maxWeight: number;
}

export interface Aim {
  readonly weight: number;
  readonly hashes: Hashes;
}

export interface Pace {
  /** The weight that may be written now. */
  readonly weight: number;
  /** Whether what the lane names may be changed now. */
  readonly mayPoint: { readonly canary: boolean; readonly stable: boolean };
  /** From this moment on no proxy sends the canary lane requests; absent while some route does. */
  readonly drainedAt?: Instant;
  /** Moments at which something that is held up now may go on. */
  readonly until: readonly Instant[];
  readonly waiting?: string;
}

export function paceOf(world: PaceWorld, aim: Aim): Pace {
  const { lanes } = world;
  const moments: Instant[] = [];
  const drainedAt = lanes.canary.isReached ? undefined : settledAt(world);
  const mayPoint = {
    canary: mayChange(world, lanes.canary, aim.hashes.canary, moments),
    stable: mayChange(world, lanes.stable, aim.hashes.stable, moments),
  };
  const weight = pacedWeight(world, aim, moments);
  const until = moments.filter((at) => at > world.now);
  const isHeld = weight !== aim.weight || !mayPoint.canary || !mayPoint.stable;
  return {
    weight,
    mayPoint,
    ...(drainedAt === undefined ? {} : { drainedAt }),
    until,
    ...(isHeld
      ? { waiting: 'traffic moves on once every proxy has learned of the last change' }
      : {}),
  };
}

/** Whether the lane may name `wanted` now. A lane that names nothing, or a set without pods, has nothing to lose. */
function mayChange(world: PaceWorld, lane: Lane, wanted: string, moments: Instant[]): boolean {
  const { lanes, now, available, carries } = world;
  if (lane.hash === wanted || lane.hash === '') return true;
  if (available(lane.hash) === 0 && available(wanted) > 0) return true;
  if (lane.isReached) {
    // The canary lane can be emptied first. If it cannot stand in for the stable one, both sets must be able to answer.
    const isAlone = lane === lanes.stable && lanes.canary.hash !== wanted;
    return isAlone && carries(wanted);
  }
  const at = settledAt(world);
  if (at <= now) return true;
  moments.push(at);
  return false;
}

/** From this moment on every proxy has the routes as they are. */
function settledAt({ lanes, now, delay }: PaceWorld): Instant {
  return lanes.weightsAt === undefined ? now : later(lanes.weightsAt, delay);
}

function pacedWeight(world: PaceWorld, aim: Aim, moments: Instant[]): number {
  const { lanes, available } = world;
  if (lanes.weights === undefined) return aim.weight;
  const { least, most } = lanes.weights;
  const wanted = weightOnTheWay(world, aim, most);
  // What gets no answer loses nothing by losing its weight.
  const mayLower = available(lanes.canary.hash) === 0 || isFit(world, 'stable', aim, moments);
  if (wanted < most && !mayLower) return most;
  if (wanted > least && !isFit(world, 'canary', aim, moments)) return mayLower ? least : most;
  return wanted;
}

/** A lane that must name another set is emptied first; it is the other one that takes its share meanwhile. */
function weightOnTheWay(world: PaceWorld, { weight, hashes }: Aim, most: number): number {
  const { lanes, available, carries, maxWeight } = world;
  const { canary, stable } = lanes;
  const mustMove =
    stable.hash !== '' && stable.hash !== hashes.stable && available(stable.hash) > 0;
  if (mustMove && canary.hash === hashes.stable) {
    return carries(canary.hash) ? maxWeight : most;
  }
  const isOther = canary.hash !== '' && canary.hash !== hashes.canary;
  return isOther && available(canary.hash) > 0 ? 0 : weight;
}

/** The lane names what it should, and no proxy can still have an older name that leads to nobody. */
function isFit(
  { lanes, now, delay }: PaceWorld,
  side: 'canary' | 'stable',
  { hashes }: Aim,
  moments: Instant[],
): boolean {
  const { hash, switched } = lanes[side];
  const other = lanes[side === 'canary' ? 'stable' : 'canary'];
  if (hash === '') return side === 'stable';
  if (hash !== hashes[side] && hash !== hashes.stable) return false;
  if (switched === undefined || switched.from === '' || switched.from === other.hash) return true;
  const at = later(switched.at, delay);
  if (at <= now) return true;
  moments.push(at);
  return false;
}
