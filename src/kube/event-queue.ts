// Events that wait to be sent: object by object, each object's in order, the same twice as one with a count. So what waits
// is bounded by what can be said of the objects, and an object that much is said of does not delay the others.
import type { Clock, Duration, Instant, Stop } from '../lib/ports.ts';
import { later } from '../lib/time.ts';
import type { RecordedEvent } from './events.ts';

export interface WaitingEvent {
  readonly event: RecordedEvent;
  /** When it was told first. */
  readonly first: Instant;
  /** When it was told last, and how often since it waits. */
  last: Instant;
  count: number;
  /** How often sending it has failed. */
  failures: number;
}

/** What is said of one object; one of it is sent at a time. */
export interface Talk {
  readonly key: string;
  readonly waiting: WaitingEvent[];
}

interface Pause {
  readonly talk: Talk;
  readonly stop: Stop;
}

/** What makes two events the same. */
export function keyOfEvent({ about, type, reason, message }: RecordedEvent): string {
  return [about.uid, about.name, type, reason, message].join('\n');
}

export class EventQueue {
  readonly #clock: Clock;
  readonly #talks = new Map<string, Talk>();
  /** Talks with something to send whose turn comes, in order; each is here, being sent, or paused. */
  readonly #ready = new Set<Talk>();
  readonly #paused = new Map<Talk, Pause>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Puts the event behind what waits of its object. */
  add(event: RecordedEvent): void {
    const now = this.#clock.now();
    const key = `${event.about.uid}/${event.about.name}`;
    const talk = this.#talks.get(key);
    if (talk === undefined) {
      const begun = { key, waiting: [fresh(event, now)] };
      this.#talks.set(key, begun);
      this.#ready.add(begun);
      return;
    }
    // The first may be under way already.
    const wanted = keyOfEvent(event);
    const same = talk.waiting.find((one, index) => index > 0 && keyOfEvent(one.event) === wanted);
    if (same === undefined) talk.waiting.push(fresh(event, now));
    else {
      same.count += 1;
      same.last = now;
    }
  }

  /** The object whose turn it is; it is the caller's until it is given back by `sent` or `pause`. */
  take(): Talk | undefined {
    const [talk] = this.#ready;
    if (talk !== undefined) this.#ready.delete(talk);
    return talk;
  }

  /** Its first event is done with; its next one has to wait for its turn. */
  sent(talk: Talk): void {
    talk.waiting.shift();
    if (talk.waiting.length > 0) this.#ready.add(talk);
    else this.#talks.delete(talk.key);
  }

  /** Its first event is tried again after `delay`; `resumed` is called then. */
  pause(talk: Talk, delay: Duration, resumed: () => void): void {
    const stop = this.#clock.at(later(this.#clock.now(), delay), () => {
      this.#paused.delete(talk);
      this.#ready.add(talk);
      resumed();
    });
    this.#paused.set(talk, { talk, stop });
  }

  /** Ends all pauses. */
  resumeAll(): void {
    for (const { talk, stop } of this.#paused.values()) {
      stop();
      this.#ready.add(talk);
    }
    this.#paused.clear();
  }

  /** Forgets everything; gives what waited or was under way, object by object. */
  takeAll(): readonly WaitingEvent[] {
    for (const { stop } of this.#paused.values()) stop();
    const all = [...this.#talks.values()].flatMap(({ waiting }) => waiting.splice(0));
    this.#paused.clear();
    this.#ready.clear();
    this.#talks.clear();
    return all;
  }

  /** Nothing waits and nothing is under way. */
  get isEmpty(): boolean {
    return this.#talks.size === 0;
  }
}

function fresh(event: RecordedEvent, now: Instant): WaitingEvent {
  return { event, first: now, last: now, count: 1, failures: 0 };
}
