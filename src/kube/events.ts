// Kubernetes Events: what happened to an object, told once; the same again raises its count. All that is recorded is sent,
// at the pace that `pace` allows and apart from everything else; a server that does not answer is tried again for as long
// as it would keep the event, one that refuses is not.
// (https://kubernetes.io/docs/reference/kubernetes-api/cluster-resources/event-v1/, operations.md).
import type { KubeObject } from '../api/object.ts';
import { EVENTS } from '../api/resources.ts';
import { cancellation } from '../lib/clock.ts';
import type { Cancel, Clock, Instant } from '../lib/ports.ts';
import { formatInstant, milliseconds } from '../lib/time.ts';
import type { KubeClient } from './client.ts';
import { ApiError, isNotFound } from './errors.ts';
import { EventQueue, keyOfEvent, type Talk, type WaitingEvent } from './event-queue.ts';

export interface EventAbout {
  readonly apiVersion: string;
  readonly kind: string;
  readonly namespace?: string;
  readonly name: string;
  readonly uid: string;
}

export interface RecordedEvent {
  readonly about: EventAbout;
  readonly type: 'Normal' | 'Warning';
  readonly reason: string;
  readonly message: string;
}

export interface EventRecorder {
  /** Never throws, never waits: sending goes on in the background, in order for each object. */
  record(event: RecordedEvent): void;
  /** From now on sends as fast as the server takes them. Resolves when all that was recorded has been sent or given up. */
  flush(): Promise<void>;
  /** Gives up what is left, and tells `onProblem` of each. */
  abandon(): void;
}

export interface EventRecorderOptions {
  readonly client: KubeClient;
  readonly clock: Clock;
  /** Name of the source, e.g. `rollouts-controller`. */
  readonly component: string;
  /**
   * Awaited before each request, so that telling costs the server no more than it may; no pause if absent. `since`: when
   * what is to be told happened.
   */
  readonly pace?: (cancel: Cancel, since: Instant) => Promise<void>;
  /** Told of events that could not be stored. */
  readonly onProblem: (error: Error, event: RecordedEvent) => void;
}

interface Stored {
  readonly name: string;
  readonly count: number;
  readonly at: Instant;
}

/** How many different events are remembered for counting. */
const REMEMBERED = 4096;
/** And for how long after it was last told: servers keep an event for an hour, as a rule. */
const REMEMBERED_MS = 3_600_000;
/** The first pause after a failure; each is twice the one before, up to the longest. */
const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 30_000;
/** The pause after a failure when there is little time left. */
const HURRIED_PAUSE_MS = 100;
/** Objects that are told of at the same time; and when there is little time left. */
const LANES = 4;
const LAST_LANES = 32;
/** What a name may be long, less the moment that is put behind it. */
const LONGEST_NAME = 253 - 20;

/** Names that are tried when others have them already. */
const NAME_TRIES = 20;

export function createEventRecorder(options: EventRecorderOptions): EventRecorder {
  return new Recorder(options);
}

class Recorder implements EventRecorder {
  readonly #options: EventRecorderOptions;
  /** In the order in which they were last told. */
  readonly #stored = new Map<string, Stored>();
  readonly #queue: EventQueue;
  #lanes = 0;
  readonly #flushed: (() => void)[] = [];
  /** Cancelled once what is left is to be sent without waiting for one's turn. */
  readonly #hurry = cancellation();
  #isAbandoned = false;

  constructor(options: EventRecorderOptions) {
    this.#options = options;
    this.#queue = new EventQueue(options.clock);
  }

  record(event: RecordedEvent): void {
    if (this.#isAbandoned) return this.#giveUp(event);
    this.#queue.add(event);
    this.#start();
  }

  async flush(): Promise<void> {
    this.#hurry.now();
    if (this.#queue.isEmpty) return;
    const { promise, resolve } = Promise.withResolvers<undefined>();
    this.#flushed.push(() => resolve(undefined));
    this.#queue.resumeAll();
    this.#start();
    await promise;
  }

  abandon(): void {
    this.#isAbandoned = true;
    for (const { event } of this.#queue.takeAll()) this.#giveUp(event);
    this.#tellFlushed();
  }

  #giveUp(event: RecordedEvent): void {
    this.#options.onProblem(new Error('the controller ended before it was sent'), event);
  }

  #tellFlushed(): void {
    if (this.#queue.isEmpty) for (const resolve of this.#flushed.splice(0)) resolve();
  }

  #start(): void {
    const most = this.#hurry.cancel.cancelled ? LAST_LANES : LANES;
    while (this.#lanes < most) {
      const talk = this.#queue.take();
      if (talk === undefined) return;
      this.#lanes += 1;
      void this.#sendOne(talk);
    }
  }

