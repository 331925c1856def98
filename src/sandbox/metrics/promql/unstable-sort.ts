// Sorting that leaves equal elements in the order in which Go's `sort.Sort` leaves them (a pattern-defeating quicksort):
// series with equal values come in that order from a real Prometheus, and people see it.

/** Whether the element at one index belongs before that at another. It need not be consistent (NaN is not). */
type Before<Item> = (a: Item, b: Item) => boolean;

const INSERTION_LENGTH = 12;
const NINTHER_LENGTH = 50;
const MAX_EXCHANGES = 12;
const MAX_SHIFTS = 5;

/** Sorts in place. */
export function sortUnstably<Item>(items: Item[], before: Before<Item>): void {
  new Sort(items, before).run();
}

class Sort<Item> {
  readonly #items: Item[];
  readonly #isBefore: Before<Item>;

  constructor(items: Item[], before: Before<Item>) {
    this.#items = items;
    this.#isBefore = before;
  }

  run(): void {
    const { length } = this.#items;
    if (length > 1) this.#sort(0, length, bitLength(length));
  }

  #less(a: number, b: number): boolean {
    const { [a]: left, [b]: right } = this.#items;
    return this.#isBefore(left as Item, right as Item);
  }

  #swap(a: number, b: number): void {
    const { [a]: left, [b]: right } = this.#items;
    this.#items[a] = right as Item;
    this.#items[b] = left as Item;
  }

  /** `limit`: how many bad pivots are borne before a heap takes over. */
  #sort(from: number, to: number, limit: number): void {
    let [start, end, left] = [from, to, limit];
    let wasBalanced = true;
    let wasPartitioned = true;
    while (end - start > INSERTION_LENGTH) {
      if (left === 0) {
        this.#heap(start, end);
        return;
      }
      if (!wasBalanced) {
        this.#shuffle(start, end);
        left -= 1;
      }
      const pivot = this.#pivot(start, end);
      const isPromising = wasBalanced && wasPartitioned && pivot.isAscending;
      if (isPromising && this.#shiftFew(start, end)) return;
      if (start > 0 && !this.#less(start - 1, pivot.at)) {
        // Much is equal to the element before: all of that is in its place now.
        start = this.#partitionEqual(start, end, pivot.at);
        continue;
      }
      const { middle, wasDone } = this.#partition(start, end, pivot.at);
      wasPartitioned = wasDone;
      const smaller = Math.min(middle - start, end - middle);
      wasBalanced = smaller >= Math.floor((end - start) / 8);
      if (middle - start < end - middle) {
        this.#sort(start, middle, left);
        start = middle + 1;
      } else {
        this.#sort(middle + 1, end, left);
        end = middle;
      }
    }
    this.#insertion(start, end);
  }

  #insertion(start: number, end: number): void {
    for (let next = start + 1; next < end; next += 1) {
      for (let at = next; at > start && this.#less(at, at - 1); at -= 1) this.#swap(at, at - 1);
    }
  }

  #heap(start: number, end: number): void {
    const length = end - start;
    for (let root = (length - 1) >> 1; root >= 0; root -= 1) this.#sink(root, length, start);
    for (let last = length - 1; last >= 0; last -= 1) {
      this.#swap(start, start + last);
      this.#sink(0, last, start);
    }
  }

  #sink(from: number, length: number, start: number): void {
    let root = from;
    for (;;) {
      let child = 2 * root + 1;
      if (child >= length) return;
      if (child + 1 < length && this.#less(start + child, start + child + 1)) child += 1;
      if (!this.#less(start + root, start + child)) return;
      this.#swap(start + root, start + child);
      root = child;
    }
  }

  /** Exchanges three elements of the middle with some picked by a generator that the length seeds. */
  #shuffle(start: number, end: number): void {
    const length = end - start;
    const mask = (1n << BigInt(bitLength(length))) - 1n;
    const middle = start + Math.floor(length / 4) * 2 - 1;
    let state = BigInt(length);
    for (let step = 0; step < 3; step += 1) {
      state ^= BigInt.asUintN(64, state << 13n);
      state ^= state >> 17n;
      state ^= BigInt.asUintN(64, state << 5n);
      const other = Number(state & mask);
      this.#swap(middle - 1 + step, start + (other >= length ? other - length : other));
    }
  }

  /** A median, and whether the range looks sorted. One that looks sorted the wrong way round is turned. */
  #pivot(start: number, end: number): { at: number; isAscending: boolean } {
    const length = end - start;
    const quarter = Math.floor(length / 4);
    let exchanges = 0;
    const ordered = (a: number, b: number): readonly [number, number] => {
      if (!this.#less(b, a)) return [a, b];
      exchanges += 1;
      return [b, a];
    };
    const median = (a: number, b: number, c: number): number => {
      const [low, high] = ordered(a, b);
      const [middle] = ordered(high, c);
      return ordered(low, middle)[1];
    };
    const spots = [start + quarter, start + 2 * quarter, start + 3 * quarter].map((at) =>
      length >= NINTHER_LENGTH ? median(at - 1, at, at + 1) : at,
    );
    const [a = start, b = start, c = start] = spots;
    const at = median(a, b, c);
    if (exchanges < MAX_EXCHANGES) return { at, isAscending: exchanges === 0 };
    for (let low = start, high = end - 1; low < high; low += 1, high -= 1) this.#swap(low, high);
    return { at: end - 1 - (at - start), isAscending: true };
  }

  /** Puts a few elements that are out of order into their places; false if that was not enough. */
  #shiftFew(start: number, end: number): boolean {
    let at = start + 1;
    for (let shifts = 0; shifts < MAX_SHIFTS; shifts += 1) {
      while (at < end && !this.#less(at, at - 1)) at += 1;
      if (at === end) return true;
      if (end - start < NINTHER_LENGTH) return false;
      this.#swap(at, at - 1);
      if (at - start >= 2) {
        for (let down = at - 1; down >= 1 && this.#less(down, down - 1); down -= 1) {
          this.#swap(down, down - 1);
        }
      }
      if (end - at < 2) continue;
      for (let up = at + 1; up < end && this.#less(up, up - 1); up += 1) this.#swap(up, up - 1);
    }
    return false;
  }

  #partition(start: number, end: number, pivot: number): { middle: number; wasDone: boolean } {
    this.#swap(start, pivot);
    let [low, high] = [start + 1, end - 1];
    for (let wasDone = true; ; wasDone = false) {
      while (low <= high && this.#less(low, start)) low += 1;
      while (low <= high && !this.#less(high, start)) high -= 1;
      if (low > high) {
        this.#swap(high, start);
        return { middle: high, wasDone };
      }
      this.#swap(low, high);
      low += 1;
      high -= 1;
    }
  }

  /** Elements equal to the pivot come first; gives where the others begin. */
  #partitionEqual(start: number, end: number, pivot: number): number {
    this.#swap(start, pivot);
    let [low, high] = [start + 1, end - 1];
    for (;;) {
      while (low <= high && !this.#less(start, low)) low += 1;
      while (low <= high && this.#less(start, high)) high -= 1;
      if (low > high) return low;
      this.#swap(low, high);
      low += 1;
      high -= 1;
    }
  }
}

function bitLength(value: number): number {
  return 32 - Math.clz32(value);
}
