// How often the laws are tried. `LAWS_RUNS=30` makes it thirty times as many cases, from another seed each time;
// `LAWS_SEED=n` plays a seed again that a failure printed. By default the cases are the same in every run, so that a
// rare counterexample is found by whoever looks for one and not by whoever happens to merge.
import fc from 'fast-check';
import { deepFreeze } from '../../src/lib/freeze.ts';

const DEFAULT_SEED = 20_260_101;

function numberOf(name: string): number | undefined {
  const text = process.env[name] ?? '';
  return text === '' ? undefined : Number(text);
}

const FACTOR = numberOf('LAWS_RUNS') ?? 1;

function parametersFor(runs: number): fc.Parameters<unknown> {
  const seed = numberOf('LAWS_SEED') ?? (FACTOR === 1 ? DEFAULT_SEED : undefined);
  return { numRuns: Math.ceil(runs * FACTOR), ...(seed === undefined ? {} : { seed }) };
}

/** How long a test of a law may take, on a machine that is busy with other things. */
export const PATIENCE_MS = 300_000 * Math.max(1, FACTOR);

/** Tries an asynchronous property `runs` times, or as many times more as `LAWS_RUNS` says. */
export function holds<T>(property: fc.IAsyncPropertyWithHooks<T>, runs: number): Promise<void> {
  return fc.assert(property, parametersFor(runs) as fc.Parameters<T>);
}

/** The same for a property that needs no waiting. */
export function holdsAtOnce<T>(property: fc.IPropertyWithHooks<T>, runs: number): void {
  fc.assert(property, parametersFor(runs) as fc.Parameters<T>);
}

/** A copy that nobody can change, objects that are shared included. */
export function frozen<T>(value: T): T {
  return deepFreeze(structuredClone(value));
}
