// Builtins that ask a predicate about each element (analysis.md 10.6).
import type { PredicateCall } from './ast.ts';
import { isDescending } from './builtins-collection.ts';
import { sumOf } from './builtins-number.ts';
import { type Frame, truth, valueOf } from './evaluator.ts';
import { isLess } from './operators.ts';
import { fail } from './problem.ts';
import { isArray, typeName, type Value } from './value.ts';

interface Elements {
  readonly items: readonly Value[];
  /** The predicate's value for an element. */
  readonly of: (index: number, accumulator?: Value) => Value;
  readonly holds: (index: number) => boolean;
}

function elementsOf(node: PredicateCall, frame: Frame): Elements {
  const array = valueOf(node.array, frame);
  if (!isArray(array)) {
    return fail(`builtin ${node.name} takes only array (got ${typeName(array)})`);
  }
  const of = (index: number, accumulator?: Value): Value => {
    if (node.predicate === undefined) return array[index];
    return valueOf(node.predicate, {
      ...frame,
      pointer: { element: array[index], index, accumulator },
    });
  };
  return { items: array, of, holds: (index) => truth(of(index)) };
}

/** The value of `name(array, predicate, rest)`. */
export function evaluatePredicate(node: PredicateCall, frame: Frame): Value {
  const elements = elementsOf(node, frame);
  const { items, of, holds } = elements;
  switch (node.name) {
    case 'all':
      return items.every((_, index) => holds(index));
    case 'none':
      return !items.some((_, index) => holds(index));
    case 'any':
      return items.some((_, index) => holds(index));
    case 'one':
      return items.filter((_, index) => holds(index)).length === 1;
    case 'count':
      return BigInt(items.filter((_, index) => holds(index)).length);
    case 'filter':
      return items.filter((_, index) => holds(index));
    case 'map':
      return items.map((_, index) => of(index));
    case 'sum':
      return sumOf(items.map((_, index) => of(index)));
    default:
      return searched(node, elements, frame);
  }
}

function searched(node: PredicateCall, { items, of, holds }: Elements, frame: Frame): Value {
  const position = (at: number): Value => (at < 0 ? undefined : BigInt(at));
  switch (node.name) {
    case 'find':
      return items.find((_, index) => holds(index));
    case 'findIndex':
      return position(items.findIndex((_, index) => holds(index)));
    case 'findLast':
      return items.findLast((_, index) => holds(index));
    case 'findLastIndex':
      return position(items.findLastIndex((_, index) => holds(index)));
    case 'groupBy':
      return grouped(items, of);
    case 'sortBy':
      return sorted(items, of, node.rest === undefined ? undefined : valueOf(node.rest, frame));
    default:
      return reduced(node, { items, of, holds }, frame);
  }
}

function grouped(items: readonly Value[], of: (index: number) => Value): Value {
  const groups = new Map<Value, Value[]>();
  for (const [index, item] of items.entries()) {
    const key = of(index);
    const group = groups.get(key) ?? [];
    group.push(item);
    groups.set(key, group);
  }
  return groups;
}

function sorted(items: readonly Value[], of: (index: number) => Value, order: Value): Value {
  const descending = isDescending(order, () => 'unknown order, use asc or desc');
  const keyed = items.map((item, index) => ({ item, key: of(index) }));
  keyed.sort((a, b) => (isLess(a.key, b.key) ? -1 : Number(isLess(b.key, a.key))));
  const result = keyed.map(({ item }) => item);
  return descending ? result.toReversed() : result;
}

function reduced(node: PredicateCall, { items, of }: Elements, frame: Frame): Value {
  if (node.rest === undefined && items.length === 0) {
    fail('reduce of empty array with no initial value');
  }
  let accumulator = node.rest === undefined ? items[0] : valueOf(node.rest, frame);
  for (let index = node.rest === undefined ? 1 : 0; index < items.length; index++) {
    accumulator = of(index, accumulator);
  }
  return accumulator;
}
