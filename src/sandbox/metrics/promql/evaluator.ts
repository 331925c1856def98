// Expressions as values: each kind of node on its own, at all steps of a grid at once. Functions are in `calls.ts`.
// Entry point: `evaluate`.
import { unreachable } from '../../../lib/assert.ts';
import { withoutName } from '../labels.ts';
import { chosen, countedValues, groupsOf, summarized } from './aggregation.ts';
import { type Aggregation, type Binary, type Expression, typeOf, unwrapped } from './ast.ts';
import { called } from './calls.ts';
import { joined } from './joining.ts';
import { scalarResult, withScalar } from './operators.ts';
import { QueryFailure } from './problems.ts';
import { distinct, type Grid, mapped, type Row, samplesAt, scalarRow, stepwise } from './rows.ts';
import { type Context, isFixed, repeated, selected } from './selection.ts';
import { isSetOperator } from './tokens.ts';

/**
 * A vector or a scalar at every step of `grid`. Series come in the order in which Prometheus would give them at a
 * single step; throws QueryFailure.
 */
export function evaluate(expression: Expression, grid: Grid, context: Context): readonly Row[] {
  // Also where there is no step at all: Prometheus notices a mistake in such a part then, too.
  if (grid.count !== 1 && isFixed(expression)) {
    const once = evaluate(expression, { ...grid, count: 1 }, context);
    return repeated(once, grid, context.budget);
  }
  switch (expression.kind) {
    case 'number':
      return [scalarRow(grid, () => expression.value)];
    case 'parentheses':
      return evaluate(expression.inner, grid, context);
    case 'unary':
      return unary(expression, grid, context);
    case 'binary':
      return binary(expression, grid, context);
    case 'call':
      return called(expression, { grid, context, evaluate });
    case 'aggregation':
      return aggregation(expression, grid, context);
    case 'selector':
      return selected(expression, grid, context);
    case 'string':
    case 'range':
    case 'subquery':
      // The type check lets these stand only where they are not evaluated as vectors.
      throw new QueryFailure(`cannot evaluate a ${expression.kind} at this place`);
    default:
      return unreachable(expression);
  }
}

function unary(
  { operator, operand }: Extract<Expression, { kind: 'unary' }>,
  grid: Grid,
  context: Context,
): readonly Row[] {
  const rows = evaluate(operand, grid, context);
  if (operator === '+') return rows;
  return distinct(
    rows.map((row) => ({
      labels: withoutName(row.labels),
      values: mapped(row, (value) => -value),
    })),
  );
}

function binary(expression: Binary, grid: Grid, context: Context): readonly Row[] {
  const { operator, isBool } = expression;
  const left = evaluate(expression.left, grid, context);
  const right = evaluate(expression.right, grid, context);
  const [a] = left;
  const [b] = right;
  const isLeft = typeOf(expression.left) === 'scalar';
  const isRight = typeOf(expression.right) === 'scalar';
  context.budget.samples(Math.max(left.length, right.length) * grid.count);
  if (isSetOperator(operator) || (!isLeft && !isRight)) {
    return joined(expression, { left, right }, { grid, budget: context.budget });
  }
  if (isLeft && isRight) {
    return [
      scalarRow(grid, (at) =>
        scalarResult(operator, a?.values[at] ?? Number.NaN, b?.values[at] ?? Number.NaN),
      ),
    ];
  }
  const scalar = isLeft ? a : b;
  if (scalar === undefined) return [];
  const how = { operator, isBool, isScalarLeft: isLeft };
  return withScalar(how, isLeft ? right : left, scalar);
}

function aggregation(expression: Aggregation, grid: Grid, context: Context): readonly Row[] {
  const { operator, operand } = expression;
  const parameter =
    expression.parameter === undefined ? undefined : unwrapped(expression.parameter);
  const rows = evaluate(operand, grid, context);
  context.budget.samples(rows.length * grid.count);
  if (operator === 'count_values') {
    const label = parameter?.kind === 'string' ? parameter.value : '';
    const { grouping: labels, isWithout } = expression;
    return stepwise(grid, (at) => countedValues(samplesAt(rows, at), label, { labels, isWithout }));
  }
  const [parameters] = parameter === undefined ? [] : evaluate(parameter, grid, context);
  const grouping = { labels: expression.grouping, isWithout: expression.isWithout };
  const parameterAt = (at: number) => parameters?.values[at] ?? Number.NaN;
  const groups = groupsOf(rows, grouping);
  if (operator === 'topk' || operator === 'bottomk') {
    return stepwise(grid, (at) => chosen(operator, groups, { at, count: parameterAt(at) }));
  }
  return summarized(operator, groups, { grid, parameterAt });
}
