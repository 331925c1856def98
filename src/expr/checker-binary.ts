// Which operands a binary operator accepts before anything is evaluated, and the type it gives (analysis.md 10.4).
import type { Node } from './ast.ts';
import { compilePattern } from '../lib/pattern.ts';
import { fail } from './problem.ts';
import {
  arrayOf,
  BOOL,
  DURATION,
  FLOAT,
  INT,
  isComparable,
  isNumber,
  isOr,
  isUnknown,
  nameOf,
  STRING,
  TIME,
  type Type,
  UNKNOWN,
} from './types.ts';

type BinaryNode = Extract<Node, { kind: 'binary' }>;

/** The type of the operation; ExprError when the operands do not fit. */
export function binaryType(node: BinaryNode, left: Type, right: Type): Type {
  const type = typeFor(node, left, right);
  return (
    type ??
    fail(
      `invalid operation: ${node.operator} (mismatched types ${nameOf(left)} and ${nameOf(right)})`,
    )
  );
}

function typeFor(node: BinaryNode, left: Type, right: Type): Type | undefined {
  switch (node.operator) {
    case '==':
    case '!=':
      return isComparable(left, right) ? BOOL : undefined;
    case 'or':
    case '||':
    case 'and':
    case '&&':
      return isOr(left, 'bool') && isOr(right, 'bool') ? BOOL : undefined;
    case '<':
    case '>':
    case '<=':
    case '>=':
      return isOrdered(left, right) ? BOOL : undefined;
    case 'in':
      return inType(left, right);
    case 'matches':
      return matchesType(node, left, right);
    case 'contains':
    case 'startsWith':
    case 'endsWith':
      return isOr(left, 'string') && isOr(right, 'string') ? BOOL : undefined;
    case '??':
      return coalesceType(left, right);
    default:
      return arithmeticType(node, left, right);
  }
}

function isOrdered(left: Type, right: Type): boolean {
  if (isNumber(left) && isNumber(right)) return true;
  return ['string', 'time', 'duration', 'int', 'float'].some((kind) => {
    const accepts = (type: Type) => isUnknown(type) || type.kind === kind;
    return accepts(left) && accepts(right);
  });
}

function inType(left: Type, right: Type): Type | undefined {
  switch (right.kind) {
    case 'map':
      if (isOr(left, 'string')) return BOOL;
      return left.kind === 'nil'
        ? BOOL
        : fail(`cannot use ${nameOf(left)} as type string in map key`);
    case 'array':
      if (isComparable(left, right.element)) return BOOL;
      return fail(`cannot use ${nameOf(left)} as type ${nameOf(right.element)} in array`);
    case 'struct':
      return isOr(left, 'string') ? BOOL : undefined;
    case 'unknown':
      return BOOL;
    default:
      return undefined;
  }
}

function matchesType(node: BinaryNode, left: Type, right: Type): Type | undefined {
  if (node.right.kind === 'string') {
    const compiled = compilePattern(node.right.value);
    if (!compiled.ok) fail(compiled.error);
  }
  return isOr(left, 'string') && isOr(right, 'string') ? BOOL : undefined;
}

function coalesceType(left: Type, right: Type): Type {
  if (left.kind === 'nil') return right;
  if (right.kind === 'nil') return left;
  return nameOf(left) === nameOf(right) ? left : UNKNOWN;
}

function arithmeticType(node: BinaryNode, left: Type, right: Type): Type | undefined {
  switch (node.operator) {
    case '+':
      return plusType(left, right);
    case '-':
      return minusType(left, right);
    case '*':
      return timesType(left, right);
    case '/':
      return numbers(left, right) ? FLOAT : undefined;
    case '%':
      return moduloType(node, left, right);
    case '**':
    case '^':
      return numbers(left, right) ? FLOAT : undefined;
    case '..':
      return isOr(left, 'int') && isOr(right, 'int') ? arrayOf(INT) : undefined;
    default:
      return undefined;
  }
}

function numbers(left: Type, right: Type): boolean {
  return isOr(left, 'int', 'float') && isOr(right, 'int', 'float');
}

function numberType(left: Type, right: Type): Type {
  if (isUnknown(left) || isUnknown(right)) return UNKNOWN;
  return left.kind === 'int' && right.kind === 'int' ? INT : FLOAT;
}

function plusType(left: Type, right: Type): Type | undefined {
  if (numbers(left, right)) return numberType(left, right);
  if (isOr(left, 'string') && isOr(right, 'string')) {
    return isUnknown(left) || isUnknown(right) ? UNKNOWN : STRING;
  }
  if (!isOr(left, 'time', 'duration') || !isOr(right, 'time', 'duration')) return undefined;
  if (isUnknown(left) || isUnknown(right)) return UNKNOWN;
  if (left.kind === 'time' && right.kind === 'time') return undefined;
  return left.kind === 'duration' && right.kind === 'duration' ? DURATION : TIME;
}

function minusType(left: Type, right: Type): Type | undefined {
  if (numbers(left, right)) return numberType(left, right);
  if (!isOr(left, 'time', 'duration') || !isOr(right, 'time', 'duration')) return undefined;
  if (isUnknown(left) || isUnknown(right)) return UNKNOWN;
  if (left.kind === 'duration') return right.kind === 'duration' ? DURATION : undefined;
  return right.kind === 'time' ? DURATION : TIME;
}

function timesType(left: Type, right: Type): Type | undefined {
  if (numbers(left, right)) return numberType(left, right);
  const kinds = ['int', 'float', 'duration'] as const;
  if (!isOr(left, ...kinds) || !isOr(right, ...kinds)) return undefined;
  return isUnknown(left) || isUnknown(right) ? UNKNOWN : DURATION;
}

function moduloType(node: BinaryNode, left: Type, right: Type): Type | undefined {
  if (!isOr(left, 'int') || !isOr(right, 'int')) return undefined;
  if (node.right.kind === 'int' && node.right.value === 0n) fail('integer divide by zero');
  return INT;
}
