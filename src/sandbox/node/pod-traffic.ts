// The requests that a pod's server has under way: counted as its work, and at its end finished or cut.
import { cancellation } from '../../lib/clock.ts';
import { type Cancel, type Transport, TransportError } from '../../lib/ports.ts';

/** What the server of a pod has done so far. */
export interface Work {
  readonly requests: number;
  /** Under way now. */
  readonly active: number;
}

/**
 * Open until `close`, which refuses what is new and resolves when the last request has been answered; `cut` ends these
 * as a process that is killed does.
 */
export class PodTraffic implements Work {
  readonly #cut = cancellation();
  readonly #drained = Promise.withResolvers<undefined>();
  #requests = 0;
  #active = 0;
  #isOpen = true;

  get requests(): number {
    return this.#requests;
  }

  get active(): number {
    return this.#active;
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** The same server, watched. */
  through(server: Transport): Transport {
    return async (request) => {
      if (!this.#isOpen) throw new TransportError('refused', 'the pod has stopped listening');
      this.#requests += 1;
      this.#active += 1;
      try {
        const answer = await server({
          ...request,
          cancel: either(request.cancel, this.#cut.cancel),
        });
        if (this.#cut.cancel.cancelled) throw new TransportError('reset', 'the pod was killed');
        return answer;
      } finally {
        this.#active -= 1;
        if (!this.#isOpen && this.#active === 0) this.#drained.resolve(undefined);
      }
    };
  }

  close(): Promise<void> {
    this.#isOpen = false;
    if (this.#active === 0) this.#drained.resolve(undefined);
    return this.#drained.promise;
  }

  cut(): void {
    this.#isOpen = false;
    this.#cut.now();
  }
}

function either(first: Cancel | undefined, second: Cancel): Cancel {
  if (first === undefined) return second;
  return {
    get cancelled() {
      return first.cancelled || second.cancelled;
    },
    onCancel(run) {
      const stops = [first.onCancel(run), second.onCancel(run)];
      return () => {
        for (const stop of stops) stop();
      };
    },
  };
}