  async #sendOne(talk: Talk): Promise<void> {
    const [waiting] = talk.waiting;
    if (waiting === undefined) throw new Error('an object with nothing to tell has its turn');
    try {
      const { cancel } = this.#hurry;
      if (!cancel.cancelled) await this.#options.pace?.(cancel, waiting.first);
      await this.#send(waiting);
      this.#queue.sent(talk);
    } catch (error) {
      this.#failed(talk, waiting, error);
    }
    this.#lanes -= 1;
    this.#tellFlushed();
    this.#start();
  }

  /** Tried again later, unless the server has refused it or would have forgotten it by now. */
  #failed(talk: Talk, waiting: WaitingEvent, error: unknown): void {
    if (this.#isAbandoned) return;
    const isTooOld = this.#options.clock.now() - waiting.last >= REMEMBERED_MS;
    if (isRefusal(error) || isTooOld) {
      const problem = error instanceof Error ? error : new Error(String(error));
      this.#options.onProblem(problem, waiting.event);
      this.#queue.sent(talk);
      return;
    }
    const pauseMs = this.#hurry.cancel.cancelled
      ? HURRIED_PAUSE_MS
      : Math.min(FIRST_PAUSE_MS * 2 ** waiting.failures, LONGEST_PAUSE_MS);
    waiting.failures += 1;
    this.#queue.pause(talk, milliseconds(pauseMs), () => this.#start());
  }

  async #send(waiting: WaitingEvent): Promise<void> {
    const { about } = waiting.event;
    const key = keyOfEvent(waiting.event);
    this.#forgetOld();
    const stored = this.#stored.get(key);
    if (stored === undefined) return this.#create(waiting, key);
    const namespace = about.namespace ?? 'default';
    const count = stored.count + waiting.count;
    const ref = { resource: EVENTS, namespace, name: stored.name };
    const body = { count, lastTimestamp: formatInstant(waiting.last) };
    try {
      await this.#options.client.patch(ref, { type: 'merge', body });
      this.#remember(key, { name: stored.name, count });
    } catch (error) {
      if (!isNotFound(error)) throw error;
      // A server may have kept it for a shorter time: then it is told anew.
      await this.#create(waiting, key);
    }
  }

  async #create(waiting: WaitingEvent, key: string): Promise<void> {
    for (let tries = 1; ; tries += 1) {
      try {
        return await this.#createNamed(waiting, key);
      } catch (error) {
        // Another recorder has told something of an object with the same name in this very millisecond.
        const isTaken = error instanceof ApiError && error.reason === 'AlreadyExists';
        if (!isTaken || tries >= NAME_TRIES) throw error;
      }
    }
  }

  async #createNamed({ event, first, last, count }: WaitingEvent, key: string): Promise<void> {
    const { about, type, reason, message } = event;
    const namespace = about.namespace ?? 'default';
    const { component, client } = this.#options;
    // As other recorders name them: the object's name and the moment in hexadecimal nanoseconds.
    const moment = BigInt(Math.trunc(first)) * 1_000_000n + BigInt(this.#next());
    const name = `${about.name.slice(0, LONGEST_NAME)}.${moment.toString(16)}`;
    const object: KubeObject & Record<string, unknown> = {
      apiVersion: 'v1',
      kind: 'Event',
      metadata: { name, namespace },
      involvedObject: { ...about },
      reason,
      message,
      type,
      source: { component },
      firstTimestamp: formatInstant(first),
      lastTimestamp: formatInstant(last),
      count,
      reportingComponent: component,
      reportingInstance: '',
    };
    await client.create(EVENTS, object);
    this.#remember(key, { name, count });
  }

  #remember(key: string, stored: Omit<Stored, 'at'>): void {
    this.#stored.delete(key);
    if (this.#stored.size >= REMEMBERED) {
      const [oldest] = this.#stored.keys();
      if (oldest !== undefined) this.#stored.delete(oldest);
    }
    this.#stored.set(key, { ...stored, at: this.#options.clock.now() });
  }

  #forgetOld(): void {
    const end = this.#options.clock.now() - REMEMBERED_MS;
    for (const [key, { at }] of this.#stored) {
      if (at > end) return;
      this.#stored.delete(key);
    }
  }

  #counter = 0;

  /** Keeps names of one millisecond apart. */
  #next(): number {
    this.#counter = (this.#counter + 1) % 1_000_000;
    return this.#counter;
  }
}

/** Credentials that are being renewed, a server that is slow or busy. */
const PASSING: ReadonlySet<number> = new Set([401, 408, 429]);

/** The server has understood and will not have it: asking again would be no use. */
function isRefusal(error: unknown): boolean {
  return error instanceof ApiError && error.code < 500 && !PASSING.has(error.code);
}
