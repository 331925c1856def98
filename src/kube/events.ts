// Kubernetes Events: what happened to an object, told once; the same again raises its count. A server that does not
// answer is tried some more times; one that refuses is not.
// (https://kubernetes.io/docs/reference/kubernetes-api/cluster-resources/event-v1/, operations.md).
import type { KubeObject } from '../api/object.ts';
import { EVENTS } from '../api/resources.ts';
import { cancellation, sleep } from '../lib/clock.ts';
import type { Clock, Instant } from '../lib/ports.ts';
import { formatInstant, milliseconds } from '../lib/time.ts';
import type { KubeClient } from './client.ts';
import { ApiError, isNotFound } from './errors.ts';

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
  /** Never throws, never waits: sending goes on in the background, in order. */
  record(event: RecordedEvent): void;
  /** Resolves when all that was recorded has been sent or given up; nothing is waited for any more. */
  flush(): Promise<void>;
}

export interface EventRecorderOptions {
  readonly client: KubeClient;
  readonly clock: Clock;
  /** Name of the source, e.g. `rollouts-controller`. */
  readonly component: string;
  /** Told of events that could not be stored. */
  readonly onProblem: (error: Error, event: RecordedEvent) => void;
}

interface Stored {
  readonly name: string;
  readonly count: number;
  readonly at: Instant;
}

/** Events that may wait to be sent; beyond it new ones are dropped and told as a problem. */
const CAPACITY = 1000;
/** How many different events are remembered for counting. */
const REMEMBERED = 4096;
/** And for how long after it was last told: servers keep an event for an hour, as a rule. */
const REMEMBERED_MS = 3_600_000;
/** How often sending is tried, and the first pause between; each is twice the one before. */
const TRIES = 6;
const FIRST_PAUSE_MS = 500;
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
  readonly #waiting: RecordedEvent[] = [];
  #sending: Promise<void> | undefined;
  /** Cancelled while what is left is to be sent without pauses. */
  #hurry = cancellation();

  constructor(options: EventRecorderOptions) {
    this.#options = options;
  }

  record(event: RecordedEvent): void {
    if (this.#waiting.length >= CAPACITY) {
      this.#options.onProblem(new Error('too many events are waiting to be sent'), event);
      return;
    }
    this.#waiting.push(event);
    this.#sending ??= this.#sendAll();
  }

  async flush(): Promise<void> {
    this.#hurry.now();
    await this.#sending;
    this.#hurry = cancellation();
  }

  async #sendAll(): Promise<void> {
    for (let event = this.#waiting.shift(); event !== undefined; event = this.#waiting.shift()) {
      try {
        await this.#sendPatiently(event);
      } catch (error) {
        this.#options.onProblem(error instanceof Error ? error : new Error(String(error)), event);
      }
    }
    this.#sending = undefined;
  }

  async #sendPatiently(event: RecordedEvent): Promise<void> {
    for (let tries = 1; ; tries += 1) {
      try {
        return await this.#send(event);
      } catch (error) {
        const { cancel } = this.#hurry;
        if (isRefusal(error) || tries >= TRIES || cancel.cancelled) throw error;
        const pause = milliseconds(FIRST_PAUSE_MS * 2 ** (tries - 1));
        await sleep(this.#options.clock, pause, cancel);
      }
    }
  }

  async #send(event: RecordedEvent): Promise<void> {
    const { about, type, reason, message } = event;
    const key = [about.uid, about.name, type, reason, message].join('\n');
    this.#forgetOld();
    const stored = this.#stored.get(key);
    const now = formatInstant(this.#options.clock.now());
    if (stored === undefined) return this.#create(event, key, now);
    const namespace = about.namespace ?? 'default';
    const count = stored.count + 1;
    const ref = { resource: EVENTS, namespace, name: stored.name };
    try {
      await this.#options.client.patch(ref, { type: 'merge', body: { count, lastTimestamp: now } });
      this.#remember(key, { name: stored.name, count });
    } catch (error) {
      if (!isNotFound(error)) throw error;
      // A server may have kept it for a shorter time: then it is told anew.
      await this.#create(event, key, now);
    }
  }

  async #create(event: RecordedEvent, key: string, now: string): Promise<void> {
    for (let tries = 1; ; tries += 1) {
      try {
        return await this.#createNamed(event, key, now);
      } catch (error) {
        // Another recorder has told something of an object with the same name in this very millisecond.
        const isTaken = error instanceof ApiError && error.reason === 'AlreadyExists';
        if (!isTaken || tries >= NAME_TRIES) throw error;
      }
    }
  }

  async #createNamed(event: RecordedEvent, key: string, now: string): Promise<void> {
    const { about, type, reason, message } = event;
    const namespace = about.namespace ?? 'default';
    const { component, clock, client } = this.#options;
    // As other recorders name them: the object's name and the moment in hexadecimal nanoseconds.
    const moment = (BigInt(Math.trunc(clock.now())) * 1_000_000n + BigInt(this.#next())).toString(
      16,
    );
    const name = `${about.name.slice(0, LONGEST_NAME)}.${moment}`;
    const object: KubeObject & Record<string, unknown> = {
      apiVersion: 'v1',
      kind: 'Event',
      metadata: { name, namespace },
      involvedObject: { ...about },
      reason,
      message,
      type,
      source: { component },
      firstTimestamp: now,
      lastTimestamp: now,
      count: 1,
      reportingComponent: component,
      reportingInstance: '',
    };
    await client.create(EVENTS, object);
    this.#remember(key, { name, count: 1 });
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

/** The server has understood and will not have it: asking again would be no use. */
function isRefusal(error: unknown): boolean {
  return error instanceof ApiError && error.code < 500 && error.code !== 429;
}
