// What a decision is: the next status, the writes that are safe now, what must be asked of the outside,
// and why. All `decide` functions of core/ give this shape; the shell in controller/ carries it out.
import type { AnalysisRun, Measurement, Metric } from '../api/analysis.ts';
import type { Json, KubeObject, ObjectRef } from '../api/object.ts';
import type { ResultValue } from '../expr/value.ts';
import type { Instant } from '../lib/ports.ts';
import type { EventText } from './events.ts';
import type { RouteAnswer, RouteAsk, StepPluginAnswer, StepPluginAsk } from '../api/plugin-asks.ts';
import type { Reason } from './reasons.ts';

/** A Kubernetes Event to send on the decided object (or on `about`), once what it tells has happened. */
export interface EventNote extends EventText {
  /** Another object than the one decided on (an Experiment's runs are told on the owning Rollout too). */
  readonly about?: { readonly ref: ObjectRef; readonly uid: string };
}

interface WriteBase {
  /** Sent, in order, right after this write succeeded. */
  readonly events: readonly EventNote[];
}

/**
 * Creates `object` (it carries namespace, name and owner reference). If the name is taken by an object
 * with the same controller owner uid, that counts as done; otherwise the shell reads the object that has
 * the name, puts it into the next world's `taken`, and the pass ends.
 */
export interface CreateWrite extends WriteBase {
  readonly kind: 'create';
  readonly ref: ObjectRef;
  readonly object: KubeObject;
}

/**
 * Patches an object of the snapshot. `resourceVersion` is the one it was decided on: the shell puts it
 * into the patch (merge, strategic: metadata.resourceVersion; json: a leading `test`), so a stale
 * decision is refused with 409 instead of harming.
 */
export interface PatchWrite extends WriteBase {
  readonly kind: 'patch';
  readonly ref: ObjectRef;
  readonly resourceVersion: string;
  readonly patch: { readonly type: 'merge' | 'strategic' | 'json'; readonly body: Json };
  readonly subresource?: 'status' | 'scale';
  /** Refused by anything but staleness it is tried again, after the rest of the decision has been carried out. */
  readonly isOptional?: boolean;
  /** An object that is gone counts as done. */
  readonly mayBeGone?: true;
  /** Done only while that object is there and not being deleted, by a reading past all caches. */
  readonly onlyWhile?: { readonly ref: ObjectRef; readonly uid: string };
}

/**
 * Deletes the object with that uid, as it was decided on (both are preconditions: what has come to life since then is
 * not deleted). "Not found" counts as done.
 */
export interface DeleteWrite extends WriteBase {
  readonly kind: 'delete';
  readonly ref: ObjectRef;
  readonly uid: string;
  readonly resourceVersion: string;
}

/** Asks for a pod's eviction. Refused by a disruption budget (429): skipped, not an error. */
export interface EvictWrite extends WriteBase {
  readonly kind: 'evict';
  readonly ref: ObjectRef;
  readonly uid: string;
}

export type Write = CreateWrite | PatchWrite | DeleteWrite | EvictWrite;

/** A question that only the outside can answer. `key` names it within its object: same key, same question. */
export type Ask =
  | { readonly kind: 'measure'; readonly key: string; readonly measure: MeasureAsk }
  | { readonly kind: 'secret'; readonly key: string; readonly name: string }
  | { readonly kind: 'pods'; readonly key: string; readonly labelSelector: string }
  | { readonly kind: 'step-plugin'; readonly key: string; readonly ask: StepPluginAsk }
  | { readonly kind: 'route'; readonly key: string; readonly ask: RouteAsk };

/** One measurement to take: `provider` is the metric's provider object with all arguments filled in. */
export interface MeasureAsk {
  readonly metricName: string;
  readonly provider: Metric['provider'];
  /**
   * `run` begins a measurement, `resume` and `terminate` go on with the one given; `sweep` ends what one that was never
   * recorded may have left outside.
   */
  readonly action: 'run' | 'resume' | 'terminate' | 'sweep';
  readonly run: { readonly namespace: string; readonly name: string; readonly uid: string };
  /** 1 for the metric's first measurement; names of what a provider creates follow from it. */
  readonly number: number;
  /** How many measurements of the metric are kept. */
  readonly keep: number;
  readonly measurement?: Measurement;
  /** Whole, where a plugin measures: it is told everything. */
  readonly plugin?: { readonly run: AnalysisRun; readonly metric: Metric };
  /** Whether it should be found out why there is no data, if there is none: once for the measurements that are kept. */
  readonly explainsAbsence: boolean;
}

/** How the outside answered; part of the next world. */
export type Answer =
  | { readonly kind: 'measure'; readonly key: string; readonly measured: Measured }
  | {
      readonly kind: 'secret';
      readonly key: string;
      readonly name: string;
      /** Decoded values, or the API error's text. */
      readonly secret:
        | { readonly data: Readonly<Record<string, string>> }
        | { readonly error: string };
    }
  | { readonly kind: 'pods'; readonly key: string; readonly pods: readonly KubeObject[] }
  | { readonly kind: 'step-plugin'; readonly key: string; readonly answer: StepPluginAnswer }
  | { readonly kind: 'route'; readonly key: string; readonly answer: RouteAnswer };

/**
 * A provider's word on one measurement. `result` is what conditions see (see expr/value.ts for how numbers,
 * typed arrays and absent values are told apart); with `error` there is no result. `phase` is given only by
 * providers that judge for themselves (job) or that are not finished (`Running`, then `resumeAt` may be set).
 */
export interface Measured {
  readonly startedAt: Instant;
  readonly finishedAt?: Instant;
  readonly result?: ResultValue;
  /** How the result is printed in `measurement.value`. */
  readonly value?: string;
  readonly error?: string;
  readonly phase?: 'Running' | 'Successful' | 'Failed' | 'Error' | 'Inconclusive';
  readonly message?: string;
  readonly resumeAt?: Instant;
  readonly metadata?: Readonly<Record<string, string>>;
  /** Metadata of the metric as a whole, e.g. ResolvedPrometheusQuery. */
  readonly metricMetadata?: Readonly<Record<string, string>>;
}

/** A create that the API server has refused for good, as it stands: the object is wrong, or may not be made. */
export interface Refusal {
  readonly kind: string;
  readonly name: string;
  /** The server's word. */
  readonly message: string;
}

/** What the server said when this object was to be created; undefined if it was not refused. */
export function refusalOf(
  refused: readonly Refusal[],
  { kind, metadata }: KubeObject,
): Refusal | undefined {
  return refused.find((one) => one.kind === kind && one.name === metadata.name);
}

export interface Decision<Status> {
  /** The whole next status, not a patch. The shell writes the difference, if there is one. */
  readonly status: Status;
  /** In order; stopping after any of them is safe. */
  readonly writes: readonly Write[];
  /** Sent after the status has been written (at once if it did not change). Empty at rest. */
  readonly events: readonly EventNote[];
  /**
   * What stands in the way and goes on, told after `events`: each once, until a decision no longer has it. Absent: this
   * decision has not come so far as to know, what was there before counts.
   */
  readonly troubles?: readonly EventNote[];
  readonly asks: readonly Ask[];
  /**
   * Beginnings of keys of questions that still count though they are not among `asks`: those under way go on, and their
   * answers are there for the next decision. Absent: none.
   */
  readonly keeps?: readonly string[];
  /** The next moment at which time alone changes the answer. */
  readonly requeueAt?: Instant;
  /** Why this and not more; the first is the headline; never empty. */
  readonly reasons: readonly Reason[];
}
