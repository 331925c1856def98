import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { jsonEqual } from '../../src/lib/equal.ts';
import { differences } from './compare.ts';
import { missingFeatures } from './features.ts';
import { play } from './play.ts';
import { RULES, withRules } from './rules.ts';
import type { Trace } from './trace.ts';

const FOLDER = new URL('../traces/', import.meta.url);

const TRACES = readdirSync(FOLDER)
  .filter((name) => name.endsWith('.json') && !name.endsWith('.objects.json'))
  .map((name) => JSON.parse(readFileSync(new URL(name, FOLDER), 'utf8')) as Trace);

const BUILT = TRACES.filter((trace) => missingFeatures(trace).length === 0);

describe('traces of the reference', () => {
  it.each(BUILT.map((trace) => ({ name: trace.name, trace })))(
    '$name plays alike',
    async ({ trace }) => {
      expect(differences(withRules(trace), await play(trace))).toEqual([]);
    },
  );

  it.each(RULES)('the rule "$serves" changes some trace', ({ apply }) => {
    expect(TRACES.some((trace) => !jsonEqual(apply(trace), trace))).toBe(true);
  });

  it('wait only for features that are named', () => {
    const waiting = TRACES.filter((trace) => !BUILT.includes(trace));
    expect(waiting.length).toBe(TRACES.length - BUILT.length);
    expect(BUILT.length).toBeGreaterThan(50);
  });
});
