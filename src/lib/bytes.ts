// Bytes and text: UTF-8, base64, joining, and reading a body by lines.
import type { Body } from './ports.ts';

// Both are part of the WHATWG Encoding standard and present in every runtime we know; the pure folders
// compile without a DOM, so their shape is told here.
declare const TextEncoder: new () => { encode(text: string): Uint8Array };
declare const TextDecoder: new (
  label: string,
) => { decode(bytes?: Uint8Array, options?: { stream?: boolean }): string };
declare function btoa(binary: string): string;
declare function atob(text: string): string;

const ENCODER = new TextEncoder();

export function utf8(text: string): Uint8Array {
  return ENCODER.encode(text);
}

/** UTF-8 as text; broken sequences become U+FFFD. */
export function utf8Text(bytes: Uint8Array): string {
  return new TextDecoder('utf-8').decode(bytes);
}

export function concat(chunks: readonly Uint8Array[]): Uint8Array {
  const [only] = chunks;
  if (only !== undefined && chunks.length === 1) return only;
  const whole = new Uint8Array(chunks.reduce((sum, chunk) => sum + chunk.length, 0));
  let offset = 0;
  for (const chunk of chunks) {
    whole.set(chunk, offset);
    offset += chunk.length;
  }
  return whole;
}

/** The whole body; throws what the body throws. */
export async function readAll(body: Body): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of body) chunks.push(chunk);
  return concat(chunks);
}

/** A body of one chunk (none if it is empty). */
export async function* bodyOf(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  if (bytes.length > 0) yield bytes;
}

export function base64(bytes: Uint8Array): string {
  const parts: string[] = [];
  for (let at = 0; at < bytes.length; at += 8192) {
    parts.push(String.fromCodePoint(...bytes.subarray(at, at + 8192)));
  }
  return btoa(parts.join(''));
}

/** Bytes of a base64 text; undefined if it is not base64. */
export function fromBase64(text: string): Uint8Array | undefined {
  const compact = text.replace(/\s+/g, '');
  if (!/^[A-Za-z0-9+/]*={0,2}$/.test(compact) || compact.length % 4 === 1) return undefined;
  return Uint8Array.from(atob(compact), (character) => character.codePointAt(0) ?? 0);
}

const NEWLINE = 10;

/**
 * The lines of a body without their newline, each decoded once it is whole. A last line without newline
 * is given too, unless it is empty.
 */
export async function* lines(body: Body): AsyncGenerator<string> {
  let pending: Uint8Array[] = [];
  for await (const chunk of body) {
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, start)) {
      pending.push(chunk.subarray(start, end));
      yield utf8Text(concat(pending));
      pending = [];
      start = end + 1;
    }
    if (start < chunk.length) pending.push(chunk.subarray(start));
  }
  if (pending.length > 0) yield utf8Text(concat(pending));
}
