// Runs a checked tree (analysis.md 10.5, 10.6). Entry point: `evaluate`.
import type { MemberNode, Node } from './ast.ts';
import type { Builtin } from './builtin.ts';
import { callMethod } from './methods.ts';
import {
  add,
  compare,
  contains,
  divide,
  isIn,
  modulo,
  multiply,
  negate,
  notText,
  power,
  range,
  subtract,
} from './operators.ts';
import { isEqual } from './equality.ts';
import { compilePattern } from '../lib/pattern.ts';
import { evaluatePredicate } from './predicates.ts';
import { fail } from './problem.ts';
import { BUILTINS, type Environment } from './scope.ts';
import { elementAt, sliceOf } from './access.ts';
import { typeName, type Value } from './value.ts';

export interface Frame {
  readonly environment: Environment;
  readonly variables: ReadonlyMap<string, Value>;
  readonly pointer?: {
    readonly element: Value;
    readonly index: number;
    readonly accumulator: Value;
  };
}

/** A nil base inside an optional chain was met: the chain's value is nil. */
const BROKEN = Symbol('broken chain');
type Chained = Value | typeof BROKEN;

/** The value of the whole expression. */
export function evaluate(node: Node, environment: Environment): Value {
  return valueOf(node, { environment, variables: new Map() });
}

export function valueOf(node: Node, frame: Frame): Value {
  const value = chainedOf(node, frame);
  return value === BROKEN ? undefined : value;
}

function chainedOf(node: Node, frame: Frame): Chained {
  switch (node.kind) {
    case 'nil':
      return undefined;
    case 'bool':
    case 'int':
    case 'float':
    case 'string':
      return node.value;
    case 'bytes':
      return { kind: 'bytes', text: node.value };
    case 'name':
      return named(node.name, frame);
    case 'pointer':
      return pointed(node.name, frame);
    case 'member':
    case 'method':
    case 'slice':
      return accessed(node, frame);
    case 'chain':
      return valueOf(node.node, frame);
    default:
      return computed(node, frame);
  }
}

type Computed = Extract<
  Node,
  {
    kind:
      | 'unary'
      | 'binary'
      | 'condition'
      | 'let'
      | 'sequence'
      | 'array'
      | 'map'
      | 'call'
      | 'predicate';
  }
>;

function computed(node: Computed, frame: Frame): Value {
  switch (node.kind) {
    case 'unary':
      return unary(node.operator, valueOf(node.operand, frame));
    case 'binary':
      return binary(node, frame);
    case 'condition':
      return truth(valueOf(node.test, frame)) ? valueOf(node.yes, frame) : valueOf(node.no, frame);
    case 'let': {
      const variables = new Map([
        ...frame.variables,
        [node.name, valueOf(node.value, frame)] as const,
      ]);
      return valueOf(node.body, { ...frame, variables });
    }
    case 'sequence':
      return node.items.map((item) => valueOf(item, frame)).at(-1);
    case 'array':
      frame.environment.around.budget(node.items.length);
      return node.items.map((item) => valueOf(item, frame));
    case 'map':
      return new Map(
        node.pairs.map(([key, value]) => [textKey(valueOf(key, frame)), valueOf(value, frame)]),
      );
    case 'call':
      return call(
        node.name,
        node.args.map((arg) => valueOf(arg, frame)),
        frame,
      );
    default:
      return evaluatePredicate(node, frame);
  }
}

function textKey(value: Value): string {
  return typeof value === 'string' ? value : notText(value);
}

function builtinOf(name: string, frame: Frame): Builtin | undefined {
  return frame.environment.functions.get(name) ?? BUILTINS.get(name);
}

function named(name: string, frame: Frame): Value {
  if (name === '$env') {
    const { variables, functions } = frame.environment;
    const values = [...variables].map(([key, { value }]) => [key, value] as const);
    const callable = [...functions.keys()].map(
      (key) => [key, { kind: 'function', name: key }] as const,
    );
    return new Map<string, Value>([...values, ...callable]);
  }
  if (frame.variables.has(name)) return frame.variables.get(name);
  const variable = frame.environment.variables.get(name);
  if (variable !== undefined) return variable.value;
  return builtinOf(name, frame) === undefined ? undefined : { kind: 'function', name };
}

function pointed(name: string, frame: Frame): Value {
  const { pointer } = frame;
  if (name === 'index') return BigInt(pointer?.index ?? 0);
  return name === 'acc' ? pointer?.accumulator : pointer?.element;
}

type Accessed = Extract<Node, { kind: 'member' | 'method' | 'slice' }>;

