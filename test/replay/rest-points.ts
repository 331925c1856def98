// Rest points of the traces at which a controller of ours can take over: read from the traces, and what is compared there.
import { readdirSync, readFileSync } from 'node:fs';
import { SCALE_DOWN_DEADLINE } from '../../src/api/names.ts';
import { jsonEqual } from '../../src/lib/equal.ts';
import { parseInstant } from '../../src/lib/time.ts';
import { differences } from './compare.ts';
import type { Played } from './player.ts';
import { withRules } from './rules.ts';
import { momentOf, type Remains, type Stored } from './takeover.ts';
import type { State, Trace } from './trace.ts';

const FOLDER = new URL('../traces/', import.meta.url);

export interface RestPoint {
  readonly name: string;
  readonly trace: Trace;
  readonly objects: readonly Stored[];
  readonly index: number;
}

export function restPoints(): readonly RestPoint[] {
  return readdirSync(FOLDER)
    .filter((file) => file.endsWith('.objects.json'))
    .flatMap((file) => restPointsOf(file.slice(0, -'.objects.json'.length)));
}

function read(file: string): unknown {
  return JSON.parse(readFileSync(new URL(file, FOLDER), 'utf8'));
}

function restPointsOf(name: string): readonly RestPoint[] {
  const trace = read(`${name}.json`) as Trace;
  if (trace.target.kind !== 'Rollout') return [];
  const { rest } = read(`${name}.objects.json`) as Remains;
  return rest
    .map(({ objects }, index) => ({ name: `${name} ${index}`, trace, objects, index }))
    .filter(isAtRest);
}

const SOON_MS = 10_000;

/** Where neither we know better (rules.ts) nor time is about to change something. */
function isAtRest({ trace, objects, index }: RestPoint): boolean {
  const [recorded, ruled] = [trace, withRules(trace)].map(({ rest }) => rest[index]);
  const isOurs = ['rollout', 'services', 'replicaSets'].every((part) =>
    jsonEqual(recorded?.[part], ruled?.[part]),
  );
  const soon = momentOf(objects) + SOON_MS;
  const isExpiring = objects.some(({ metadata }) => {
    const deadline = parseInstant(metadata.annotations?.[SCALE_DOWN_DEADLINE] ?? '');
    return deadline !== undefined && deadline < soon && deadline > soon - 2 * SOON_MS;
  });
  return recorded?.['settled'] === true && ruled?.['settled'] === true && isOurs && !isExpiring;
}

/** What may be put right: what the status tells, and a subset that names a set without pods. */
const PUT_RIGHT = /\/(?:rollouts\/[^/]+\/status|destinationrules\/[^/]+|experiments\/[^/]+)$/;

/** Writes that touch what runs. */
export function touches(writes: readonly string[]): readonly string[] {
  return writes.filter((write) => !PUT_RIGHT.test(write.split('?')[0] ?? ''));
}

/** Sets of a Deployment that is loaded are joined by one that its own controller makes. */
function withoutDeployed(rest: State): State {
  const sets = rest['replicaSets'] as readonly State[] | undefined;
  return { ...rest, replicaSets: sets?.filter((set) => set['owner'] !== 'Deployment') };
}

/** How the scenario went on from the rest point, against how it was recorded. */
export function differencesFrom({ trace, index }: RestPoint, played: Played): readonly string[] {
  const ruled = withRules(trace);
  // Names of experiments sort by hashes, and those of new sets are not the recorded ones.
  if (trace.rest.some((one) => (one['experiments'] as readonly State[]).length > 1)) return [];
  // Pods are younger here than they were, and show it.
  const rest = ruled.rest.slice(index).map((one, at) => (at === 0 ? { ...one, get: null } : one));
  const wanted = { actions: ruled.actions.slice(index), milestones: [], writes: {} };
  return differences(
    { ...ruled, ...wanted, rest: rest.map(withoutDeployed) },
    { ...played, rest: played.rest.map(withoutDeployed) },
  );
}
