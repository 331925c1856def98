// Builtins about arrays and maps (analysis.md 10.7).
import { type Builtin, counted, printed, text, typed, whole } from './builtin.ts';
import { isEqual } from './equality.ts';
import { isLess } from './operators.ts';
import { fail } from './problem.ts';
import { ARRAY, arrayOf, isOr, MAP, nameOf, STRING, type Type, UNKNOWN } from './types.ts';
import { isArray, isMap, isTagged, typeName, type Value } from './value.ts';

/** A function of an array; `refusal` is the message's beginning and end around the type. */
function ofArray(
  name: string,
  refusal: (type: string) => string,
  result: (array: Type) => Type,
  call: (items: readonly Value[]) => Value,
): Builtin {
  return {
    check(args) {
      counted(name, args, 1, 1);
      const [arg = UNKNOWN] = args;
      if (!isOr(arg, 'array')) fail(refusal(printed(arg)));
      return result(arg);
    },
    call: ([value]) => call(isArray(value) ? value : fail(refusal(typeName(value)))),
  };
}

function elementOf(type: Type): Type {
  return type.kind === 'array' ? type.element : UNKNOWN;
}

function mergeSorted(items: readonly Value[], descending: boolean): readonly Value[] {
  // Comparing once up front tells mixed types even where a sort would not compare them.
  const copy = [...items];
  copy.sort((a, b) => (isLess(a, b) ? -1 : Number(isLess(b, a))));
  return descending ? copy.toReversed() : copy;
}

/** `asc` or `desc`; `refusal` words a bad order. */
export function isDescending(order: Value, refusal: (order: string) => string): boolean {
  if (order === undefined || order === 'asc') return false;
  return order === 'desc' ? true : fail(refusal(text(order)));
}

function flattened(items: readonly Value[]): readonly Value[] {
  return items.flatMap((item): readonly Value[] => (isArray(item) ? flattened(item) : [item]));
}

function unique(items: readonly Value[]): readonly Value[] {
  const held: Value[] = [];
  for (const item of items) if (!held.some((other) => isEqual(other, item))) held.push(item);
  return held;
}

const sort: Builtin = {
  check(args) {
    counted('sort', args, 1, 2);
    const [array = UNKNOWN, order = STRING] = args;
    if (!isOr(array, 'array')) fail(`cannot sort ${printed(array)}`);
    if (!isOr(order, 'string'))
      fail(`invalid argument for sort (expected string, got ${nameOf(order)})`);
    return array.kind === 'array' ? array : ARRAY;
  },
  call([array, order]) {
    const descending = isDescending(order, (got) => `invalid order ${got}, expected asc or desc`);
    return mergeSorted(isArray(array) ? array : fail(`cannot sort ${typeName(array)}`), descending);
  },
};

const take: Builtin = {
  check(args) {
    counted('take', args, 2, 2);
    const [array = UNKNOWN, count = UNKNOWN] = args;
    if (!isOr(array, 'array')) fail(`cannot take from ${printed(array)}`);
    if (!isOr(count, 'int')) fail(`cannot take ${printed(count)} elements`);
    return array.kind === 'array' ? array : ARRAY;
  },
  call([array, count]) {
    if (!isArray(array)) return fail(`cannot take from ${typeName(array)}`);
    const wanted = whole(count);
    if (wanted < 0n) fail('reflect.Value.Slice: slice index out of bounds');
    return array.slice(0, Number(wanted));
  },
};

const concat: Builtin = {
  check(args) {
    if (args.length === 0) fail('not enough arguments to call concat');
    for (const arg of args) if (!isOr(arg, 'array')) fail(`cannot concat ${printed(arg)}`);
    return ARRAY;
  },
  call: (args) =>
    args.flatMap((arg) => (isArray(arg) ? arg : fail(`cannot concat ${typeName(arg)}`))),
};

function ofMap(name: string, call: (value: ReadonlyMap<string | Value, Value>) => Value): Builtin {
  const refusal = (type: string) => `cannot get ${name} from ${type}`;
  return {
    check(args) {
      counted(name, args, 1, 1);
      const [arg = UNKNOWN] = args;
      return isOr(arg, 'map') ? ARRAY : fail(refusal(printed(arg)));
    },
    call: ([value]) => call(isMap(value) ? value : fail(refusal(typeName(value)))),
  };
}

const toPairs: Builtin = {
  ...ofMap('pairs', (map) => [...map].map(([key, value]) => [key, value])),
};

const fromPairs: Builtin = {
  check(args) {
    counted('fromPairs', args, 1, 1);
    const [arg = UNKNOWN] = args;
    return isOr(arg, 'array') ? MAP : fail(`cannot transform ${printed(arg)} from pairs`);
  },
  call([pairs]) {
    if (!isArray(pairs)) return fail(`cannot transform ${typeName(pairs)} from pairs`);
    return new Map(
      pairs.map((pair) => {
        if (!isArray(pair) || pair.length !== 2) return fail(`invalid pair ${typeName(pair)}`);
        return [pair[0], pair[1]];
      }),
    );
  },
};

const get: Builtin = {
  check(args) {
    counted('get', args, 2, 2);
    const [base = UNKNOWN, key = UNKNOWN] = args;
    if (base.kind === 'array') {
      return isOr(key, 'int') ? base.element : fail(`non-integer slice index ${nameOf(key)}`);
    }
    if (base.kind === 'map' && !isOr(key, 'string')) {
      fail(`cannot use ${nameOf(key)} to get an element from ${nameOf(base)}`);
    }
    return isOr(base, 'map', 'struct')
      ? UNKNOWN
      : fail(`type ${nameOf(base)} does not support indexing`);
  },
  call([base, key]) {
    if (isArray(base)) {
      const at = typeof key === 'bigint' || typeof key === 'number' ? Number(key) : Number.NaN;
      return base[Math.trunc(at < 0 ? at + base.length : at)];
    }
    if (isMap(base)) return base.get(key);
    if (isTagged(base) && base.kind === 'struct' && typeof key === 'string')
      return base.fields[key];
    return undefined;
  },
};

const TYPE_NAMES: Readonly<Record<string, string>> = { '<nil>': 'nil', float64: 'float' };

const type: Builtin = typed('type', [[UNKNOWN]], STRING, ([value]) => {
  if (isArray(value)) return 'array';
  if (isMap(value)) return 'map';
  const name = typeName(value);
  return TYPE_NAMES[name] ?? name;
});

export const COLLECTION_BUILTINS: Readonly<Record<string, Builtin>> = {
  first: ofArray(
    'first',
    (got) => `cannot get first element from ${got}`,
    elementOf,
    ([item]) => item,
  ),
  last: ofArray(
    'last',
    (got) => `cannot get last element from ${got}`,
    elementOf,
    (items) => items.at(-1),
  ),
  take,
  reverse: ofArray(
    'reverse',
    (got) => `cannot reverse ${got}`,
    (array) => array,
    (items) => items.toReversed(),
  ),
  sort,
  uniq: ofArray(
    'uniq',
    (got) => `cannot uniq ${got}`,
    (array) => array,
    unique,
  ),
  concat,
  flatten: ofArray(
    'flatten',
    (got) => `cannot flatten ${got}`,
    () => arrayOf(UNKNOWN),
    flattened,
  ),
  keys: ofMap('keys', (map) => [...map.keys()]),
  values: ofMap('values', (map) => [...map.values()]),
  toPairs,
  fromPairs,
  get,
  type,
};
