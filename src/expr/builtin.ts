// The shape of a builtin function, and the argument checks that families of them share.
import { fail } from './problem.ts';
import { isOr, nameOf, type Type } from './types.ts';
import { typeName, type Value } from './value.ts';

/** What builtins may ask of the world. */
export interface Surroundings {
  readonly nowNs: bigint;
  /** Counts elements that an expression makes; fails when the budget is spent. */
  budget(elements: number): void;
}

export interface Builtin {
  /** The result's type, or ExprError when the arguments do not fit. */
  check(args: readonly Type[]): Type;
  call(args: readonly Value[], around: Surroundings): Value;
}

/** The type as messages of this family print it: a nil has none there. */
export function printed(type: Type): string {
  return type.kind === 'nil' ? '%!s(<nil>)' : nameOf(type);
}

/** Fails unless there are between `least` and `most` arguments. */
export function counted(name: string, args: readonly unknown[], least: number, most: number): void {
  if (args.length < least) fail(`not enough arguments to call ${name}`);
  if (args.length > most) fail(`too many arguments to call ${name}`);
}

function accepts(param: Type, arg: Type): boolean {
  if (arg.kind === 'unknown' || param.kind === 'unknown') return true;
  if (param.kind === 'float') return arg.kind === 'float' || arg.kind === 'int';
  return param.kind === 'named' ? nameOf(param) === nameOf(arg) : param.kind === arg.kind;
}

/** Why `args` do not fit `params`; undefined if they do. */
export function misfit(
  name: string,
  params: readonly Type[],
  args: readonly Type[],
): string | undefined {
  if (args.length < params.length) return `not enough arguments to call ${name}`;
  if (args.length > params.length) return `too many arguments to call ${name}`;
  const wrong = params.findIndex((param, index) => !accepts(param, args[index] ?? param));
  const param = params[wrong];
  const arg = args[wrong];
  if (param === undefined || arg === undefined) return undefined;
  return arg.kind === 'nil'
    ? `cannot use nil as argument (type ${nameOf(param)}) to call ${name} `
    : `cannot use ${nameOf(arg)} as argument (type ${nameOf(param)}) to call ${name} `;
}

/** A function with fixed parameter types; of several forms the first that fits counts, else the last's error. */
export function typed(
  name: string,
  forms: readonly (readonly Type[])[],
  result: Type,
  call: Builtin['call'],
): Builtin {
  return {
    check(args) {
      let error: string | undefined;
      for (const params of forms) {
        error = misfit(name, params, args);
        if (error === undefined) return result;
      }
      return error === undefined ? result : fail(error);
    },
    call,
  };
}

/** A function of one argument whose kind is checked by name: `invalid argument for F (type T)`. */
export function unary(
  name: string,
  kinds: readonly Type['kind'][],
  result: Type | ((arg: Type) => Type),
  call: (value: Value, around: Surroundings) => Value,
): Builtin {
  return {
    check(args) {
      counted(name, args, 1, 1);
      const [arg = { kind: 'nil' as const }] = args;
      if (!isOr(arg, ...kinds)) fail(`invalid argument for ${name} (type ${printed(arg)})`);
      return typeof result === 'function' ? result(arg) : result;
    },
    call: ([value], around) => call(value, around),
  };
}

/** A text argument at run time. */
export function text(value: Value): string {
  return typeof value === 'string'
    ? value
    : fail(
        `interface conversion: interface {} is ${value === undefined ? 'nil' : typeName(value)}, not string`,
      );
}

/** A whole-number argument at run time; dynamic floats are cut. */
export function whole(value: Value): bigint {
  if (typeof value === 'bigint') return value;
  if (typeof value === 'number' && Number.isFinite(value)) return BigInt(Math.trunc(value));
  return fail(`invalid operation: int(${typeName(value)})`);
}
