// `offset` and `@`: moving a selector or a subquery in time.
import type { Expression, RangeSelector, Selector, Subquery } from './ast.ts';
import { ParseFailure } from './problems.ts';

type Shiftable = Selector | RangeSelector | Subquery;

function shiftable(expression: Expression, modifier: string): Shiftable {
  const { kind } = expression;
  if (kind === 'selector' || kind === 'range' || kind === 'subquery') return expression;
  throw new ParseFailure(
    expression.start,
    `${modifier} modifier must be preceded by an instant vector selector or range vector selector or a subquery`,
  );
}

/** `end` is where the modifier ends, which is then the end of the whole. */
export function withOffset(expression: Expression, offsetMs: number, end: number): Shiftable {
  const target = shiftable(expression, 'offset');
  const { offsetMs: known } = target.kind === 'range' ? target.selector : target;
  if (known !== 0) throw new ParseFailure(target.start, 'offset may not be set multiple times');
  return target.kind === 'range'
    ? { ...target, selector: { ...target.selector, offsetMs }, end }
    : { ...target, offsetMs, end };
}

const MAX_SECONDS = 2 ** 63;

export function withMoment(
  expression: Expression,
  at: 'start()' | 'end()' | { readonly seconds: number },
  end: number,
): Shiftable {
  const moment = typeof at === 'string' ? at : roundedAway(at.seconds * 1000);
  if (typeof at !== 'string' && !(Math.abs(at.seconds) < MAX_SECONDS)) {
    const shown = goFixed(at.seconds);
    throw new ParseFailure(expression.start, `timestamp out of bounds for @ modifier: ${shown}`);
  }
  const target = shiftable(expression, '@');
  const { moment: known } = target.kind === 'range' ? target.selector : target;
  if (known !== undefined) {
    throw new ParseFailure(target.start, '@ <timestamp> may not be set multiple times');
  }
  return target.kind === 'range'
    ? { ...target, selector: { ...target.selector, moment }, end }
    : { ...target, moment, end };
}

/** To the nearest whole number, halves away from zero. */
export function roundedAway(value: number): number {
  return Math.sign(value) * Math.floor(Math.abs(value) + 0.5);
}

/** Go's `%f`: six decimals, never an exponent. */
export function goFixed(value: number): string {
  if (Number.isNaN(value)) return 'NaN';
  if (!Number.isFinite(value)) return value > 0 ? '+Inf' : '-Inf';
  // From 1e21 on toFixed would write an exponent; such numbers are whole.
  return Math.abs(value) >= 1e21 ? `${BigInt(value)}.000000` : value.toFixed(6);
}
