// Gob's basic values out of messages that have come. What is asked for beyond them is `Incomplete`: more must come.
import { utf8Text } from '../../lib/bytes.ts';
import { GobError } from './types.ts';

/** Thrown where the messages end too early; the value is read anew once there is another. */
export class Incomplete extends Error {}

const LONGEST_INTEGER = 8;

export class GobReader {
  readonly #bytes: Uint8Array;
  /** Where messages begin. */
  readonly #starts: ReadonlySet<number>;
  #at = 0;

  constructor(bytes: Uint8Array, starts: ReadonlySet<number>) {
    this.#bytes = bytes;
    this.#starts = starts;
  }

  get isAtStart(): boolean {
    return this.#starts.has(this.#at) || this.left === 0;
  }

  get left(): number {
    return this.#bytes.length - this.#at;
  }

  uint(): number | bigint {
    const [first = 0] = this.#take(1);
    if (first < 128) return first;
    const count = 256 - first;
    if (count > LONGEST_INTEGER) throw new GobError(`an integer of ${count} bytes`);
    let value = 0n;
    for (const byte of this.#take(count)) value = (value << 8n) | BigInt(byte);
    return narrowed(value);
  }

  int(): number | bigint {
    const coded = BigInt(this.uint());
    const value = (coded & 1n) === 1n ? ~(coded >> 1n) : coded >> 1n;
    return narrowed(value);
  }

  /** A number that counts or names something; others are broken. */
  small(): number {
    const value = this.uint();
    if (typeof value === 'number') return value;
    throw new GobError(`the count ${value}`);
  }

  id(): number {
    return Number(this.int());
  }

  float(): number {
    const view = new DataView(new ArrayBuffer(8));
    view.setBigUint64(0, BigInt(this.uint()), false);
    return view.getFloat64(0, true);
  }

  counted(): Uint8Array {
    return this.#take(this.small()).slice();
  }

  text(): string {
    return utf8Text(this.#take(this.small()));
  }

  /** How many follow; each takes at least one byte, so there are no more than bytes are left. */
  count(): number {
    const count = this.small();
    if (count > this.left) throw new GobError(`${count} items in ${this.left} bytes`);
    return count;
  }

  #take(count: number): Uint8Array {
    if (count > this.left) throw new Incomplete();
    this.#at += count;
    return this.#bytes.subarray(this.#at - count, this.#at);
  }
}

function narrowed(value: bigint): number | bigint {
  const isSafe = value <= Number.MAX_SAFE_INTEGER && value >= Number.MIN_SAFE_INTEGER;
  return isSafe ? Number(value) : value;
}
