// The controller put together: caches, queue, passes, events. Entry point: `createController`.
import { ANALYSIS_RUNS, EXPERIMENTS, ROLLOUTS } from '../api/resources.ts';
import type { KubeObject, ObjectRef } from '../api/object.ts';
import type { EventNote } from '../core/decision.ts';
import { releaseWrite } from '../core/rollout/release.ts';
import type { KubeClient } from '../kube/client.ts';
import { isNotFound } from '../kube/errors.ts';
import type { EventRecorder } from '../kube/events.ts';
import type { WatchCache } from '../kube/watch-cache.ts';
import { cancellation, sleep } from '../lib/clock.ts';
import type { Cancel, Clock, Duration, Random, Stop } from '../lib/ports.ts';
import { later, seconds } from '../lib/time.ts';
import { analysisRunKind } from './analysis-runs.ts';
import { applyWrites } from './apply.ts';
import type { Measure, PluginAnswers } from './asks.ts';
import { type Caches, createCaches, createWorkloadCaches, seenIn } from './caches.ts';
import { Dependents } from './dependents.ts';
import { experimentKind } from './experiments.ts';
import type { Kind } from './kind.ts';
import type { Log } from './log.ts';
import { ManagedObjects } from './managed-objects.ts';
import { Memory } from './memory.ts';
import type { Metrics } from './metrics/metrics.ts';
import { type PassPorts, runPass } from './pass.ts';
import { type PassResult, Queue } from './queue.ts';
import type { ReferredKind } from './references.ts';
import { rolloutKind } from './rollouts.ts';
import { RUNS_URGENCY, urgencyOf } from './urgency.ts';
import { isOtherWorkload, type WorkloadCaches, Workloads } from './workloads.ts';

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
}

export interface Controller {
  /** Starts the watches; resolves when all caches are filled and work has begun. */
  start(): Promise<void>;
  /**
   * Ends within five seconds: questions at once, passes when they are through or after three seconds before their next
   * write (each prefix of writes is safe), then the watches; events that are left get one second.
   */
  stop(): Promise<void>;
  /** Keys whose pass runs or waits (timers do not count). */
  readonly busy: number;
}

/** Every object is looked at again at least this often, unless told otherwise, should a watch have missed something. */
const RESYNC = seconds(900);
const WORKERS = 40;
/** How long passes that run may take to end. */
const GRACE = seconds(3);
/** How long events that are left may take to be sent. */
const FAREWELL = seconds(1);
const PROPAGATION_DELAY = seconds(5);

/** Makes a controller; nothing is watched or written before `start`. */
export function createController(options: ControllerOptions): Controller {
  return new Shell(options);
}

interface Key {
  readonly kind: Kind;
  readonly namespace: string;
  readonly name: string;
}

class Shell implements Controller {
  readonly #options: ControllerOptions;
  readonly #caches: Caches;
  readonly #managedObjects: ManagedObjects;
  readonly #workloadCaches: WorkloadCaches;
  readonly #workloads: Workloads;
  readonly #queue: Queue;
  readonly #dependents = new Dependents();
  readonly #memories = new Map<string, Memory>();
  readonly #kinds: ReadonlyMap<string, Kind>;
  readonly #stops: Stop[] = [];
  readonly #stopping = cancellation();
  readonly #abandoned = cancellation();
  #resync: Stop | undefined;