function accessed(node: Accessed, frame: Frame): Chained {
  const base = chainedOf(node.base, frame);
  if (base === BROKEN) return BROKEN;
  if (node.kind === 'slice') {
    const bound = (part: Node | undefined) =>
      part === undefined ? undefined : valueOf(part, frame);
    return sliceOf(base, bound(node.from), bound(node.to));
  }
  if (base === undefined && node.optional) return BROKEN;
  if (node.kind === 'member') return member(node, base, frame);
  const args = node.args.map((arg) => valueOf(arg, frame));
  return method(base, node.name, args);
}

function member(node: MemberNode, base: Value, frame: Frame): Value {
  return elementAt(base, valueOf(node.key, frame));
}

function method(base: Value, name: string, args: readonly Value[]): Value {
  if (base instanceof Map) {
    const held = elementAt(base, name);
    return fail(
      held === undefined
        ? 'invalid operation: cannot call nil'
        : `invalid operation: cannot call non-function of type ${typeName(held)}`,
    );
  }
  return callMethod(base, name, args);
}

function call(name: string, args: readonly Value[], frame: Frame): Value {
  const builtin = builtinOf(name, frame);
  if (builtin !== undefined) return builtin.call(args, frame.environment.around);
  const held = named(name, frame);
  return fail(`invalid operation: cannot call non-function of type ${typeName(held)}`);
}

/** A test's value: anything but a bool is an error. */
export function truth(value: Value): boolean {
  if (typeof value === 'boolean') return value;
  const name = value === undefined ? 'nil' : typeName(value);
  return fail(`interface conversion: interface {} is ${name}, not bool`);
}

function unary(operator: string, value: Value): Value {
  if (operator === 'not' || operator === '!') return !truth(value);
  return operator === '-' ? negate(value) : value;
}

type Binary = Extract<Node, { kind: 'binary' }>;

/** `x or true` and `x and false` are folded before anything runs: x is never evaluated. */
function folded(node: Binary): { readonly value: Value } | { readonly node: Node } | undefined {
  const { right } = node;
  if (right.kind !== 'bool') return undefined;
  const isAnd = node.operator === 'and' || node.operator === '&&';
  if (right.value === isAnd) return { node: node.left };
  return { value: right.value };
}

function logical(node: Binary, frame: Frame): Value {
  const fold = folded(node);
  if (fold !== undefined) return 'node' in fold ? valueOf(fold.node, frame) : fold.value;
  const isAnd = node.operator === 'and' || node.operator === '&&';
  const left = truth(valueOf(node.left, frame));
  if (left !== isAnd) return left;
  return valueOf(node.right, frame);
}

function binary(node: Binary, frame: Frame): Value {
  switch (node.operator) {
    case 'and':
    case '&&':
    case 'or':
    case '||':
      return logical(node, frame);
    case '??':
      return valueOf(node.left, frame) ?? valueOf(node.right, frame);
    case 'in':
      return membership(node, frame);
    default:
      return operate(node.operator, valueOf(node.left, frame), { node, frame });
  }
}

function membership(node: Binary, frame: Frame): boolean {
  const item = valueOf(node.left, frame);
  const { right } = node;
  const isTextList =
    right.kind === 'array' &&
    right.items.length > 0 &&
    right.items.every((member) => member.kind === 'string');
  if (isTextList && typeof item !== 'string') return notText(item);
  return isIn(item, valueOf(right, frame));
}

function operate(
  operator: string,
  left: Value,
  at: { readonly node: Binary; readonly frame: Frame },
): Value {
  const right = valueOf(at.node.right, at.frame);
  switch (operator) {
    case '==':
      return isEqual(left, right);
    case '!=':
      return !isEqual(left, right);
    case '<':
    case '>':
    case '<=':
    case '>=':
      return compare(operator, left, right);
    case 'contains':
    case 'startsWith':
    case 'endsWith':
      return contains(left, right, operator);
    case 'matches':
      return matches(left, right);
    default:
      return calculate(operator, left, { right, frame: at.frame });
  }
}

function calculate(
  operator: string,
  left: Value,
  { right, frame }: { readonly right: Value; readonly frame: Frame },
): Value {
  switch (operator) {
    case '+':
      return add(left, right);
    case '-':
      return subtract(left, right);
    case '*':
      return multiply(left, right);
    case '/':
      return divide(left, right);
    case '%':
      return modulo(left, right);
    case '..':
      return range(left, right, (elements) => frame.environment.around.budget(elements));
    default:
      return power(left, right);
  }
}

function matches(left: Value, right: Value): boolean {
  if (left === undefined || right === undefined) return false;
  if (typeof left !== 'string') return notText(left);
  if (typeof right !== 'string') return notText(right);
  const compiled = compilePattern(right);
  return compiled.ok ? compiled.pattern.test(left) : fail(compiled.error);
}
