// Bodies on their way through the mesh: requests that can be sent again, answers whose end is told.
import type { Body } from '../../lib/ports.ts';

/** What is kept of a request for another attempt; a longer one is sent once. Envoy's limit per connection. */
const MOST_KEPT = 1_048_576;

/** A body that can be read from its beginning again as long as it is short. One reader at a time. */
export class Repeatable {
  readonly #source: AsyncIterator<Uint8Array>;
  #kept: Uint8Array[] = [];
  #isKept = true;
  #bytes = 0;
  #isOver = false;
  #pending: Promise<Uint8Array | undefined> | undefined;

  constructor(source: Body) {
    this.#source = source[Symbol.asyncIterator]();
  }

  /** Whether another attempt can still have all of it. */
  get isRepeatable(): boolean {
    return this.#isKept;
  }

  /** Bytes that have come so far. */
  get bytes(): number {
    return this.#bytes;
  }

  async *open(): AsyncGenerator<Uint8Array> {
    let next = 0;
    for (;;) {
      const kept = this.#isKept ? this.#kept[next] : undefined;
      next += 1;
      const chunk = kept ?? (await this.#pull());
      if (chunk === undefined) return;
      yield chunk;
    }
  }

  /** Nobody wants the rest. */
  async close(): Promise<void> {
    if (!this.#isOver) await this.#source.return?.();
  }

  #pull(): Promise<Uint8Array | undefined> {
    // The reader of an attempt that was given up may still wait for a chunk: it is the next one's too.
    this.#pending ??= this.#read().finally(() => {
      this.#pending = undefined;
    });
    return this.#pending;
  }

  async #read(): Promise<Uint8Array | undefined> {
    if (this.#isOver) return undefined;
    const { done, value } = await this.#source.next();
    if (done === true) {
      this.#isOver = true;
      return undefined;
    }
    this.#bytes += value.length;
    if (this.#isKept && this.#bytes <= MOST_KEPT) this.#kept.push(value);
    else {
      this.#isKept = false;
      this.#kept = [];
    }
    return value;
  }
}

export type BodyEnd = 'whole' | 'left' | 'broken';

/**
 * An answer's body with its length counted. `onEnd` is called once, however it ends: read to its end, left early (also
 * before the first chunk), or broken. `interrupt` breaks it from outside.
 */
export class Watched implements AsyncIterableIterator<Uint8Array> {
  readonly #source: AsyncIterator<Uint8Array>;
  readonly #onEnd: (end: BodyEnd, bytes: number) => void;
  #bytes = 0;
  #isOver = false;
  #interruption: Error | undefined;
  #reject: ((error: Error) => void) | undefined;

  constructor(source: Body, onEnd: (end: BodyEnd, bytes: number) => void) {
    this.#source = source[Symbol.asyncIterator]();
    this.#onEnd = onEnd;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  /** One promise for each chunk: this is run for every request, and a race would make four. */
  next(): Promise<IteratorResult<Uint8Array, undefined>> {
    if (this.#interruption !== undefined) return Promise.reject(this.#interruption);
    if (this.#isOver) return Promise.resolve({ done: true, value: undefined });
    const { promise, resolve, reject } =
      Promise.withResolvers<IteratorResult<Uint8Array, undefined>>();
    this.#reject = reject;
    this.#source.next().then(
      (result) => resolve(this.#read(result)),
      (error: Error) => {
        this.#end('broken');
        reject(error);
      },
    );
    return promise;
  }

  #read(result: IteratorResult<Uint8Array, unknown>): IteratorResult<Uint8Array, undefined> {
    if (result.done === true) {
      this.#end('whole');
      return { done: true, value: undefined };
    }
    this.#bytes += result.value.length;
    return result;
  }

  async return(): Promise<IteratorResult<Uint8Array, undefined>> {
    const wasOver = this.#isOver;
    this.#end('left');
    if (!wasOver) await this.#source.return?.();
    return { done: true, value: undefined };
  }

  interrupt(error: Error): void {
    if (this.#isOver) return;
    this.#interruption = error;
    this.#reject?.(error);
    this.#end('broken');
  }

  #end(end: BodyEnd): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#onEnd(end, this.#bytes);
  }
}
