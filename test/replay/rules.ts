// Where ours differs on purpose: rules applied to the recorded side before it is compared. Each is a function with a
// condition on what is recorded, names what it serves, and must change some trace (test/traces/README.md).
import { HASH_LABEL } from '../../src/api/names.ts';
import type { State, Trace, TraceEvent } from './trace.ts';

export interface Rule {
  /** The promise or paragraph it serves. */
  readonly serves: string;
  readonly apply: (trace: Trace) => Trace;
}

function mapped(value: unknown, change: (text: string) => string): unknown {
  if (typeof value === 'string') return change(value);
  if (Array.isArray(value)) return value.map((one: unknown) => mapped(one, change));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, one]) => [name, mapped(one, change)]),
  );
}

const PHRASE =
  /((?:Step-based analysis|Background analysis|Blue\/green (?:pre|post)-promotion analysis) phase error\/failed|Experiment analysis phase is error\/failed): /g;

interface Restful {
  readonly rollout: {
    readonly abort: boolean;
    readonly current: string | null;
    readonly stable: string | null;
  } | null;
  readonly replicaSets: readonly { readonly set: string; readonly desired: number }[];
  readonly destinationRules: Readonly<Record<string, readonly Subset[]>>;
}

interface Subset {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
}

/** The canary subset of an aborted Rollout whose canary set has no pods. */
function retargeted(rest: State): State {
  const { rollout, replicaSets, destinationRules } = rest as unknown as Restful;
  if (rollout?.abort !== true || rollout.current === rollout.stable) return rest;
  const canary = replicaSets.find(({ set }) => set === rollout.current);
  if (canary === undefined || canary.desired > 0) return rest;
  const changed = Object.fromEntries(
    Object.entries(destinationRules).map(([name, subsets]) => [
      name,
      subsets.map((subset) => ({
        ...subset,
        labels: Object.fromEntries(
          Object.entries(subset.labels).map(([key, value]) => [
            key,
            value === `<hash:${rollout.current ?? ''}>` ? `<hash:${rollout.stable ?? ''}>` : value,
          ]),
        ),
      })),
    ]),
  );
  return { ...rest, destinationRules: changed };
}

const SWITCH = /^Switched selector for service '([^']*)' from '([^']*)' to '([^']*)'$/;
const WEIGHT_ZERO = /set to desiredWeight '0'$/;

/** Whether the Service is pointed back to where it pointed before. */
function isBack(events: readonly TraceEvent[], index: number): boolean {
  const [, service, , to] = SWITCH.exec(events[index]?.message ?? '') ?? [];
  return events.slice(0, index).some(({ message }) => {
    const [, name, from] = SWITCH.exec(message) ?? [];
    return service !== undefined && name === service && from === to;
  });
}

/** On an abort the weight leaves before the canary's Service is pointed back. */
function weightFirst(events: readonly TraceEvent[]): readonly TraceEvent[] {
  const at = events.findIndex(
    (_event, index) => isBack(events, index) && WEIGHT_ZERO.test(events[index + 1]?.message ?? ''),
  );
  const [moved, weight, told] = at < 0 ? [] : events.slice(at, at + 3);
  if (moved === undefined || weight === undefined) return events;
  const isTold = told?.reason === 'TrafficWeightUpdated';
  const rest = events.slice(at + (isTold ? 3 : 2));
  return [...events.slice(0, at), weight, ...(isTold ? [told] : []), moved, ...rest];
}

/** From the deletion of a Service on ours goes its own way; what is promised there has tests of its own. */
function withoutService(trace: Trace): Trace {
  const gone = trace.actions.findIndex(({ do: action }) => action.delete?.kind === 'Service');
  if (gone < 0) return trace;
  const rest = trace.rest.map((one, index) =>
    index > gone ? { settled: false, rollout: null } : one,
  );
  return { ...trace, rest, milestones: [], phases: [], events: [], writes: {} };
}

interface Bluegreen {
  readonly activeService?: string;
  readonly autoPromotionEnabled?: boolean;
}

