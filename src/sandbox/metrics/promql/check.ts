// Types and rules that the grammar cannot tell, in the order in which Prometheus finds them.
import { METRIC_NAME } from '../labels.ts';
import {
  type Aggregation,
  type Binary,
  type Call,
  type Expression,
  type Selector,
  typeName,
  typeOf,
  type ValueType,
} from './ast.ts';
import { ParseFailure } from './problems.ts';
import { quoted } from './quote.ts';
import { isComparison, isSetOperator } from './tokens.ts';

/** Throws ParseFailure for the first rule that is broken; `text` is the whole expression. */
export function check(expression: Expression, text: string): ValueType {
  switch (expression.kind) {
    case 'number':
    case 'string':
      break;
    case 'parentheses':
      check(expression.inner, text);
      break;
    case 'unary':
      checkUnary(expression, text);
      break;
    case 'binary':
      checkBinary(expression, text);
      break;
    case 'call':
      checkCall(expression, text);
      break;
    case 'aggregation':
      checkAggregation(expression, text);
      break;
    case 'selector':
      checkSelector(expression);
      break;
    case 'range':
      checkSelector(expression.selector);
      break;
    case 'subquery': {
      const type = check(expression.inner, text);
      if (type === 'vector') break;
      throw new ParseFailure(
        expression.start,
        `subquery is only allowed on instant vector, got ${type} instead`,
      );
    }
  }
  return typeOf(expression);
}

function expectType(
  expression: Expression,
  { wanted, where, text }: { wanted: ValueType; where: string; text: string },
): void {
  const type = check(expression, text);
  if (type === wanted) return;
  throw new ParseFailure(
    expression.start,
    `expected type ${typeName(wanted)} in ${where}, got ${typeName(type)}`,
  );
}

function checkUnary(
  { operand, start }: Extract<Expression, { kind: 'unary' }>,
  text: string,
): void {
  const type = check(operand, text);
  if (type === 'scalar' || type === 'vector') return;
  throw new ParseFailure(
    start,
    `unary expression only allowed on expressions of type scalar or instant vector, got ${quoted(typeName(type))}`,
  );
}

function checkAggregation({ operator, operand, parameter }: Aggregation, text: string): void {
  expectType(operand, { wanted: 'vector', where: 'aggregation expression', text });
  if (parameter === undefined) return;
  const wanted = operator === 'count_values' ? 'string' : 'scalar';
  expectType(parameter, { wanted, where: 'aggregation parameter', text });
}

function checkCall({ signature, args, start }: Call, text: string): void {
  const { name, args: types, variadic } = signature;
  const wrong = (wanted: string): never => {
    throw new ParseFailure(
      start,
      `expected ${wanted} argument(s) in call to ${quoted(name)}, got ${args.length}`,
    );
  };
  const least = variadic === 0 ? types.length : types.length - 1;
  const most = least + variadic;
  if (variadic === 0 && args.length !== least) wrong(String(least));
  if (args.length < least) wrong(`at least ${least}`);
  if (variadic > 0 && args.length > most) wrong(`at most ${most}`);
  for (const [at, arg] of args.entries()) {
    const wanted = types[Math.min(at, types.length - 1)] ?? 'none';
    expectType(arg, { wanted, where: `call to function ${quoted(name)}`, text });
  }
}

function checkSelector({ name, matchers, start }: Selector): void {
  if (name === '') {
    if (matchers.some(({ matches }) => !matches(''))) return;
    throw new ParseFailure(start, 'vector selector must contain at least one non-empty matcher');
  }
  // The last matcher is the name before the braces.
  const again = matchers.slice(0, -1).find((matcher) => matcher.name === METRIC_NAME);
  if (again === undefined) return;
  throw new ParseFailure(
    start,
    `metric name must not be set twice: ${quoted(name)} or ${quoted(again.value)}`,
  );
}

function checkBinary(expression: Binary, text: string): void {
  const { operator, left, right, isBool } = expression;
  const types = { left: check(left, text), right: check(right, text) };
  if (isBool && !isComparison(operator)) {
    throw new ParseFailure(
      operatorStart(expression, text),
      'bool modifier can only be used on comparison operators',
    );
  }
  const isScalar = types.left === 'scalar' && types.right === 'scalar';
  if (isComparison(operator) && !isBool && isScalar) {
    throw new ParseFailure(
      operatorStart(expression, text),
      'comparisons between scalars must use BOOL modifier',
    );
  }
  checkBothMatched(expression, text);
  for (const [side, type] of [
    [left, types.left],
    [right, types.right],
  ] as const) {
    if (type === 'scalar' || type === 'vector') continue;
    const message = 'binary expression must contain only scalar and instant vector types';
    throw new ParseFailure(side.start, message);
  }
  checkMatching(expression, types.left === 'vector' && types.right === 'vector');
}

/** Behind the left operand and any space. */
function operatorStart({ left }: Binary, text: string): number {
  let at = left.end;
  while (/[ \t\n\r]/.test(text.charAt(at))) at += 1;
  return at;
}

function checkBothMatched(expression: Binary, text: string): void {
  const { isOn, labels, include } = expression.matching;
  const twice = isOn ? labels.find((label) => include.includes(label)) : undefined;
  if (twice === undefined) return;
  throw new ParseFailure(
    operatorStart(expression, text),
    `label ${quoted(twice)} must not occur in ON and GROUP clause at once`,
  );
}

function checkMatching({ operator, matching, start }: Binary, areVectors: boolean): void {
  if (!areVectors && matching.labels.length > 0) {
    throw new ParseFailure(start, 'vector matching only allowed between instant vectors');
  }
  if (!isSetOperator(operator)) return;
  if (areVectors && matching.many !== undefined) {
    throw new ParseFailure(start, `no grouping allowed for ${quoted(operator)} operation`);
  }
  if (areVectors) return;
  throw new ParseFailure(
    start,
    `set operator ${quoted(operator)} not allowed in binary scalar expression`,
  );
}
