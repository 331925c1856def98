// Bytes of gob's basic values, in a buffer that grows.
import { utf8 } from '../../lib/bytes.ts';

const MASK = 0xffn;
const WORD = 64;

export class GobWriter {
  #bytes = new Uint8Array(256);
  #length = 0;

  /** What has been written so far. */
  get bytes(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  byte(value: number): void {
    this.#reserve(1);
    this.#bytes[this.#length] = value;
    this.#length += 1;
  }

  raw(bytes: Uint8Array): void {
    this.#reserve(bytes.length);
    this.#bytes.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  /** Below 128 the byte itself; otherwise the negated number of bytes, then they, the highest first. */
  uint(value: number | bigint): void {
    if (value < 128) return this.byte(Number(value));
    const bytes: number[] = [];
    for (let rest = BigInt(value); rest > 0n; rest >>= 8n) bytes.unshift(Number(rest & MASK));
    this.byte(256 - bytes.length);
    for (const one of bytes) this.byte(one);
  }

  /** Bit 0 says that the rest is complemented. */
  int(value: number | bigint): void {
    const big = BigInt(value);
    this.uint(BigInt.asUintN(WORD, big < 0n ? (~big << 1n) | 1n : big << 1n));
  }

  /** The bits of a double in reverse order of bytes, as an unsigned number. */
  float(value: number): void {
    const view = new DataView(new ArrayBuffer(8));
    view.setFloat64(0, value, true);
    this.uint(view.getBigUint64(0, false));
  }

  text(value: string): void {
    this.counted(utf8(value));
  }

  counted(bytes: Uint8Array): void {
    this.uint(bytes.length);
    this.raw(bytes);
  }

  #reserve(count: number): void {
    const wanted = this.#length + count;
    if (wanted <= this.#bytes.length) return;
    const larger = new Uint8Array(Math.max(wanted, this.#bytes.length * 2));
    larger.set(this.bytes);
    this.#bytes = larger;
  }
}
