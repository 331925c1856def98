import { describe, expect, it } from 'vitest';
import { base64, fromBase64, lines, utf8, utf8Text } from './bytes.ts';

async function* body(...chunks: readonly string[]) {
  for (const chunk of chunks) yield utf8(chunk);
}

describe('bytes', () => {
  it.each([
    {
      chunks: ['a\nb', 'c\n', '\nd'],
      expected: ['a', 'bc', '', 'd'],
      reason: 'a line may span chunks',
    },
    { chunks: ['a\n'], expected: ['a'], reason: 'no empty last line' },
    { chunks: [], expected: [], reason: 'an empty body has no lines' },
  ])('lines: $reason', async ({ chunks, expected }) => {
    const seen: string[] = [];
    for await (const line of lines(body(...chunks))) seen.push(line);
    expect(seen).toEqual(expected);
  });

  it('keeps a character that a chunk border cuts', async () => {
    const bytes = utf8('✔\n');
    async function* cut() {
      yield bytes.subarray(0, 1);
      yield bytes.subarray(1);
    }
    for await (const line of lines(cut())) expect(line).toBe('✔');
  });

  it('base64 goes there and back, and refuses what is none', () => {
    expect(utf8Text(fromBase64(base64(utf8('Straße ✔'))) ?? utf8(''))).toBe('Straße ✔');
    expect(fromBase64('%%%')).toBeUndefined();
    expect(fromBase64('aGk=\n')).toEqual(utf8('hi'));
  });
});
