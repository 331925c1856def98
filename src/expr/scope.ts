// Names that an expression can see: the environment, builtins, `let` variables, and the element of a predicate.
import type { Builtin, Surroundings } from './builtin.ts';
import { COLLECTION_BUILTINS } from './builtins-collection.ts';
import { CAST_HELPERS, FLOAT_HELPERS, NUMBER_BUILTINS, resultHelpers } from './builtins-number.ts';
import { TEXT_BUILTINS } from './builtins-text.ts';
import { type Type, typeOfResult } from './types.ts';
import { fromResult, type ResultValue, type Value } from './value.ts';

export const BUILTINS: ReadonlyMap<string, Builtin> = new Map(
  Object.entries({ ...TEXT_BUILTINS, ...NUMBER_BUILTINS, ...COLLECTION_BUILTINS }),
);

/** What an expression is evaluated in: variables with their types, and helper functions. */
export interface Environment {
  readonly variables: ReadonlyMap<string, { readonly type: Type; readonly value: Value }>;
  readonly functions: ReadonlyMap<string, Builtin>;
  readonly around: Surroundings;
}

const BUDGET = 1_000_000;

function surroundings(nowMs: number, overspent: () => never): Surroundings {
  let made = 0;
  return {
    nowNs: BigInt(Math.round(nowMs)) * 1_000_000n,
    budget(elements) {
      made += elements;
      if (made > BUDGET) overspent();
    },
  };
}

/** The environment of a success or failure condition (analysis.md 10.1). */
export function conditionEnvironment(
  result: ResultValue,
  nowMs: number,
  overspent: () => never,
): Environment {
  const value = fromResult(result);
  return {
    variables: new Map([['result', { type: typeOfResult(result), value }]]),
    functions: new Map(
      Object.entries({ ...FLOAT_HELPERS, ...CAST_HELPERS, ...resultHelpers(value) }),
    ),
    around: surroundings(nowMs, overspent),
  };
}

/** The environment of the times of a range query. */
export function timeEnvironment(nowMs: number, overspent: () => never): Environment {
  return {
    variables: new Map(),
    functions: new Map(Object.entries(FLOAT_HELPERS)),
    around: surroundings(nowMs, overspent),
  };
}
