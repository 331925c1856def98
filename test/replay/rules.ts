// Where ours differs on purpose: rules applied to the recorded side before it is compared. Each is a function with a
// condition on what is recorded, names what it serves, and must change some trace (test/traces/README.md).
import type { State, Trace } from './trace.ts';

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

export const RULES: readonly Rule[] = [
  {
    serves: 'rollout.md 7.2: the cause of an abort is the message alone',
    apply: (trace) => mapped(trace, (text) => text.replaceAll(PHRASE, '')) as Trace,
  },
  {
    serves:
      'traffic.md I8: the canary subset of an aborted canary without pods names the stable set',
    apply: (trace) => ({ ...trace, rest: trace.rest.map(retargeted) }),
  },
];

export function withRules(trace: Trace): Trace {
  return RULES.reduce((changed, rule) => rule.apply(changed), trace);
}
