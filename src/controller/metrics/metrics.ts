// The metrics of one controller (operations.md 4): told of what happens, asked for families when somebody scrapes.
// Entry point: `Metrics`.
import type { KubeObject, ObjectRef, ResourceType } from '../../api/object.ts';
import { ANALYSIS_RUNS, EXPERIMENTS, ROLLOUTS } from '../../api/resources.ts';
import type { RolloutStatus } from '../../api/rollout.ts';
import type { Decision, EventNote } from '../../core/decision.ts';
import type { RequestFacts } from '../../kube/request-facts.ts';
import type { WatchCache } from '../../kube/watch-cache.ts';
import type { Clock, Stop } from '../../lib/ports.ts';
import { later, seconds } from '../../lib/time.ts';
import type { Outcome } from '../apply.ts';
import type { Caches } from '../caches.ts';
import type { Family } from './exposition.ts';
import { Counter, Histogram } from './instruments.ts';
import { objectGauges } from './object-gauges.ts';
import { QueueMetrics } from './queue-metrics.ts';
import { type MetricName, rowOf } from './table.ts';
import { endedUpdate } from './updates.ts';

export interface ProcessFacts {
  readonly cpuSeconds: number;
  readonly residentBytes: number;
  readonly heapBytes: number;
  readonly startedAtSeconds: number;
}

export interface MetricsOptions {
  readonly clock: Clock;
  /** Whether this controller leads at this moment. */
  readonly leads: () => boolean;
  readonly build: {
    readonly version: string;
    readonly commit: string;
    readonly runtime: string;
    /** Architecture of the machine in Go's words. */
    readonly machine: string;
  };
  /** Absent: nothing is told of the process. */
  readonly process?: () => ProcessFacts;
}

/** What a controller that works has to tell. */
export interface Followed {
  readonly caches: Caches;
  /** How many wait to begin (`backlog.ts`). */
  readonly updatesWaiting: () => number;
}

/** A pass that has ended, well or not. */
export interface PassReport {
  readonly ref: ObjectRef;
  /** Status that was decided on. */
  readonly status: unknown;
  readonly decision: Decision<unknown>;
  readonly result: Outcome;
  readonly durationMs: number;
}

/** How long series of an object outlive it: a last scrape may come. */
const KEPT_SERIES = seconds(65);
/** How long those that are over wait for others, to go together. */
const SWEEP = seconds(1);

interface OfKind {
  readonly resource: ResourceType;
  readonly passes: Histogram<
    'rollout_reconcile' | 'experiment_reconcile' | 'analysis_run_reconcile'
  >;
  readonly failures: Counter<
    'rollout_reconcile_error' | 'experiment_reconcile_error' | 'analysis_run_reconcile_error'
  >;
}

function ofKind(
  resource: ResourceType,
  name: 'rollout' | 'experiment' | 'analysis_run',
): readonly [plural: string, of: OfKind] {
  const passes: OfKind['passes'] = new Histogram(`${name}_reconcile`);
  return [resource.plural, { resource, passes, failures: new Counter(`${name}_reconcile_error`) }];
}

