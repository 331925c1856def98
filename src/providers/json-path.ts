// What a web metric's `jsonPath` finds in a document (providers.md 3). Entry point: `findFirst`.
//
// A missing member is an error, not nothing; integers of the path are another kind than the numbers of the document.
import { compareText } from '../expr/operators.ts';
import { printValue } from '../expr/printing.ts';
import { fromJson } from '../expr/value.ts';
import type { Action, Filter, Parsed, Slice, Step, Template } from './json-path-syntax.ts';

/** A value of the document, or a literal of the path. */
type Found = unknown;

/** The first value that the template gives, in a list; an empty one if it gives none. */
export function findFirst(template: Template, document: unknown): Parsed<Values> {
  try {
    const { groups } = evaluated({ template, at: 0, root: document, depth: 0 });
    return { ok: true, value: groups.flat().slice(0, 1) };
  } catch (error) {
    if (error instanceof PathProblem) return { ok: false, error: error.message };
    throw error;
  }
}

/** Never leaves this file. */
class PathProblem extends Error {}

function fail(message: string): never {
  throw new PathProblem(message);
}

type Values = readonly Found[];

interface Block {
  readonly template: Template;
  /** Index of the first part. */
  readonly at: number;
  readonly root: unknown;
  /** How many ranges are open. */
  readonly depth: number;
}

interface Evaluated {
  readonly groups: readonly Values[];
  /** Index of the `end` that closed the block; undefined if none did. */
  readonly end: number | undefined;
}

/** All parts from `at` on, up to the `end` of the innermost open range. */
function evaluated({ template, at, root, depth }: Block): Evaluated {
  const groups: Values[] = [];
  for (let index = at; index < template.length; index += 1) {
    const part = template[index] ?? '';
    if (typeof part === 'string') {
      groups.push([part]);
      continue;
    }
    const values = walked([root], part, depth);
    if (part.some((step) => step.kind === 'word' && step.word === 'end')) {
      return { groups, end: index };
    }
    if (!part.some((step) => step.kind === 'word' && step.word === 'range')) {
      groups.push(values);
      continue;
    }
    // An empty range is gone through once, for its end.
    const rounds = values.length === 0 ? [undefined] : values;
    const inner = rounds.map((value) =>
      evaluated({ template, at: index + 1, root: value, depth: depth + 1 }),
    );
    if (values.length > 0) groups.push(...inner.flatMap((round) => round.groups));
    index = inner.at(-1)?.end ?? index;
  }
  return { groups, end: undefined };
}

function walked(values: Values, action: Action, depth: number): Values {
  return action.reduce<Values>((current, step) => stepped(current, step, depth), values);
}

function stepped(values: Values, step: Step, depth: number): Values {
  switch (step.kind) {
    case 'member':
      return membersOf(values, step.name);
    case 'slice':
      return values.filter(isThere).flatMap((value) => sliced(value, step.slice));
    case 'union':
      return step.parts.flatMap((part) => walked(values, part, depth));
    case 'filter':
      return values.flatMap((value) => filtered(value, step.filter, depth));
    case 'wildcard':
      return values.flatMap(childrenOf);
    case 'descent':
      return values.flatMap(withDescendants);
    case 'literal':
      return typeof step.value === 'string' ? [step.value] : values.map(() => step.value);
    default:
      return worded(values, step.word, depth);
  }
}

function worded(values: Values, word: string, depth: number): Values {
  if (word === 'range') return values;
  if (word !== 'end') return fail(`unrecognized identifier ${word}`);
  return depth > 0 ? [] : fail('not in range, nothing to end');
}

function isThere(value: Found): boolean {
  return value !== null && value !== undefined;
}

function isObject(value: Found): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function membersOf(values: Values, name: string): Values {
  if (values.length === 0) return [];
  const found = values.flatMap((value) =>
    isObject(value) && Object.hasOwn(value, name) ? [value[name]] : [],
  );
  return found.length === 0 ? fail(`${name} is not found`) : found;
}

