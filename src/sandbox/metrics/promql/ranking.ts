// The order of values: NaN is worse than any number, whether the largest or the smallest is asked for. Equal values
// come in the order that Go's heap and sort leave them in, because users see it.
import type { Sample } from './rows.ts';
import { sortUnstably } from './unstable-sort.ts';

function isWorse(a: Sample, b: Sample, wantsLargest: boolean): boolean {
  if (Number.isNaN(a.value)) return true;
  return wantsLargest ? a.value < b.value : a.value > b.value;
}

/** Samples by value, the best first, NaN last. */
export function ranked(samples: readonly Sample[], wantsLargest: boolean): readonly Sample[] {
  const sorted = [...samples];
  sortUnstably(sorted, (a, b) => isWorse(b, a, wantsLargest));
  return sorted;
}

/** The best `count` of what is added: a heap with the worst of them on top. */
export class TopValues {
  readonly #count: number;
  readonly #wantsLargest: boolean;
  readonly #heap: Sample[] = [];

  constructor(count: number, wantsLargest: boolean) {
    this.#count = count;
    this.#wantsLargest = wantsLargest;
  }

  add(sample: Sample): void {
    const [worst] = this.#heap;
    if (worst === undefined || this.#heap.length < this.#count) {
      this.#heap.push(sample);
      this.#up(this.#heap.length - 1);
      return;
    }
    const isBetter = this.#wantsLargest ? worst.value < sample.value : worst.value > sample.value;
    if (!isBetter && !Number.isNaN(worst.value)) return;
    if (this.#count === 1) {
      this.#heap[0] = sample;
      return;
    }
    this.#dropWorst();
    this.#heap.push(sample);
    this.#up(this.#heap.length - 1);
  }

  #dropWorst(): void {
    this.#swap(0, this.#heap.length - 1);
    this.#heap.pop();
    this.#down();
  }

  sorted(): readonly Sample[] {
    return ranked(this.#heap, this.#wantsLargest);
  }

  #isWorse(a: number, b: number): boolean {
    const [left, right] = [this.#heap[a], this.#heap[b]];
    return left !== undefined && right !== undefined && isWorse(left, right, this.#wantsLargest);
  }

  #swap(a: number, b: number): void {
    const [left, right] = [this.#heap[a], this.#heap[b]];
    if (left === undefined || right === undefined) return;
    this.#heap[a] = right;
    this.#heap[b] = left;
  }

  #up(from: number): void {
    let at = from;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!this.#isWorse(at, parent)) return;
      this.#swap(at, parent);
      at = parent;
    }
  }

  #down(): void {
    let at = 0;
    for (;;) {
      const left = 2 * at + 1;
      if (left >= this.#heap.length) return;
      const right = left + 1;
      const child = right < this.#heap.length && this.#isWorse(right, left) ? right : left;
      if (!this.#isWorse(child, at)) return;
      this.#swap(at, child);
      at = child;
    }
  }
}
