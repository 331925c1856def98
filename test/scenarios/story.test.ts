import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { playStory } from './story.ts';
import { comparableLines, documentLines, withoutOwn } from './transcript.ts';

const DOCUMENT = readFileSync(
  new URL('../../examples/seed-transcript.txt', import.meta.url),
  'utf8',
);

it("the user's document comes true, line for line", async () => {
  const lines = withoutOwn(comparableLines(await playStory()));
  expect(lines).toEqual(documentLines(DOCUMENT));
});