/** The blue-green settings that a manifest has or a patch brings. */
function blueGreenIn(value: unknown): Bluegreen | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  for (const [name, one] of Object.entries(value)) {
    if (name === 'blueGreen') return one as Bluegreen;
    const found = blueGreenIn(one);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** The action that takes the hash out of the selector of the active Service. */
function lossOf({ manifests, actions }: Trace): number {
  const active = blueGreenIn(manifests)?.activeService;
  return actions.findIndex(
    ({ do: action }) =>
      action.patch?.kind === 'Service' &&
      action.patch.name === active &&
      !JSON.stringify(action.with).includes(HASH_LABEL),
  );
}

/** What the active Service named is named again at once; everything stays as it was before. */
function repaired(trace: Trace): Trace {
  const at = lossOf(trace);
  const before = trace.rest[at];
  const active = blueGreenIn(trace.manifests)?.activeService ?? '';
  if (at < 0 || before === undefined) return trace;
  const servicesOf = (state: State | undefined) =>
    (state?.['services'] ?? {}) as Readonly<Record<string, string | null>>;
  const lost = trace.milestones.findIndex(
    (state, index) =>
      servicesOf(state)[active] === null &&
      (servicesOf(trace.milestones[index - 1])[active] ?? null) !== null,
  );
  const from = `Switched selector for service '${active}' from '' to `;
  const switched = trace.events.findLastIndex(({ message }) => message.startsWith(from));
  const { phase } = before['rollout'] as { readonly phase: string };
  const last = trace.phases.findLastIndex(([name]) => name === phase);
  return {
    ...trace,
    rest: trace.rest.map((one, index) => (index > at ? before : one)),
    milestones: [...trace.milestones.slice(0, lost + 1), ...trace.milestones.slice(lost - 1, lost)],
    phases: trace.phases.slice(0, last + 1),
    // Events are listed once: that of the repair is the one of the first deploy again.
    events: trace.events.slice(0, switched),
  };
}

/** From the change to a blue-green that its user promotes on, until the promotion. */
function unpromoted(trace: Trace): Trace {
  const at = trace.actions.findIndex(({ do: action }) => {
    return blueGreenIn(action.with)?.autoPromotionEnabled === false;
  });
  if (at < 0) return trace;
  const rest = trace.rest.map((one, index) => {
    return index === at + 1 ? { settled: false, rollout: null } : one;
  });
  return { ...trace, rest, milestones: [], phases: [], events: [], writes: {} };
}

const ROLES = ['canaryMetadata', 'stableMetadata', 'activeMetadata', 'previewMetadata'] as const;

interface StrategyPatch {
  readonly spec?: {
    readonly strategy?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  };
}

/** The action that takes the metadata of the two roles out of the spec. */
function removalOfMetadata({ actions }: Trace): number {
  return actions.findIndex(({ do: action }) => {
    const strategies = Object.values(
      (action.with as StrategyPatch | undefined)?.spec?.strategy ?? {},
    );
    return strategies.some((one) => ROLES.filter((role) => one[role] === null).length === 2);
  });
}

interface MarkedSet {
  readonly ready: number;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly ephemeralMetadata?: string;
}

type Parts = Readonly<Record<'labels' | 'annotations', Readonly<Record<string, string>>>>;

/** The set without what its record says was put into its template. */
function unmarked({ ephemeralMetadata = '{}', ...set }: MarkedSet): object {
  const put = JSON.parse(ephemeralMetadata) as Partial<Parts>;
  const parts = (['labels', 'annotations'] as const).flatMap((part) => {
    const left = Object.entries(set[part] ?? {}).filter(([key]) => put[part]?.[key] === undefined);
    return left.length === 0 ? [] : [[part, Object.fromEntries(left)]];
  });
  const { labels: _labels, annotations: _annotations, ...rest } = set;
  return { ...rest, ...Object.fromEntries(parts) };
}

/** What was taken out of the spec leaves sets and pods; that takes two writes for a set and one for a pod. */
function withoutMetadata(trace: Trace): Trace {
  const at = removalOfMetadata(trace);
  if (at < 0) return trace;
  const setsOf = (state: State) => state['replicaSets'] as readonly MarkedSet[];
  const left = trace.rest
    .slice(at + 1, at + 2)
    .flatMap(setsOf)
    .filter(({ ephemeralMetadata }) => ephemeralMetadata !== undefined);
  const more = left.reduce((sum, { ready }) => sum + 2 + ready, 0);
  return {
    ...trace,
    writes: { ...trace.writes, 'patch what has metadata': more },
    rest: trace.rest.map((state, index) => {
      return index > at ? { ...state, replicaSets: setsOf(state).map(unmarked) } : state;
    }),
  };
}

/**
 * With ping-pong every change of sizes waits for the whole set. The reference takes that for an error and writes no status
 * meanwhile; ours tells of the pods as they come: two more writes for each set, at its first size and at its last.
 */
function toldWhileWaiting(trace: Trace): Trace {
  if (!JSON.stringify(trace.manifests).includes('"pingPong":')) return trace;
  const more = 2 * Object.keys(trace.hashes).length;
  return { ...trace, writes: { ...trace.writes, 'patch rollouts/status while waiting': more } };
}

/** The first set of all has its pods before the Service that serves it is pointed at it. */
function pointedWithPods(trace: Trace): Trace {
  if (!JSON.stringify(trace.manifests).includes('"pingPong":')) return trace;
  const { events } = trace;
  const promoted = events.findIndex(({ message }) => message.endsWith(': Initial deploy'));
  const pointed = events.findIndex(({ message }) => SWITCH.exec(message)?.[2] === '');
  const event = events[pointed];
  if (event === undefined || pointed > promoted) return trace;
  const before = [...events.slice(0, pointed), ...events.slice(pointed + 1, promoted + 1)];
  return { ...trace, events: [...before, event, ...events.slice(promoted + 1)] };
}

export const RULES: readonly Rule[] = [
  {
    serves: 'rollout.md 7.2: the cause of an abort is the message alone',
    apply: (trace) => mapped(trace, (text) => text.replaceAll(PHRASE, '')) as Trace,
  },
  {
    serves: 'traffic.md I3: on an abort the weight leaves first, then the Service is pointed back',
    apply: (trace) => ({ ...trace, events: weightFirst(trace.events) }),
  },
  {
    serves:
      'traffic.md I8: the canary subset of an aborted canary without pods names the stable set',
    apply: (trace) => ({ ...trace, rest: trace.rest.map(retargeted) }),
  },
  {
    serves: 'observed-defects 9: a missing Service is told at once, and an abort does all it can',
    apply: withoutService,
  },
  {
    serves: 'observed-defects 4: an active Service that loses its hash gets it back at once',
    apply: repaired,
  },
  {
    serves: 'observed-defects 13: metadata that is taken out of the spec leaves sets and pods',
    apply: withoutMetadata,
  },
  {
    serves:
      'observed-defects 8: waiting for pods is no error, so the status tells of them meanwhile',
    apply: toldWhileWaiting,
  },
  {
    serves:
      'traffic.md I2: a ping-pong Service that is served by routes is pointed at pods that are ready',
    apply: pointedWithPods,
  },
  {
    serves: 'observed-defects 10: a change to blue-green does not skip the pause before promotion',
    apply: unpromoted,
  },
];

export function withRules(trace: Trace): Trace {
  return RULES.reduce((changed, rule) => rule.apply(changed), trace);
}