export class Metrics {
  readonly queue: QueueMetrics;
  readonly #options: MetricsOptions;
  readonly #kinds: ReadonlyMap<string, OfKind> = new Map([
    ofKind(ROLLOUTS, 'rollout'),
    ofKind(EXPERIMENTS, 'experiment'),
    ofKind(ANALYSIS_RUNS, 'analysis_run'),
  ]);
  readonly #events = new Counter('rollout_events_total');
  readonly #total = new Histogram('rollout_duration_seconds');
  readonly #progression = new Histogram('rollout_progression_duration_seconds');
  readonly #paused = new Histogram('rollout_manual_pause_duration_seconds');
  readonly #requests = new Counter('controller_clientset_k8s_request_total');
  readonly #decisions = new Counter('slipway_decisions_total');
  readonly #refused = new Counter('slipway_writes_refused_total');
  readonly #restarts = new Counter('slipway_watch_restarts_total');
  /** Objects whose series go at the next sweep. */
  readonly #ended = new Set<string>();
  #followed: Followed | undefined;

  constructor(options: MetricsOptions) {
    this.#options = options;
    this.queue = new QueueMetrics(options.clock);
  }

  /** The caches are filled: objects are told of from here on, until what is returned is called. */
  follow(followed: Followed): Stop {
    const { caches } = followed;
    this.#followed = followed;
    const stops = [
      this.#followEnds(ROLLOUTS, caches.rollouts),
      this.#followEnds(EXPERIMENTS, caches.experiments),
      this.#followEnds(ANALYSIS_RUNS, caches.analysisRuns),
    ];
    return () => {
      this.#followed = undefined;
      for (const stop of stops) stop();
    };
  }

  passed({ ref, status, decision, result, durationMs }: PassReport): void {
    const { resource, namespace = '', name } = ref;
    const of = this.#kinds.get(resource.plural);
    of?.passes.observe([namespace, name], durationMs / 1000);
    const [reason] = decision.reasons;
    if (reason !== undefined) this.#decisions.add([resource.kind, reason.code]);
    const outcome = refusalIn(result);
    if (outcome !== undefined) this.#refused.add([resource.kind, outcome]);
    if (outcome === 'failed' || outcome === 'refused') of?.failures.add([namespace, name]);
    // What a Rollout's decision carries is its status.
    if (resource.plural === ROLLOUTS.plural && result.kind === 'ok') {
      this.#updated(status as RolloutStatus | undefined, decision.status as RolloutStatus);
    }
  }

  /** A pass ended by a bug of ours. `key` is `PLURAL/NAMESPACE/NAME`. */
  broke(key: string): void {
    const [plural = '', namespace = '', name = ''] = key.split('/');
    this.#kinds.get(plural)?.failures.add([namespace, name]);
  }

  told({ resource, namespace = '', name }: ObjectRef, { type, reason }: EventNote): void {
    if (resource.plural !== ROLLOUTS.plural) return;
    this.#events.add([namespace, name, type, reason]);
  }

  restarted({ plural }: ResourceType): void {
    this.#restarts.add([plural]);
  }

  requested({ kind, namespace, name, verb }: RequestFacts, status: number): void {
    this.#requests.add([kind, namespace, name, verb, String(status)]);
  }

  /** Everything there is to tell at this moment. */
  *families(): Generator<Family> {
    if (this.#followed !== undefined) yield* objectGauges(this.#followed.caches);
    for (const { passes, failures } of this.#kinds.values()) {
      yield passes.family();
      yield failures.family();
    }
    const counted = [this.#events, this.#total, this.#progression, this.#paused, this.#requests];
    for (const one of counted) yield one.family();
    yield* this.#buildFamilies();
    yield* this.queue.families();
    for (const one of [this.#decisions, this.#refused, this.#restarts]) yield one.family();
    yield single('slipway_updates_waiting', this.#followed?.updatesWaiting() ?? 0);
    yield single('slipway_leader', Number(this.#options.leads()));
    yield* this.#processFamilies();
  }

  #updated(before: RolloutStatus | undefined, after: RolloutStatus): void {
    const ended = endedUpdate(before, after);
    if (ended === undefined) return;
    const { status, totalSeconds, pausedSeconds } = ended;
    this.#total.observe([status], totalSeconds);
    this.#progression.observe([status], totalSeconds - pausedSeconds);
    this.#paused.observe([status], pausedSeconds);
  }

  #followEnds(resource: ResourceType, cache: WatchCache<KubeObject>): Stop {
    const { clock } = this.#options;
    const waiting = new Set<Stop>();
    const unsubscribe = cache.onChange(({ before, after }) => {
      if (before === undefined || after !== undefined) return;
      const { namespace, name } = before.metadata;
      const stop = clock.at(later(clock.now(), KEPT_SERIES), () => {
        waiting.delete(stop);
        if (cache.get(namespace, name) === undefined) this.#forget(resource, namespace ?? '', name);
      });
      waiting.add(stop);
    });
    return () => {
      unsubscribe();
      for (const stop of waiting) stop();
    };
  }

  /** Of many objects at once: a look at every series for each of them would be dear. */
  #forget({ plural }: ResourceType, namespace: string, name: string): void {
    const { clock } = this.#options;
    if (this.#ended.size === 0) clock.at(later(clock.now(), SWEEP), () => this.#sweep());
    this.#ended.add(`${plural}/${namespace}/${name}`);
  }

  #sweep(): void {
    const ended = new Set(this.#ended);
    this.#ended.clear();
    const isEnded = (plural = '', namespace = '', name = ''): boolean =>
      ended.has(`${plural}/${namespace}/${name}`);
    for (const [plural, { passes, failures }] of this.#kinds) {
      passes.forget(([namespace, name]) => isEnded(plural, namespace, name));
      failures.forget(([namespace, name]) => isEnded(plural, namespace, name));
    }
    this.#events.forget(([namespace, name]) => isEnded(ROLLOUTS.plural, namespace, name));
    this.#requests.forget(([plural, namespace, name]) => isEnded(plural, namespace, name));
  }

  *#buildFamilies(): Generator<Family> {
    const { version, runtime, machine, commit } = this.#options.build;
    yield single('argo_rollouts_controller_info', 1, [version]);
    yield single('build_info', 1, [version, runtime, machine, commit]);
  }

  *#processFamilies(): Generator<Family> {
    const facts = this.#options.process?.();
    if (facts === undefined) return;
    yield single('process_cpu_seconds_total', facts.cpuSeconds);
    yield single('process_resident_memory_bytes', facts.residentBytes);
    yield single('process_start_time_seconds', facts.startedAtSeconds);
    yield single('process_heap_bytes', facts.heapBytes);
  }
}

function single(name: MetricName, value: number, values: readonly string[] = []): Family {
  return { row: rowOf(name), samples: [{ values, value }] };
}

/** Which of the outcomes of a write that was not done; undefined if all were. */
function refusalIn(
  result: Outcome,
): 'skipped' | Exclude<Outcome['kind'], 'ok' | 'abandoned'> | undefined {
  if (result.kind === 'ok') return result.skipped === undefined ? undefined : 'skipped';
  return result.kind === 'abandoned' ? undefined : result.kind;
}
