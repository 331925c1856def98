// The controller put together: caches, queue, passes, events; and its life. Entry point: `createController`.
import { ROLLOUTS } from '../api/resources.ts';
import type { KubeObject, ObjectRef } from '../api/object.ts';
import type { EventNote } from '../core/decision.ts';
import type { KubeClient } from '../kube/client.ts';
import type { EventRecorder } from '../kube/events.ts';
import type { WatchCache } from '../kube/watch-cache.ts';
import { cancellation, sleep } from '../lib/clock.ts';
import type { Cancel, Clock, Duration, Instant, Random, Stop } from '../lib/ports.ts';
import { between, later, milliseconds, seconds } from '../lib/time.ts';
import { analysisRunKind } from './analysis-runs.ts';
import type { Measure, PluginAnswers } from './asks.ts';
import { Backlog } from './backlog.ts';
import {
  type Caches,
  type CachesOptions,
  createCaches,
  createWorkloadCaches,
  decidedCaches,
  type DecidedCaches,
  seenIn,
} from './caches.ts';
import { Dependents } from './dependents.ts';
import { experimentKind } from './experiments.ts';
import { followChanges } from './follow-changes.ts';
import { keyOf } from './key.ts';
import type { Kind } from './kind.ts';
import type { Log } from './log.ts';
import { ManagedObjects } from './managed-objects.ts';
import type { Metrics } from './metrics/metrics.ts';
import type { PassPorts } from './pass.ts';
import { Passes } from './passes.ts';
import { Queue } from './queue.ts';
import { Rest } from './rest.ts';
import { rolloutKind } from './rollouts.ts';
import { type WorkloadCaches, Workloads } from './workloads.ts';

export interface ControllerOptions {
  readonly client: KubeClient;
  readonly clock: Clock;
  readonly random: Random;
  readonly measure: Measure;
  /** Plugins of steps and routers; none if absent. */
  readonly plugins?: PluginAnswers;
  readonly events: EventRecorder;
  readonly log: Log;
  /** Watch this namespace only; all if absent. */
  readonly namespace?: string;
  /** Objects that carry this instance's label only (operations.md 6); only those without one if absent. */
  readonly instance?: string;
  /** Version of networking.istio.io in request paths; `v1beta1` if absent. */
  readonly istioVersion?: string;
  /** How late the data plane may learn of a change (traffic.md 7); 5 s if absent, 0 trusts that it knows at once. */
  readonly propagationDelay?: Duration;
  /** Passes at the same time; 40 if absent. */
  readonly workers?: number;
  /** Whether requests of `client` wait to be sent (kube/budget.ts): then the most urgent passes go first. Never, if absent. */
  readonly isCrowded?: () => boolean;
  /** Asked before every write: whether this controller leads at this moment. Always, if absent. */
  readonly leads?: () => boolean;
  /** How often every object is looked at again; 15 minutes if absent. */
  readonly resync?: Duration;
  /** Told of everything that is counted; nothing is if absent. */
  readonly metrics?: Metrics;
  /** Only AnalysisRuns are looked at; other controllers drive the rest. */
  readonly onlyAnalysis?: boolean;
  /** Called each time when no object has been looked at for five seconds. */
  readonly onRest?: () => void;
}

export interface Controller {
  /** Starts the watches; resolves when all caches are filled and work has begun. */
  start(): Promise<void>;
  /**
   * The first part of `stop`, after which nothing is written but events: another controller may lead from then on.
   * Questions end at once, passes when they are through or after three seconds before their next write (each prefix of
   * writes is safe), then the watches.
   */
  stopWriting(): Promise<void>;
  /** Ends within five seconds, events included: those that could not be sent by then are told to the log. */
  stop(): Promise<void>;
  /** Keys whose pass runs or waits (timers do not count). */
  readonly busy: number;
  /** Whether many updates wait to begin, or have begun lately (`backlog.ts`). */
  readonly hasManyUpdates: boolean;
}

/** Every object is looked at again at least this often, unless told otherwise, should a watch have missed something. */
const RESYNC = seconds(900);
const WORKERS = 40;
/** How long passes that run may take to end. */
const GRACE = seconds(3);
const REST = seconds(5);
/** From the beginning of the end until events that are left are given up. */
const FAREWELL = milliseconds(4500);
const PROPAGATION_DELAY = seconds(5);

