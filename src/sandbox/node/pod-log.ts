// What a pod has printed: the newest lines with their moments, and who follows them.
import type { Cancel, Clock, Instant } from '../../lib/ports.ts';
import { utf8 } from '../../lib/bytes.ts';
import { formatInstantMicro } from '../../lib/time.ts';

interface Line {
  readonly at: Instant;
  readonly text: string;
}

/** Lines that are kept. */
const CAPACITY = 2000;

export interface ReadOptions {
  readonly follow: boolean;
  readonly tailLines: number | undefined;
  readonly sinceSeconds: number | undefined;
  readonly timestamps: boolean;
  readonly cancel: Cancel | undefined;
}

export class PodLog {
  readonly #clock: Clock;
  readonly #lines: Line[] = [];
  #first = 0;
  #isClosed = false;
  readonly #waiting = new Set<() => void>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  add(text: string): void {
    this.#lines.push({ at: this.#clock.now(), text });
    if (this.#lines.length > CAPACITY) {
      this.#lines.shift();
      this.#first += 1;
    }
    this.#wake();
  }

  /** Nothing more will come: followers end. */
  close(): void {
    this.#isClosed = true;
    this.#wake();
  }

  async *read({ follow, tailLines, sinceSeconds, timestamps, cancel }: ReadOptions) {
    const since = sinceSeconds === undefined ? 0 : this.#clock.now() - sinceSeconds * 1000;
    const end = this.#first + this.#lines.length;
    let next = tailLines === undefined ? this.#first : Math.max(this.#first, end - tailLines);
    const stop = cancel?.onCancel(() => this.#wake());
    try {
      for (;;) {
        next = Math.max(next, this.#first);
        const line = this.#lines[next - this.#first];
        if (line !== undefined) {
          next += 1;
          if (line.at < since) continue;
          const prefix = timestamps ? `${formatInstantMicro(line.at)} ` : '';
          yield utf8(`${prefix}${line.text}\n`);
          continue;
        }
        if (!follow || this.#isClosed || cancel?.cancelled === true) return;
        await this.#change();
      }
    } finally {
      stop?.();
    }
  }

  #change(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<undefined>();
    this.#waiting.add(() => resolve(undefined));
    return promise;
  }

  #wake(): void {
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const wake of waiting) wake();
  }
}