  constructor(options: ControllerOptions) {
    this.#options = options;
    const { client, clock, random, log, namespace, metrics } = options;
    const cachesOptions = {
      client,
      clock,
      random,
      log,
      istioVersion: options.istioVersion ?? 'v1beta1',
      ...(namespace === undefined ? {} : { namespace }),
      ...(options.instance === undefined ? {} : { instance: options.instance }),
      ...(metrics === undefined ? {} : { onRestart: metrics.restarted.bind(metrics) }),
    };
    this.#caches = createCaches(cachesOptions);
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
    const kinds = [rolloutKind(ports), experimentKind(ports), analysisRunKind(ports)];
    this.#kinds = new Map(kinds.map((kind) => [kind.resource.plural, kind]));
    this.#queue = new Queue({
      clock,
      random,
      workers: options.workers ?? WORKERS,
      run: (key) => this.#run(key),
      urgency: (key) => this.#urgency(key),
      ...(options.isCrowded === undefined ? {} : { isCrowded: options.isCrowded }),
      onFailure: (key, error) => {
        metrics?.broke(key);
        log.error('pass failed, trying again', { key, cause: textOf(error) });
      },
      ...(metrics === undefined ? {} : { watcher: metrics.queue }),
    });
  }

  get busy(): number {
    return this.#queue.busy;
  }

  async start(): Promise<void> {
    this.#subscribe();
    this.#subscribeWorkloads();
    this.#stops.push(this.#managedObjects.follow((manager) => this.#add(ROLLOUTS.plural, manager)));
    const all = this.#watched();
    for (const cache of all) cache.start();
    await Promise.all(all.map((cache) => cache.synced));
    if (this.#stopping.cancel.cancelled) return;
    const { metrics } = this.#options;
    if (metrics !== undefined) this.#stops.push(metrics.follow(this.#caches));
    this.#started = true;
    this.#lookAtAll();
  }

  async stop(): Promise<void> {
    this.#stopping.now();
    this.#resync?.();
    for (const stop of this.#stops) stop();
    for (const memory of this.#memories.values()) memory.end();
    await this.#within(GRACE, this.#queue.stop());
    this.#abandoned.now();
    const all: readonly WatchCache<KubeObject>[] = Object.values(this.#caches);
    for (const cache of all) cache.stop();
    this.#workloads.stop();
    await this.#within(FAREWELL, this.#options.events.flush());
  }

  /** Awaits `work`, but no longer than `limit`. */
  async #within(limit: Duration, work: Promise<void>): Promise<void> {
    const isDone = cancellation();
    await Promise.race([work, sleep(this.#options.clock, limit, isDone.cancel)]);
    isDone.now();
  }

  /** Until all caches are filled a snapshot would miss objects, so events only mark what comes later. */
  #started = false;

  #lookAtAll(): void {
    for (const [plural, cache] of this.#decided()) {
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

  #decided(): readonly (readonly [string, WatchCache<KubeObject>])[] {
    if (this.#options.onlyAnalysis === true) {
      return [[ANALYSIS_RUNS.plural, this.#caches.analysisRuns]];
    }
    return [
      [ROLLOUTS.plural, this.#caches.rollouts],
      [EXPERIMENTS.plural, this.#caches.experiments],
      [ANALYSIS_RUNS.plural, this.#caches.analysisRuns],
    ];
  }

  #add(plural: string, metadata: { readonly namespace?: string; readonly name: string }): void {
    if (this.#started) this.#queue.add(keyOf(plural, metadata.namespace ?? '', metadata.name));
  }

  #subscribe(): void {
    for (const [plural, cache] of this.#decided()) {
      this.#stops.push(
        cache.onChange(({ before, after }) => {
          const object = after ?? before;
          if (object !== undefined) this.#add(plural, object.metadata);
        }),
      );
    }
    const owned: readonly WatchCache<KubeObject>[] = [
      this.#caches.replicaSets,
      this.#caches.experiments,
      this.#caches.analysisRuns,
      this.#caches.services,
    ];
    for (const cache of owned) {
      this.#stops.push(
        cache.onChange(({ before, after }) => {
          if (before !== undefined) this.#addOwner(before);
          if (after !== undefined) this.#addOwner(after);
        }),
      );
    }
    const referred: readonly (readonly [ReferredKind, WatchCache<KubeObject>])[] = [
      ['services', this.#caches.services],
      ['virtualservices', this.#caches.virtualServices],
      ['destinationrules', this.#caches.destinationRules],
      ['analysistemplates', this.#caches.analysisTemplates],
      ['clusteranalysistemplates', this.#caches.clusterAnalysisTemplates],
    ];
    for (const [kind, cache] of referred) {
      this.#stops.push(
        cache.onChange(({ before, after }) => this.#addDependents(kind, after ?? before)),
      );
    }
  }

  #subscribeWorkloads(): void {
    const { deployments, podTemplates, replicaSets } = this.#workloadCaches;
    const workloads: readonly (readonly [ReferredKind, WatchCache<KubeObject>])[] = [
      ['deployments', deployments],
      ['podtemplates', podTemplates],
      ['replicasets', replicaSets],
    ];
    for (const [kind, cache] of workloads) {
      this.#stops.push(
        cache.onChange((change) => {
          if (isOtherWorkload(change)) this.#addDependents(kind, change.after ?? change.before);
        }),
      );
    }
  }

  #addDependents(kind: ReferredKind, object: KubeObject | undefined): void {
    if (object === undefined || !this.#started) return;
    const { namespace = '', name } = object.metadata;
    for (const key of this.#dependents.of({ kind, namespace, name })) this.#queue.add(key);
  }

  #addOwner(object: KubeObject): void {
    const owner = object.metadata.ownerReferences?.find(
      (reference) => reference.controller === true,
    );
    if (owner === undefined) return this.#addAdopters(object);
    const kind = [...this.#kinds.values()].find(({ resource }) => {
      return resource.kind === owner.kind && owner.apiVersion.startsWith(`${resource.group}/`);
    });
    const namespace = object.metadata.namespace ?? '';
    if (kind !== undefined) this.#add(kind.resource.plural, { namespace, name: owner.name });
  }

  /** A set without owner may be adopted by any Rollout of its namespace. */
  #addAdopters(object: KubeObject): void {
    if (object.kind !== 'ReplicaSet') return;
    for (const rollout of this.#caches.rollouts.list(object.metadata.namespace)) {
      this.#add(ROLLOUTS.plural, rollout.metadata);
    }
  }

  /** Runs and experiments belong to Rollouts that have begun, and measure by the clock. */
  #urgency(key: string): number {
    const { kind, namespace, name } = this.#parse(key) ?? {};
    if (kind?.resource !== ROLLOUTS) return RUNS_URGENCY;
    return urgencyOf(this.#caches.rollouts.get(namespace, name ?? ''));
  }

  async #run(key: string): Promise<PassResult> {
    const parsed = this.#parse(key);
    if (parsed === undefined) return 'done';
    const memory = this.#memories.get(key) ?? new Memory();
    this.#memories.set(key, memory);
    const result = await runPass(this.#ports(), { ...parsed, key, memory });
    if (result === 'retry' || !this.#isGone(parsed)) return result;
    this.#memories.delete(key);
    return this.#releaseObjects(parsed);
  }

  /** Services and DestinationRules of a Rollout that is gone are given back as their users wrote them. */
  async #releaseObjects({ kind, namespace, name }: Key): Promise<PassResult> {
    const objects = kind.resource === ROLLOUTS ? this.#managedObjects.of({ namespace, name }) : [];
    if (objects.length === 0) return 'done';
    const { client, log } = this.#options;
    const isThere = await client.get({ resource: ROLLOUTS, namespace, name }).then(
      () => true,
      (error: unknown) => {
        if (!isNotFound(error)) throw error;
        return false;
      },
    );
    // The caches do not show it yet, or it is another controller's: both look at it themselves.
    if (isThere) return 'done';
    const ports = { client, tell: () => undefined, cancel: this.#abandoned.cancel };
    const outcome = await applyWrites(ports, objects.map(releaseWrite));
    if (outcome.kind === 'ok') return 'done';
    log.warn('cannot give back what a Rollout that is gone has pointed', { namespace, name });
    return 'retry';
  }

  #isGone({ kind, namespace, name }: Key): boolean {
    const cache = this.#decided().find(([plural]) => plural === kind.resource.plural)?.[1];
    return cache?.get(namespace, name) === undefined;
  }

  #parse(key: string): Key | undefined {
    const [plural = '', namespace = '', name = ''] = key.split('/');
    const kind = this.#kinds.get(plural);
    return kind === undefined ? undefined : { kind, namespace, name };
  }

  #ports(): PassPorts {
    const { client, clock, random, log, measure, plugins, metrics } = this.#options;
    return {
      client,
      clock,
      log,
      ...(metrics === undefined ? {} : { metrics }),
      stopping: this.#stopping.cancel,
      abandoned: forbidden(this.#abandoned.cancel, this.#options.leads),
      queue: this.#queue,
      look: (ref) => seenIn(this.#caches, ref),
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

function keyOf(plural: string, namespace: string, name: string): string {
  return `${plural}/${namespace}/${name}`;
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