/** Makes a controller; nothing is watched or written before `start`. */
export function createController(options: ControllerOptions): Controller {
  return new Shell(options);
}

class Shell implements Controller {
  readonly #options: ControllerOptions;
  readonly #caches: Caches;
  readonly #decided: DecidedCaches;
  readonly #managedObjects: ManagedObjects;
  readonly #workloadCaches: WorkloadCaches;
  readonly #workloads: Workloads;
  readonly #dependents = new Dependents();
  readonly #backlog: Backlog;
  readonly #kinds: readonly Kind[];
  readonly #queue: Queue;
  readonly #passes: Passes;
  readonly #rest: Rest | undefined;
  readonly #stops: Stop[] = [];
  readonly #stopping = cancellation();
  readonly #abandoned = cancellation();
  #resync: Stop | undefined;
  #writingEnds: Promise<void> | undefined;
  #givenUpAt: Instant | undefined;
  /** Until all caches are filled a snapshot would miss objects, so events only mark what comes later. */
  #started = false;

  constructor(options: ControllerOptions) {
    this.#options = options;
    const cachesOptions = cachesOptionsOf(options);
    this.#caches = createCaches(cachesOptions);
    this.#decided = decidedCaches(this.#caches, options.onlyAnalysis);
    this.#managedObjects = new ManagedObjects(this.#caches.services, this.#caches.destinationRules);
    this.#workloadCaches = createWorkloadCaches(cachesOptions, this.#caches);
    this.#workloads = new Workloads(this.#workloadCaches, (key) => this.#queue.add(key));
    const ports = {
      caches: this.#caches,
      workloads: this.#workloads,
      managedObjects: this.#managedObjects,
      dependents: this.#dependents,
      propagationDelay: options.propagationDelay ?? PROPAGATION_DELAY,
      keyOf,
    };
    this.#kinds = [rolloutKind(ports), experimentKind(ports), analysisRunKind(ports)];
    const { clock, onRest } = options;
    this.#backlog = new Backlog({ clock, wake: (key) => this.#queue.add(key) });
    this.#rest = onRest === undefined ? undefined : new Rest({ clock, after: REST, onRest });
    this.#queue = this.#createQueue();
    this.#passes = this.#createPasses();
  }

