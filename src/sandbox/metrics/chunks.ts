// The samples of one series: chunks of typed arrays, oldest first. Times are kept as milliseconds since the chunk's
// first sample; a stale mark is a bit beside the value, because JavaScript has only one NaN.
import type { Instant } from '../../lib/ports.ts';

const CHUNK_SAMPLES = 128;
const FIRST_SAMPLES = 8;
/** A chunk spans at most this, so that its times fit into 32 bits. */
const CHUNK_SPAN_MS = 2 ** 32 - 1;

interface Chunk {
  readonly start: number;
  length: number;
  offsets: Uint32Array;
  values: Float64Array;
  stale: Uint8Array | undefined;
}

/** Samples of a stretch of time, in order. `stale[i]` is 1 where the series was said to have ended. */
export interface Samples {
  readonly times: Float64Array;
  readonly values: Float64Array;
  readonly stale: Uint8Array | undefined;
}

export type AppendOutcome =
  | 'added'
  /** The same sample once more. */
  | 'known'
  /** Another value for a time that has one; the first stays. */
  | 'conflict'
  /** Older than the newest sample; not taken. */
  | 'late';

export class SampleChunks {
  #chunks: Chunk[] = [];
  #count = 0;
  #lastTime = -Infinity;

  get count(): number {
    return this.#count;
  }

  /** Time of the newest sample; minus infinity if there is none. */
  get lastTime(): number {
    return this.#lastTime;
  }

  get firstTime(): number {
    return this.#chunks[0]?.start ?? Infinity;
  }

  get isStale(): boolean {
    const last = this.#chunks.at(-1);
    return last !== undefined && last.stale?.[last.length - 1] === 1;
  }

  append(value: number, at: Instant, isStale: boolean): AppendOutcome {
    if (at < this.#lastTime) return 'late';
    if (at === this.#lastTime) return this.#isLast(value, isStale) ? 'known' : 'conflict';
    const chunk = this.#open(at);
    const index = chunk.length;
    if (index === chunk.values.length) grow(chunk);
    chunk.offsets[index] = at - chunk.start;
    chunk.values[index] = value;
    if (isStale) {
      chunk.stale ??= new Uint8Array(chunk.values.length);
      chunk.stale[index] = 1;
    }
    chunk.length += 1;
    this.#count += 1;
    this.#lastTime = at;
    return 'added';
  }

  #isLast(value: number, isStale: boolean): boolean {
    const last = this.#chunks.at(-1);
    if (last === undefined || this.isStale !== isStale) return false;
    return isStale || Object.is(last.values[last.length - 1], value);
  }

  #open(at: number): Chunk {
    const last = this.#chunks.at(-1);
    if (last !== undefined && last.length < CHUNK_SAMPLES && at - last.start <= CHUNK_SPAN_MS) {
      return last;
    }
    const chunk: Chunk = {
      start: at,
      length: 0,
      offsets: new Uint32Array(FIRST_SAMPLES),
      values: new Float64Array(FIRST_SAMPLES),
      stale: undefined,
    };
    this.#chunks.push(chunk);
    return chunk;
  }

  /** Forgets what is older than `time`; gives the number of samples forgotten. */
  dropBefore(time: number): number {
    if (this.firstTime >= time) return 0;
    const before = this.#count;
    this.#chunks = this.#chunks.filter((chunk) => lastOf(chunk) >= time);
    const [first] = this.#chunks;
    if (first !== undefined && first.start < time) this.#chunks[0] = tail(first, time);
    this.#count = this.#chunks.reduce((sum, { length }) => sum + length, 0);
    return before - this.#count;
  }

  /** A copy of the samples from `from` to `to`, both included. */
  between(from: number, to: number): Samples {
    const parts: Part[] = [];
    let length = 0;
    let hasStale = false;
    for (const chunk of this.#chunks) {
      if (chunk.start > to || lastOf(chunk) < from) continue;
      const { start, end } = rangeOf(chunk, from, to);
      parts.push({ chunk, start, end });
      length += end - start;
      if (chunk.stale !== undefined) hasStale = true;
    }
    return joined(parts, length, hasStale);
  }
}

interface Part {
  readonly chunk: Chunk;
  readonly start: number;
  readonly end: number;
}

function joined(parts: readonly Part[], length: number, hasStale: boolean): Samples {
  const times = new Float64Array(length);
  const values = new Float64Array(length);
  const stale = hasStale ? new Uint8Array(length) : undefined;
  let out = 0;
  for (const { chunk, start, end } of parts) {
    values.set(chunk.values.subarray(start, end), out);
    if (chunk.stale !== undefined) stale?.set(chunk.stale.subarray(start, end), out);
    for (let at = start; at < end; at += 1, out += 1) {
      times[out] = chunk.start + (chunk.offsets[at] ?? 0);
    }
  }
  return { times, values, stale };
}

function grow(chunk: Chunk): void {
  const size = Math.min(CHUNK_SAMPLES, chunk.values.length * 2);
  const offsets = new Uint32Array(size);
  const values = new Float64Array(size);
  offsets.set(chunk.offsets);
  values.set(chunk.values);
  chunk.offsets = offsets;
  chunk.values = values;
  if (chunk.stale !== undefined) {
    const stale = new Uint8Array(size);
    stale.set(chunk.stale);
    chunk.stale = stale;
  }
}

function lastOf(chunk: Chunk): number {
  return chunk.start + (chunk.offsets[chunk.length - 1] ?? 0);
}

/** First index whose time is not before `time`. */
function firstFrom(chunk: Chunk, time: number): number {
  let low = 0;
  let high = chunk.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (chunk.start + (chunk.offsets[middle] ?? 0) < time) low = middle + 1;
    else high = middle;
  }
  return low;
}

function rangeOf(chunk: Chunk, from: number, to: number): { start: number; end: number } {
  const start = chunk.start >= from ? 0 : firstFrom(chunk, from);
  // Times are whole milliseconds: what is not before the next one lies outside.
  const end = lastOf(chunk) <= to ? chunk.length : firstFrom(chunk, Math.floor(to) + 1);
  return { start, end: Math.max(start, end) };
}

/** The part of a chunk that is not before `time`, in arrays of its own so that the old ones can go. */
function tail(chunk: Chunk, time: number): Chunk {
  const first = firstFrom(chunk, time);
  const moved = chunk.offsets[first] ?? 0;
  return {
    start: chunk.start + moved,
    length: chunk.length - first,
    offsets: chunk.offsets.slice(first).map((offset) => offset - moved),
    values: chunk.values.slice(first),
    stale: chunk.stale?.slice(first),
  };
}
