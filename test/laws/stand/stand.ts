// The sandbox's API server and the production passes over it, one after the other, with time that is moved by hand:
// what stories are played on. Caches are the store itself, so a pass sees all that was written before it.
// Entry point: `startStand`.
import type { KubeObject, ObjectRef, ResourceType } from '../../../src/api/object.ts';
import { crds } from '../../../src/api/crds.ts';
import {
  ANALYSIS_RUNS,
  CRDS,
  EXPERIMENTS,
  NAMESPACES,
  ROLLOUTS,
} from '../../../src/api/resources.ts';
import { analysisRunKind } from '../../../src/controller/analysis-runs.ts';
import { type Caches, seenIn } from '../../../src/controller/caches.ts';
import { Dependents } from '../../../src/controller/dependents.ts';
import { experimentKind } from '../../../src/controller/experiments.ts';
import type { Kind, Snapshot } from '../../../src/controller/kind.ts';
import { SILENT } from '../../../src/controller/log.ts';
import { Memory } from '../../../src/controller/memory.ts';
import { runPass } from '../../../src/controller/pass.ts';
import { rolloutKind } from '../../../src/controller/rollouts.ts';
import type { Decision, EventNote, MeasureAsk, Measured } from '../../../src/core/decision.ts';
import { createClient, type KubeClient } from '../../../src/kube/client.ts';
import { cancellation } from '../../../src/lib/clock.ts';
import { type HttpRequest, TransportError } from '../../../src/lib/ports.ts';
import { seededRandom } from '../../../src/lib/random.ts';
import { instant, type Instant, later, milliseconds } from '../../../src/lib/time.ts';
import { VirtualClock } from '../../../src/lib/virtual-clock.ts';
import { createApiServer } from '../../../src/sandbox/apiserver/server.ts';
import { Store, storeKey } from '../../../src/sandbox/apiserver/store.ts';
import { meshKinds } from '../../../src/sandbox/mesh-kinds.ts';
import { storeCaches, storeManagedObjects, storeWorkloads } from './caches.ts';
import { storyPlugins } from './plugins.ts';
import { Pods } from './pods.ts';

export const NAMESPACE = 'shop';

/** One decision with all that it was made on. */
export interface Decided {
  readonly resource: ResourceType;
  readonly object: KubeObject;
  readonly world: unknown;
  readonly now: Instant;
  readonly decision: Decision<unknown>;
}

export interface StandOptions {
  /** Sees every decision of a pass before it is carried out. */
  readonly onDecision?: (decided: Decided) => void;
  readonly onEvent?: (note: EventNote) => void;
  /** How late the data plane may learn of a change; at once if absent. */
  readonly propagationDelayMs?: number;
  readonly measure?: (ask: MeasureAsk, now: Instant) => Measured;
}

/** Half a second past the whole one, so that what is rounded when it is stored shows. */
const START = instant(Date.UTC(2026, 0, 1) + 537);
/** A story's objects need far fewer; more means that something goes round in circles. */
const ROUNDS_TO_REST = 120;
const WAKES_IN_A_WAIT = 400;

export async function startStand(options: StandOptions = {}): Promise<Stand> {
  const clock = new VirtualClock({ start: START, idle: () => Promise.resolve() });
  const store = new Store();
  const server = createApiServer({ clock, random: seededRandom('laws'), store });
  const client = createClient({ transport: server.handle, userAgent: 'user' });
  await client.create(NAMESPACES, {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name: NAMESPACE },
  });
  for (const crd of [...crds(), ...meshKinds()]) await client.create(CRDS, crd);
  return new Stand({ clock, store, client, options, handle: server.handle });
}

interface Parts {
  readonly clock: VirtualClock;
  readonly store: Store;
  readonly client: KubeClient;
  readonly options: StandOptions;
  readonly handle: (
    request: HttpRequest,
  ) => ReturnType<ReturnType<typeof createApiServer>['handle']>;
}

/** The kinds in the order in which a round looks at them. */
const DECIDED = [ANALYSIS_RUNS, EXPERIMENTS, ROLLOUTS];