  #createQueue(): Queue {
    const { clock, random, workers = WORKERS, isCrowded, metrics, log } = this.#options;
    return new Queue({
      clock,
      random,
      workers,
      run: (key) => {
        this.#rest?.touch();
        return this.#passes.run(key);
      },
      urgency: (key) => this.#passes.urgency(key),
      ...(isCrowded === undefined ? {} : { isCrowded }),
      onFailure: (key, error) => {
        metrics?.broke(key);
        log.error('pass failed, trying again', { key, cause: textOf(error) });
      },
      ...(metrics === undefined ? {} : { watcher: metrics.queue }),
    });
  }

  #createPasses(): Passes {
    const { client, log } = this.#options;
    return new Passes({
      caches: this.#caches,
      decided: this.#decided,
      managedObjects: this.#managedObjects,
      kinds: this.#kinds,
      pass: this.#passPorts(),
      release: { client, log, abandoned: forbidden(this.#abandoned.cancel, this.#options.leads) },
    });
  }

  get busy(): number {
    return this.#queue.busy;
  }

  get hasManyUpdates(): boolean {
    return this.#backlog.hasManyUpdates;
  }

  async start(): Promise<void> {
    this.#stops.push(
      this.#backlog.follow(this.#caches.replicaSets),
      ...followChanges({
        caches: this.#caches,
        workloadCaches: this.#workloadCaches,
        decided: this.#decided,
        managedObjects: this.#managedObjects,
        dependents: this.#dependents,
        kinds: this.#kinds,
        wake: (key) => {
          if (this.#started) this.#queue.add(key);
        },
      }),
    );
    const all = this.#watched();
    for (const cache of all) cache.start();
    await Promise.all(all.map((cache) => cache.synced));
    if (this.#stopping.cancel.cancelled) return;
    const { metrics } = this.#options;
    const updatesWaiting = (): number => this.#backlog.waiting;
    const stop = metrics?.follow({ caches: this.#caches, updatesWaiting });
    if (stop !== undefined) this.#stops.push(stop);
    this.#started = true;
    this.#lookAtAll();
  }

  stopWriting(): Promise<void> {
    this.#writingEnds ??= this.#endWriting();
    return this.#writingEnds;
  }

  async #endWriting(): Promise<void> {
    const { clock, events } = this.#options;
    this.#givenUpAt = later(clock.now(), FAREWELL);
    this.#stopping.now();
    this.#rest?.stop();
    this.#resync?.();
    for (const stop of this.#stops) stop();
    this.#passes.end();
    void events.flush();
    await this.#within(GRACE, this.#queue.stop());
    this.#abandoned.now();
    const all: readonly WatchCache<KubeObject>[] = Object.values(this.#caches);
    for (const cache of all) cache.stop();
    this.#workloads.stop();
  }

  async stop(): Promise<void> {
    const { clock, events } = this.#options;
    await this.stopWriting();
    const left = between(clock.now(), this.#givenUpAt ?? clock.now());
    await this.#within(milliseconds(Math.max(0, left)), events.flush());
    events.abandon();
  }

  /** Awaits `work`, but no longer than `limit`. */
  async #within(limit: Duration, work: Promise<void>): Promise<void> {
    const isDone = cancellation();
    await Promise.race([work, sleep(this.#options.clock, limit, isDone.cancel)]);
    isDone.now();
  }

  #lookAtAll(): void {
    for (const [plural, cache] of this.#decided) {
      for (const object of cache.list()) this.#add(plural, object.metadata);
    }
    for (const manager of this.#managedObjects.managers()) this.#add(ROLLOUTS.plural, manager);
    this.#resync = this.#options.clock.at(
      later(this.#options.clock.now(), this.#options.resync ?? RESYNC),
      () => this.#lookAtAll(),
    );
  }

  #watched(): readonly WatchCache<KubeObject>[] {
    return this.#options.onlyAnalysis === true
      ? [this.#caches.analysisRuns]
      : Object.values(this.#caches);
  }

  #add(plural: string, metadata: { readonly namespace?: string; readonly name: string }): void {
    this.#queue.add(keyOf(plural, metadata.namespace ?? '', metadata.name));
  }

  #passPorts(): PassPorts {
    const { client, clock, random, log, measure, plugins, metrics } = this.#options;
    return {
      client,
      clock,
      log,
      ...(metrics === undefined ? {} : { metrics }),
      stopping: this.#stopping.cancel,
      abandoned: forbidden(this.#abandoned.cancel, this.#options.leads),
      queue: this.#queue,
      backlog: this.#backlog,
      look: (ref) => seenIn([this.#caches, this.#workloadCaches], ref),
      tell: (ref, uid, note) => this.#tell(ref, uid, note),
      asks: {
        client,
        clock,
        random,
        measure,
        ...(plugins === undefined ? {} : { plugins }),
        onFailure: (ask, error) =>
          log.warn('question failed, asking again', { ask: ask.key, cause: textOf(error) }),
      },
    };
  }

  #tell(ref: ObjectRef, uid: string, note: EventNote): void {
    const { resource, name, namespace } = ref;
    this.#options.metrics?.told(ref, note);
    this.#options.events.record({
      about: {
        apiVersion:
          resource.group === '' ? resource.version : `${resource.group}/${resource.version}`,
        kind: resource.kind,
        name,
        uid,
        ...(namespace === undefined ? {} : { namespace }),
      },
      type: note.type,
      reason: note.reason,
      message: note.message,
    });
  }
}

function cachesOptionsOf(options: ControllerOptions): CachesOptions {
  const { client, clock, random, log, namespace, instance, metrics } = options;
  return {
    client,
    clock,
    random,
    log,
    istioVersion: options.istioVersion ?? 'v1beta1',
    ...(namespace === undefined ? {} : { namespace }),
    ...(instance === undefined ? {} : { instance }),
    ...(metrics === undefined ? {} : { onRestart: metrics.restarted.bind(metrics) }),
  };
}

function textOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

/** Writing is over when the controller is to end, and not allowed while another one leads. */
function forbidden(abandoned: Cancel, leads: () => boolean = () => true): Cancel {
  return {
    get cancelled() {
      return abandoned.cancelled || !leads();
    },
    onCancel: (run) => abandoned.onCancel(run),
  };
}
