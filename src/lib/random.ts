// Chance from a seed: the same seed gives the same run.
import type { Random } from './ports.ts';

/** 32-bit FNV-1a of a text's UTF-16 units; turns words into seeds. */
function seedOf(text: string): number {
  let hash = 2166136261;
  for (let index = 0; index < text.length; index++) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 16777619);
  }
  return hash >>> 0;
}

/** A small generator (mulberry32): even enough for jitter, names and simulations; not for secrets. */
export function seededRandom(seed: number | string): Random {
  let state = typeof seed === 'number' ? seed >>> 0 : seedOf(seed);
  return {
    next(): number {
      state = (state + 0x6d2b79f5) >>> 0;
      let mixed = Math.imul(state ^ (state >>> 15), state | 1);
      mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)) ^ mixed;
      return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
    },
  };
}

const SUFFIX_ALPHABET = 'bcdfghjklmnpqrstvwxz2456789';

/** A random name suffix in Kubernetes' alphabet (no vowels, no look-alikes), e.g. `6sb8f`. */
export function randomSuffix(random: Random, length: number): string {
  let suffix = '';
  while (suffix.length < length) {
    suffix += SUFFIX_ALPHABET.charAt(Math.floor(random.next() * SUFFIX_ALPHABET.length));
  }
  return suffix;
}

/** A version 4 UUID of that generator. */
export function uuid(random: Random): string {
  const digits = Array.from({ length: 32 }, () => Math.floor(random.next() * 16));
  digits[12] = 4;
  digits[16] = ((digits[16] ?? 0) & 3) | 8;
  const text = digits.map((digit) => digit.toString(16)).join('');
  return [
    text.slice(0, 8),
    text.slice(8, 12),
    text.slice(12, 16),
    text.slice(16, 20),
    text.slice(20),
  ].join('-');
}
