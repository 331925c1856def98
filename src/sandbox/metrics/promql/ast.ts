// An expression as a tree. Every node knows where it begins and ends in the text, for error messages.
import { unreachable } from '../../../lib/assert.ts';
import type { Matcher } from '../matcher.ts';
import type { FunctionSignature } from './signatures.ts';
import type { Aggregator, BinaryOperator } from './tokens.ts';

export type ValueType = 'none' | 'scalar' | 'string' | 'vector' | 'matrix';

export interface Place {
  readonly start: number;
  readonly end: number;
}

/** The moment of an `@` modifier: milliseconds, or an end of the query's range. */
export type Moment = number | 'start()' | 'end()';

/** What selectors and subqueries have in common: `offset` and `@`. */
export interface Shift {
  /** 0 if there is none. */
  readonly offsetMs: number;
  readonly moment?: Moment;
}

export interface NumberLiteral extends Place {
  readonly kind: 'number';
  readonly value: number;
}

export interface StringLiteral extends Place {
  readonly kind: 'string';
  readonly value: string;
}

export interface Parentheses extends Place {
  readonly kind: 'parentheses';
  readonly inner: Expression;
}

export interface Unary extends Place {
  readonly kind: 'unary';
  readonly operator: '+' | '-';
  readonly operand: Expression;
}

/** How the two sides of an operator between vectors find each other. */
export interface Matching {
  /** The labels that must agree (`on`), or that may differ (`ignoring`). */
  readonly isOn: boolean;
  readonly labels: readonly string[];
  /** The side that may have several series for one of the other; absent: neither. */
  readonly many?: 'left' | 'right';
  /** Labels taken over from the one side. */
  readonly include: readonly string[];
}

export interface Binary extends Place {
  readonly kind: 'binary';
  readonly operator: BinaryOperator;
  readonly left: Expression;
  readonly right: Expression;
  readonly isBool: boolean;
  readonly matching: Matching;
}

export interface Call extends Place {
  readonly kind: 'call';
  readonly signature: FunctionSignature;
  readonly args: readonly Expression[];
}

export interface Aggregation extends Place {
  readonly kind: 'aggregation';
  readonly operator: Aggregator;
  readonly operand: Expression;
  readonly parameter?: Expression;
  readonly grouping: readonly string[];
  readonly isWithout: boolean;
}

export interface Selector extends Place, Shift {
  readonly kind: 'selector';
  /** The name written before the braces; it is one of the matchers, too. Empty if there is none. */
  readonly name: string;
  readonly matchers: readonly Matcher[];
}

export interface RangeSelector extends Place {
  readonly kind: 'range';
  readonly selector: Selector;
  readonly rangeMs: number;
}

export interface Subquery extends Place, Shift {
  readonly kind: 'subquery';
  readonly inner: Expression;
  readonly rangeMs: number;
  /** 0: the default resolution. */
  readonly stepMs: number;
}

export type Expression =
  | NumberLiteral
  | StringLiteral
  | Parentheses
  | Unary
  | Binary
  | Call
  | Aggregation
  | Selector
  | RangeSelector
  | Subquery;

export function typeOf(expression: Expression): ValueType {
  switch (expression.kind) {
    case 'number':
      return 'scalar';
    case 'string':
      return 'string';
    case 'parentheses':
      return typeOf(expression.inner);
    case 'unary':
      return typeOf(expression.operand);
    case 'binary': {
      const { left, right } = expression;
      return typeOf(left) === 'scalar' && typeOf(right) === 'scalar' ? 'scalar' : 'vector';
    }
    case 'call':
      return expression.signature.result;
    case 'aggregation':
    case 'selector':
      return 'vector';
    case 'range':
    case 'subquery':
      return 'matrix';
    default:
      return unreachable(expression);
  }
}

const TYPE_NAMES: Readonly<Record<ValueType, string>> = {
  none: 'none',
  scalar: 'scalar',
  string: 'string',
  vector: 'instant vector',
  matrix: 'range vector',
};

/** A type as the documentation calls it. */
export function typeName(type: ValueType): string {
  return TYPE_NAMES[type];
}

/** The expression inside any parentheses. */
export function unwrapped(expression: Expression): Expression {
  return expression.kind === 'parentheses' ? unwrapped(expression.inner) : expression;
}
