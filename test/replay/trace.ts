// The form of a recorded trace (test/traces/README.md).
import type { Json, KubeObject } from '../../src/api/object.ts';

export interface MetricAnswer {
  readonly scalar?: number | string;
  readonly vector?: readonly (number | string)[];
  readonly json?: unknown;
  readonly status?: number;
}

export interface MetricRule {
  readonly match?: string;
  readonly answers: readonly MetricAnswer[];
}

interface Sought {
  readonly name?: string;
  readonly phase?: string;
  readonly count?: number;
  readonly number?: number;
  readonly templates?: string;
}

export type When =
  | 'rest'
  | {
      readonly phase?: string;
      readonly message?: string;
      readonly step?: number;
      readonly abort?: boolean;
      readonly stable?: boolean;
      readonly sets?: Readonly<Record<string, number>>;
      readonly ready?: Readonly<Record<string, number>>;
      readonly analysis?: Sought;
      readonly experiment?: Sought;
      readonly deployment?: number;
      readonly quiet?: number;
      readonly ignore?: readonly string[];
      readonly timeout?: number;
      readonly anyWeight?: boolean;
    };

export interface Do {
  readonly cli?: string;
  readonly patch?: { readonly kind: string; readonly name: string };
  readonly with?: Json;
  readonly create?: KubeObject;
  readonly delete?: { readonly kind: string; readonly name: string };
  readonly scale?: number;
  readonly deletePod?: string;
  readonly metrics?: readonly MetricRule[];
  readonly observe?: unknown;
}

export interface TraceEvent {
  readonly type: string;
  readonly reason: string;
  readonly message: string;
  readonly about: string;
}

export type State = Readonly<Record<string, unknown>>;

export interface Trace {
  readonly name: string;
  readonly area: string;
  readonly what: string;
  readonly nodes: { readonly startMs: number; readonly stopMs: number };
  readonly namespace: string;
  readonly target: { readonly kind: string; readonly name: string };
  readonly hashes: Readonly<Record<string, string>>;
  readonly manifests: readonly KubeObject[];
  readonly metricSource?: {
    readonly answers: readonly {
      readonly after: 'create' | number;
      readonly rules: readonly MetricRule[];
    }[];
  };
  readonly actions: readonly { readonly when: When; readonly do: Do; readonly said?: string }[];
  readonly end: When;
  readonly rest: readonly State[];
  readonly path: readonly State[];
  readonly milestones: readonly State[];
  readonly phases: readonly (readonly [string, string | null])[];
  readonly events: readonly TraceEvent[];
  readonly writes: Readonly<Record<string, number>>;
}

/** Kinds that a trace records, as far as they are there. Others are as their user made them. */
export const RECORDED: ReadonlySet<string> = new Set([
  'Rollout',
  'ReplicaSet',
  'AnalysisRun',
  'Experiment',
  'Service',
  'VirtualService',
  'DestinationRule',
  'Deployment',
]);
