// The time that a request has, and racing against it.
import { cancellation } from '../../lib/clock.ts';
import type { Clock, Stop } from '../../lib/ports.ts';
import { later, milliseconds } from '../../lib/time.ts';

const NOTHING: Stop = () => undefined;

/** From its making on; without a time it is never over and costs nothing. */
export class Deadline {
  readonly #over: ReturnType<typeof cancellation> | undefined;
  readonly #stop: Stop | undefined;

  constructor(clock: Clock, timeoutMs: number | undefined) {
    if (timeoutMs === undefined) return;
    const over = cancellation();
    this.#over = over;
    const at = later(clock.now(), milliseconds(timeoutMs));
    this.#stop = clock.at(at, () => over.now());
  }

  get isOver(): boolean {
    return this.#over?.cancel.cancelled === true;
  }

  /** At once if it is over. */
  onOver(run: () => void): Stop {
    return this.#over === undefined ? NOTHING : this.#over.cancel.onCancel(run);
  }

  /** Resolves with the work or when time is over, whichever is first. */
  async during(work: Promise<unknown>): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<undefined>();
    const off = this.onOver(() => resolve(undefined));
    await Promise.race([work, promise]);
    off();
  }

  stop(): void {
    this.#stop?.();
  }
}