function childrenOf(value: Found): Values {
  if (Array.isArray(value)) return value as Values;
  return isObject(value) ? Object.values(value) : [];
}

/** The value, if it holds others, and all containers in it. */
function withDescendants(value: Found): Values {
  const children = childrenOf(value);
  return children.length === 0 ? [] : [value, ...children.flatMap(withDescendants)];
}

function typeOf(value: Found): string {
  if (Array.isArray(value)) return '[]interface {}';
  if (typeof value === 'bigint') return 'int';
  if (typeof value === 'number') return 'float64';
  if (typeof value === 'boolean') return 'bool';
  return typeof value === 'string' ? 'string' : 'map[string]interface {}';
}

function sliced(value: Found, slice: Slice): Values {
  if (!Array.isArray(value)) return fail(`${typeOf(value)} is not array or slice`);
  const { length } = value;
  const from = fromEnd(slice.from ?? 0, length);
  const to = slice.isOne && slice.to === 0 ? length : fromEnd(slice.to ?? length, length);
  if (to === from) return [];
  const outOfBounds = (index: number) =>
    fail(`array index out of bounds: index ${index}, length ${length}`);
  if (from >= length || from < 0) return outOfBounds(from);
  if (to > length || to < 0) return outOfBounds(to - 1);
  if (from > to) return fail(`starting index ${from} is greater than ending index ${to}`);
  const step = slice.step ?? 1;
  if (step <= 0) return fail('step must be > 0');
  return (value as Values).slice(from, to).filter((_one, at) => at % step === 0);
}

function fromEnd(index: number, length: number): number {
  return index < 0 ? index + length : index;
}

function filtered(value: Found, filter: Filter, depth: number): Values {
  if (!Array.isArray(value)) {
    return fail(`${printValue(fromJson(value))} is not array or slice and cannot be filtered`);
  }
  return (value as Values).filter((element) => isKept(element, filter, depth));
}

function isKept(element: Found, { left, comparison }: Filter, depth: number): boolean {
  if (comparison === undefined) return isPresent(element, left, depth);
  const lefts = walked([element], left, depth);
  if (lefts.length === 0) return false;
  const one = onlyOne(lefts);
  const rights = walked([element], comparison.right, depth);
  return rights.length > 0 && holds(one, comparison.operator, onlyOne(rights));
}

/** What leads nowhere is not there; that is no error here. */
function isPresent(element: Found, path: Action, depth: number): boolean {
  try {
    return walked([element], path, depth).length > 0;
  } catch (error) {
    if (error instanceof PathProblem) return false;
    throw error;
  }
}

function onlyOne(values: Values): Found {
  return values.length > 1 ? fail('can only compare one element at a time') : values[0];
}

type Basic = string | number | bigint | boolean;

const BASIC: ReadonlySet<string> = new Set(['string', 'number', 'bigint', 'boolean']);

function basicOf(value: Found): Basic {
  return BASIC.has(typeof value) ? (value as Basic) : fail('invalid type for comparison');
}

function holds(leftValue: Found, operator: string, rightValue: Found): boolean {
  if (!/^(?:[=!]=|[<>]=?)$/.test(operator)) {
    return fail(`unrecognized filter operator ${operator}`);
  }
  const left = basicOf(leftValue);
  const right = basicOf(rightValue);
  if (typeof left !== typeof right) return fail('incompatible types for comparison');
  const isEqual = left === right;
  if (operator === '==') return isEqual;
  if (operator === '!=') return !isEqual;
  if (typeof left === 'boolean') return fail('invalid type for comparison');
  const isLess =
    typeof left === 'string' ? compareText(left, String(right)) < 0 : Number(left) < Number(right);
  switch (operator) {
    case '<':
      return isLess;
    case '<=':
      return isLess || isEqual;
    case '>':
      return !isLess && !isEqual;
    default:
      return !isLess;
  }
}