export class Stand {
  readonly clock: VirtualClock;
  readonly store: Store;
  /** The user's own way in; the controller has another. */
  readonly client: KubeClient;
  /** The controller's way in. */
  readonly controllerClient: KubeClient;
  readonly pods: Pods;
  /** Writes of the controller so far. */
  writes = 0;
  /** A pass runs: what is written now is written by the controller. */
  isPassing = false;
  readonly #options: StandOptions;
  readonly #caches: Caches;
  readonly #timers = new Map<string, Instant>();
  #memories = new Map<string, Memory>();
  #kinds: readonly Kind[] = [];
  #answering = 0;
  #hasAsked = false;
  #crashAt: number | undefined;

  constructor({ clock, store, client, options, handle }: Parts) {
    this.clock = clock;
    this.store = store;
    this.client = client;
    this.#options = options;
    this.pods = new Pods(store, () => this.now);
    this.#caches = storeCaches(store);
    this.controllerClient = createClient({
      transport: (request) => {
        this.#beforeRequest(request);
        return handle(request);
      },
      userAgent: 'slipway-controller',
    });
    this.#begin();
  }

  get now(): Instant {
    return this.clock.now();
  }

  /** The controller dies right after its `writes`th write from now, and a new one begins. */
  crashAfter(writes: number): void {
    this.#crashAt = this.writes + writes;
  }

