// Operators between two numbers, and between vectors and numbers.
import { unreachable } from '../../../lib/assert.ts';
import { withoutName } from '../labels.ts';
import { mapped, merged, type Row } from './rows.ts';
import {
  type ArithmeticOperator,
  type ComparisonOperator,
  dropsName,
  isArithmetic,
  isComparison,
} from './tokens.ts';

type NumberOperator = ArithmeticOperator | ComparisonOperator;

export function compares(operator: ComparisonOperator, a: number, b: number): boolean {
  switch (operator) {
    case '==':
      return a === b;
    case '!=':
      return a !== b;
    case '<':
      return a < b;
    case '<=':
      return a <= b;
    case '>':
      return a > b;
    case '>=':
      return a >= b;
    default:
      return unreachable(operator);
  }
}

export function calculated(operator: ArithmeticOperator, a: number, b: number): number {
  switch (operator) {
    case '+':
      return a + b;
    case '-':
      return a - b;
    case '*':
      return a * b;
    case '/':
      return a / b;
    case '%':
      return a % b;
    case '^':
      return power(a, b);
    case 'atan2':
      return Math.atan2(a, b);
    default:
      return unreachable(operator);
  }
}

/** As in C and Go, 1 to any power is 1, and so is -1 to an infinite one; JavaScript says NaN. */
function power(base: number, exponent: number): number {
  if (base === 1) return 1;
  if (base === -1 && Math.abs(exponent) === Infinity) return 1;
  return base ** exponent;
}

/** The operator between scalars: a comparison gives 1 or 0. */
export function scalarResult(operator: NumberOperator, a: number, b: number): number {
  return isComparison(operator) ? Number(compares(operator, a, b)) : calculated(operator, a, b);
}

/** The operator between two elements; undefined where a comparison filters. */
export function elementResult(
  { operator, isBool }: { readonly operator: NumberOperator; readonly isBool: boolean },
  a: number,
  b: number,
): number | undefined {
  if (isArithmetic(operator)) return calculated(operator, a, b);
  const holds = compares(operator, a, b);
  if (isBool) return Number(holds);
  return holds ? a : undefined;
}

/** A vector and a scalar. A comparison keeps the element of the vector, on whichever side it stands. */
export function withScalar(
  how: {
    readonly operator: NumberOperator;
    readonly isBool: boolean;
    readonly isScalarLeft: boolean;
  },
  rows: readonly Row[],
  { values: scalars }: Row,
): readonly Row[] {
  const isChanged = dropsName(how.operator) || how.isBool;
  const changed = rows.map((row) => ({
    labels: isChanged ? withoutName(row.labels) : row.labels,
    values: mapped(row, (value, at) => {
      const scalar = scalars[at] ?? Number.NaN;
      const [a, b] = how.isScalarLeft ? [scalar, value] : [value, scalar];
      const result = elementResult(how, a, b);
      if (result === undefined || how.isBool || !isComparison(how.operator)) return result;
      return value;
    }),
  }));
  return merged(changed);
}
