// How many requests a second an API server is asked: a bucket of tokens that fills evenly, in front of a transport. Who
// comes first is served first; who should come first is decided where requests begin (controller/queue.ts).
// Guarantees: never more than `burst` at once, nor more than `burst + perSecond * t` within t seconds. Watches pass freely:
// they are asked once and last. A server that is busy (429, API Priority and Fairness) is left alone by everybody for as
// long as it asks. (https://kubernetes.io/docs/concepts/cluster-administration/flow-control/)
import type { Cancel, Clock, HttpRequest, Instant, Stop, Transport } from '../lib/ports.ts';
import { instant, later, seconds } from '../lib/time.ts';
import { isEviction, retryAfterOf } from './requests.ts';

export interface BudgetOptions {
  readonly clock: Clock;
  readonly perSecond: number;
  /** How many may go at once after a rest. */
  readonly burst: number;
}

/** So many that wait to be sent, or are under way: then a server has more to do than it can at once. */
const CROWD = 4;
const CROWD_UNDER_WAY = 10;

interface Waiting {
  readonly cost: number;
  readonly go: () => void;
}

export class Budget {
  readonly #options: BudgetOptions;
  readonly #waiting = new Set<Waiting>();
  /** How many tokens there were at `#at`; never more than `burst`. */
  #tokens: number;
  #at: Instant;
  #heldUntil: Instant;
  #timer: Stop | undefined;
  #underWay = 0;

  constructor(options: BudgetOptions) {
    this.#options = options;
    this.#tokens = options.burst;
    this.#at = options.clock.now();
    this.#heldUntil = this.#at;
  }

  /**
   * Whether enough wait to use it up for now, or so many are unanswered that more would only wait at the server: who can
   * choose what to ask next should wait with it.
   */
  get isCrowded(): boolean {
    return this.#waiting.size >= CROWD || this.#underWay >= CROWD_UNDER_WAY;
  }

  /**
   * Takes one for something that is not this budget's own, if its own have no use for it: nobody waits, none is
   * unanswered, and half of a burst is left to who comes next.
   */
  takeSpare(): boolean {
    const isIdle = this.#waiting.size === 0 && this.#underWay === 0;
    this.#fill();
    const { clock, burst } = this.#options;
    if (!isIdle || this.#heldUntil > clock.now() || this.#tokens - 1 < burst / 2) return false;
    this.#tokens -= 1;
    return true;
  }

  /** Counts a request of this budget that is sent as unanswered until it settles. */
  async whileUnderWay<T>(send: () => Promise<T>): Promise<T> {
    this.#underWay += 1;
    try {
      return await send();
    } finally {
      this.#underWay -= 1;
    }
  }

  /** Resolves when it is the caller's turn, or at once when `cancel` is cancelled: then it has taken nothing. */
  take(cancel?: Cancel, cost = 1): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<undefined>();
    const one = { cost: Math.min(cost, this.#options.burst), go: () => resolve(undefined) };
    this.#waiting.add(one);
    this.#serve();
    const stop = cancel?.onCancel(() => {
      this.#waiting.delete(one);
      resolve(undefined);
    });
    return promise.then(() => stop?.());
  }

  /** Nobody is served before that moment. */
  hold(until: Instant): void {
    if (until > this.#heldUntil) this.#heldUntil = until;
  }

  #serve(): void {
    this.#timer?.();
    this.#timer = undefined;
    this.#fill();
    const now = this.#options.clock.now();
    for (const one of this.#waiting) {
      const at = this.#momentFor(one.cost);
      if (at > now) {
        this.#timer = this.#options.clock.at(at, () => this.#serve());
        return;
      }
      this.#tokens -= one.cost;
      this.#waiting.delete(one);
      one.go();
    }
  }

  #fill(): void {
    const { clock, perSecond, burst } = this.#options;
    const now = clock.now();
    // Timers ring at whole milliseconds: what comes in until then is not lost to those who wait.
    const most = this.#waiting.size === 0 ? burst : burst + perSecond / 1000;
    this.#tokens = Math.min(most, this.#tokens + ((now - this.#at) / 1000) * perSecond);
    this.#at = now;
  }

  /** 3 tokens missing at 40 a second -> 75 ms from now, on a clock of whole milliseconds. */
  #momentFor(cost: number): Instant {
    const missing = Math.max(0, cost - this.#tokens);
    // What is missing less than this is the rounding of sums.
    const waitMs = missing < 1e-9 ? 0 : Math.ceil((missing / this.#options.perSecond) * 1000);
    return instant(Math.max(this.#heldUntil, this.#at + waitMs));
  }
}

/** `transport` within the budget. */
export function budgeted(transport: Transport, budget: Budget, clock: Clock): Transport {
  return async (request) => {
    if (isWatch(request)) return transport(request);
    await budget.take(request.cancel);
    const response = await budget.whileUnderWay(() => transport(request));
    // A disruption budget's 429 is about that pod alone.
    const isBusy = response.status === 429 && !isEviction(request.path);
    const wait = isBusy ? retryAfterOf(response) : 0;
    if (wait !== undefined && wait > 0) budget.hold(later(clock.now(), seconds(wait)));
    return response;
  };
}

function isWatch({ method, path }: HttpRequest): boolean {
  return method === 'GET' && /[?&]watch=(?:true|1)(?:&|$)/.test(path);
}