  #beforeRequest({ method }: HttpRequest): void {
    if (method === 'GET') return;
    if (this.#crashAt !== undefined && this.writes >= this.#crashAt) {
      throw new TransportError('reset', 'the controller has been stopped');
    }
    this.writes += 1;
  }

  /** A controller that remembers nothing. */
  #begin(): void {
    this.#memories = new Map();
    this.#timers.clear();
    const ports = {
      caches: this.#caches,
      dependents: new Dependents(),
      workloads: storeWorkloads(this.store),
      managedObjects: storeManagedObjects(this.store),
      keyOf,
      propagationDelay: milliseconds(this.#options.propagationDelayMs ?? 0),
    };
    this.#kinds = [rolloutKind(ports), experimentKind(ports), analysisRunKind(ports)];
  }

  /** What every decision would be now; nothing is carried out. */
  look(): readonly Decided[] {
    return this.#keys().flatMap(({ resource, name }) => {
      const kind = this.#kindOf(resource);
      const snapshot = kind.snapshot(NAMESPACE, name, this.#memory(resource, name));
      return snapshot === undefined || snapshot === 'unread'
        ? []
        : [decidedOf(resource, snapshot, this.now)];
    });
  }

  /** One pass over each object, then one step of the pods. True if anything changed or is still asked. */
  async round(): Promise<boolean> {
    const before = this.store.revision;
    let isUnfinished = false;
    for (const { resource, name } of this.#keys()) {
      isUnfinished = (await this.#pass(resource, name)) || isUnfinished;
    }
    return (await this.pods.step()) || isUnfinished || this.store.revision !== before;
  }

  /** Rounds until nothing changes any more, without time passing. */
  async rest(): Promise<void> {
    for (let rounds = 0; rounds < ROUNDS_TO_REST; rounds += 1) {
      if (!(await this.round())) return;
    }
    const reasons = this.look().flatMap(({ decision }) =>
      decision.reasons.map((one) => one.message),
    );
    throw new Error(`no rest after ${ROUNDS_TO_REST} rounds: ${reasons.join('; ')}`);
  }

  /** Lets time pass, from one moment at which something is due to the next; at rest in between and at the end. */
  async wait(ms: number): Promise<void> {
    const end = later(this.now, milliseconds(ms));
    for (let wakes = 0; wakes < WAKES_IN_A_WAIT; wakes += 1) {
      await this.rest();
      const next = Math.min(...this.#timers.values());
      if (next > end) {
        await this.clock.advanceTo(end);
        await this.rest();
        return;
      }
      if (next <= this.now) throw new Error(`due at ${next}, which is not later than ${this.now}`);
      await this.clock.advanceTo(instant(next));
      // A pass sets its timer anew; that of an object that is gone is not set again.
      for (const [key, at] of this.#timers) if (at <= next) this.#timers.delete(key);
    }
    throw new Error(`more than ${WAKES_IN_A_WAIT} moments in ${ms} ms`);
  }

  #keys(): readonly { readonly resource: ResourceType; readonly name: string }[] {
    return DECIDED.flatMap((resource) =>
      this.store
        .list(storeKey(resource), NAMESPACE)
        .map(({ metadata }) => ({ resource, name: metadata.name })),
    );
  }

  #kindOf(resource: ResourceType): Kind {
    const found = this.#kinds.find((kind) => kind.resource === resource);
    if (found === undefined) throw new Error(`nothing decides ${resource.plural}`);
    return found;
  }

  #memory({ plural }: ResourceType, name: string): Memory {
    const key = keyOf(plural, NAMESPACE, name);
    const memory = this.#memories.get(key) ?? new Memory();
    this.#memories.set(key, memory);
    return memory;
  }

  /** True if it must be looked at again. */
  async #pass(resource: ResourceType, name: string): Promise<boolean> {
    const key = keyOf(resource.plural, NAMESPACE, name);
    const kind = this.#watched(this.#kindOf(resource));
    const memory = this.#memory(resource, name);
    let isAsking = false;
    const ports = this.#ports(key, () => {
      isAsking = true;
    });
    this.isPassing = true;
    try {
      const result = await runPass(ports, { kind, key, namespace: NAMESPACE, name, memory });
      if (this.#crashAt !== undefined && this.writes >= this.#crashAt) return this.#crash();
      if (this.#hasAsked) await this.#answers();
      return isAsking || result === 'retry';
    } catch (error) {
      if (error instanceof TransportError) return this.#crash();
      throw error;
    } finally {
      this.isPassing = false;
    }
  }

  #crash(): true {
    this.#crashAt = undefined;
    this.#begin();
    return true;
  }

  #watched(kind: Kind): Kind {
    return {
      ...kind,
      snapshot: (namespace, name, memory) => {
        const snapshot = kind.snapshot(namespace, name, memory);
        if (snapshot === undefined || snapshot === 'unread') return snapshot;
        return {
          ...snapshot,
          // Laws are about decisions: each is carried out whole, counts of pods at once.
          canWait: () => false,
          decide: (now) => {
            const decided = decidedOf(kind.resource, snapshot, now);
            this.#hasAsked = decided.decision.asks.length > 0;
            this.#options.onDecision?.(decided);
            return decided.decision;
          },
        };
      },
    };
  }

  #ports(key: string, onLookAgain: () => void): Parameters<typeof runPass>[0] {
    return {
      client: this.controllerClient,
      clock: this.clock,
      log: SILENT,
      stopping: cancellation().cancel,
      abandoned: cancellation().cancel,
      look: (ref: ObjectRef) => seenIn([this.#caches], ref),
      tell: (_ref, _uid, note) => this.#options.onEvent?.(note),
      queue: {
        add: onLookAgain,
        addAt: (_key, at) => this.#timers.set(key, at),
        forgetTimer: () => this.#timers.delete(key),
      },
      asks: {
        client: this.controllerClient,
        clock: this.clock,
        random: seededRandom('asks'),
        measure: (ask) => this.#measured(ask),
        plugins: storyPlugins(() => this.#turn()),
        onFailure: () => undefined,
      },
    };
  }

  async #measured(ask: MeasureAsk): Promise<Measured> {
    await this.#turn();
    const { now } = this;
    return (
      this.#options.measure?.(ask, now) ?? { startedAt: now, finishedAt: now, error: 'no data' }
    );
  }

  /** Between a question and its answer. */
  async #turn(): Promise<void> {
    this.#answering += 1;
    await Promise.resolve();
    this.#answering -= 1;
  }

  /** Answers come within a turn; none is left open behind a pass. */
  async #answers(): Promise<void> {
    do await new Promise<void>((resolve) => setImmediate(resolve));
    while (this.#answering > 0);
  }
}

function decidedOf(resource: ResourceType, snapshot: Snapshot, now: Instant): Decided {
  const { object, world } = snapshot;
  return { resource, object, world, now, decision: snapshot.decide(now) };
}

function keyOf(plural: string, namespace: string, name: string): string {
  return `${plural}/${namespace}/${name}`;
}
