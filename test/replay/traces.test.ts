import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { jsonEqual } from '../../src/lib/equal.ts';
import { differences } from './compare.ts';
import { play } from './play.ts';
import { RULES, withRules } from './rules.ts';
import type { Trace } from './trace.ts';

const FOLDER = new URL('../traces/', import.meta.url);

const TRACES = readdirSync(FOLDER)
  .filter((name) => name.endsWith('.json') && !name.endsWith('.objects.json'))
  .map((name) => JSON.parse(readFileSync(new URL(name, FOLDER), 'utf8')) as Trace);

describe('traces of the reference', () => {
  it.each(TRACES.map((trace) => ({ name: trace.name, trace })))(
    '$name plays alike',
    async ({ trace }) => {
      expect(differences(withRules(trace), await play(trace))).toEqual([]);
    },
  );

  it.each(RULES)('the rule "$serves" changes some trace', ({ apply }) => {
    expect(TRACES.some((trace) => !jsonEqual(apply(trace), trace))).toBe(true);
  });

  it('are all there', () => {
    expect(TRACES.length).toBeGreaterThanOrEqual(77);
  });
});
