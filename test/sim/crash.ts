// The death of a controller in the middle of its writes. Entry point: `Crash`.
import { type HttpRequest, TransportError } from '../../src/lib/ports.ts';

export function isWrite({ method, path }: HttpRequest): boolean {
  return method !== 'GET' && !path.includes('/events');
}

/** Told of each request before it is sent; a dead controller sends none. */
export class Crash {
  #left: number | undefined;
  #isDead = false;

  /** Not before that many more writes have been tried; the last of them is sent. */
  after(writes: number): void {
    this.#left = writes;
  }

  /** True once for each death: whoever asks starts another controller. */
  get hasHappened(): boolean {
    return this.#isDead;
  }

  /** Another controller sends again. */
  undo(): void {
    this.#isDead = false;
  }

  see(request: HttpRequest): void {
    if (this.#isDead) throw new TransportError('reset', 'the controller has been stopped');
    if (!isWrite(request) || this.#left === undefined) return;
    this.#left -= 1;
    if (this.#left > 0) return;
    this.#left = undefined;
    this.#isDead = true;
  }
}
