// The grammar of PromQL (Prometheus 2.42), by precedence climbing. It stops at the first mistake and says what
// Prometheus says there. Its messages follow from an LALR grammar with error productions: a mistake is described by
// the innermost construct, still open, that has something to say about mistakes. Entry point: `parse`.
import { METRIC_NAME } from '../labels.ts';
import { equalMatcher } from '../matcher.ts';
import type {
  Aggregation,
  Binary,
  Expression,
  Matching,
  RangeSelector,
  Selector,
  Subquery,
} from './ast.ts';
import { check } from './check.ts';
import { readLabelList, readMatchers } from './label-lists.ts';
import { readDuration, readNumber, readString } from './literals.ts';
import { ParseFailure, parseErrorText } from './problems.ts';
import { quoted } from './quote.ts';
import { withMoment, withOffset } from './shift.ts';
import { signatureOf } from './signatures.ts';
import { Tokens, Unexpected } from './token-reader.ts';
import {
  type Aggregator,
  canNameMetric,
  canStartExpression,
  isAggregator,
  isBinaryOperator,
  POWER,
  precedenceOf,
  type Token,
} from './tokens.ts';

interface Unparsed {
  readonly ok: false;
  readonly error: string;
}

export type Parsed = { readonly ok: true; readonly expression: Expression } | Unparsed;

/** Parses and checks an expression. The error begins with its place: `1:5: parse error: ...`. */
export function parse(text: string): Parsed {
  const read = attempt(text, (parser) => {
    const expression = parser.whole();
    check(expression, text);
    return expression;
  });
  return read.ok ? { ok: true, expression: read.value } : read;
}

/** Parses the selector of a `match[]` parameter. */
export function parseSelector(
  text: string,
): { readonly ok: true; readonly selector: Selector } | Unparsed {
  const read = attempt(text, (parser) => parser.wholeSelector());
  return read.ok ? { ok: true, selector: read.value } : read;
}

function attempt<Value>(
  text: string,
  read: (parser: Parser) => Value,
): { readonly ok: true; readonly value: Value } | Unparsed {
  try {
    return { ok: true, value: read(new Parser(text)) };
  } catch (error) {
    if (!(error instanceof ParseFailure)) throw error;
    return { ok: false, error: parseErrorText(text, error) };
  }
}

const MAX_DEPTH = 200;
const MAX_OPERATORS = 1000;

class Parser {
  readonly #tokens: Tokens;
  #depth = 0;
  #operators = 0;

  constructor(text: string) {
    this.#tokens = new Tokens(text);
  }

  whole(): Expression {
    if (this.#tokens.peek().kind === 'end')
      throw new ParseFailure(0, 'no expression found in input');
    const expression = this.#expression(0);
    this.#tokens.expectEnd();
    return expression;
  }

  wholeSelector(): Selector {
    const selector = this.#selector();
    this.#tokens.expectEnd();
    return selector;
  }

  /** Operators that bind at least as tightly as `least`, and their operands. */
  #expression(least: number): Expression {
    this.#depth += 1;
    this.#limit();
    let left = this.#unary();
    for (;;) {
      const operator = this.#tokens.peek().kind;
      if (!isBinaryOperator(operator) || precedenceOf(operator) < least) break;
      this.#tokens.take();
      this.#operators += 1;
      this.#limit();
      const { isBool, matching } = this.#modifiers();
      const precedence = precedenceOf(operator);
      const right = this.#expression(operator === '^' ? precedence : precedence + 1);
      const place = { start: left.start, end: right.end };
      left = { kind: 'binary', operator, left, right, isBool, matching, ...place };
    }
    this.#depth -= 1;
    return left;
  }

  /** Prometheus' stack grows as it likes; ours must not overflow, neither here nor when the tree is walked. */
  #limit(): void {
    if (this.#depth <= MAX_DEPTH && this.#operators <= MAX_OPERATORS) return;
    throw new ParseFailure(this.#tokens.peek().start, 'expression nests too deeply');
  }

  #unary(): Expression {
    const { kind, start } = this.#tokens.peek();
    if (kind !== '+' && kind !== '-') return this.#shifted(this.#primary());
    this.#tokens.take();
    const operand = this.#expression(POWER);
    if (operand.kind === 'number') {
      return { ...operand, value: kind === '-' ? -operand.value : operand.value, start };
    }
    return { kind: 'unary', operator: kind, operand, start, end: operand.end };
  }

  #primary(): Expression {
    const token = this.#tokens.peek();
    const place = { start: token.start, end: token.end };
    if (token.kind === 'number') {
      this.#tokens.take();
      const read = readNumber(token.text);
      if (!read.ok) throw new ParseFailure(token.start, read.error);
      return { kind: 'number', value: read.value, ...place };
    }
    if (token.kind === 'string') {
      this.#tokens.take();
      return { kind: 'string', value: readString(token.text), ...place };
    }
    if (token.kind === '(') {
      this.#tokens.take();
      const inner = this.#expression(0);
      const { end } = this.#tokens.expect(')');
      return { kind: 'parentheses', inner, start: token.start, end };
    }
    if (isAggregator(token.kind))
      return this.#aggregationOrSelector(this.#tokens.take(), token.kind);
    if (token.kind === 'identifier') {
      this.#tokens.take();
      return this.#tokens.peek().kind === '(' ? this.#call(token) : this.#selectorNamed(token);
    }
    return this.#selector();
  }

  #selector(): Selector {
    const token = this.#tokens.peek();
    if (token.kind === '{') return this.#selectorNamed(undefined);
    if (!canNameMetric(token)) throw new Unexpected(token);
    return this.#selectorNamed(this.#tokens.take());
  }

  #selectorNamed(name: Token | undefined): Selector {
    const start = name?.start ?? this.#tokens.peek().start;
    const matchers =
      name === undefined || this.#tokens.peek().kind === '{' ? readMatchers(this.#tokens) : [];
    const end = this.#tokens.lastEnd;
    const text = name?.text ?? '';
    const all = name === undefined ? matchers : [...matchers, equalMatcher(METRIC_NAME, text)];
    return { kind: 'selector', name: text, matchers: all, offsetMs: 0, start, end };
  }

  #call(name: Token): Expression {
    const args = this.#arguments();
    const end = this.#tokens.lastEnd;
    const signature = signatureOf(name.text);
    if (signature === undefined) {
      throw new ParseFailure(name.start, `unknown function with name ${quoted(name.text)}`);
    }
    return { kind: 'call', signature, args, start: name.start, end };
  }

  #arguments(): readonly Expression[] {
    this.#tokens.expect('(');
    const args: Expression[] = [];
    if (this.#tokens.takeIf(')') !== undefined) return args;
    for (;;) {
      args.push(this.#expression(0));
      const comma = this.#tokens.takeIf(',');
      if (comma === undefined) break;
      if (!canStartExpression(this.#tokens.peek())) {
        throw new ParseFailure(comma.start, 'trailing commas not allowed in function call args');
      }
    }
    this.#tokens.expect(')');
    return args;
  }

  #aggregationOrSelector(token: Token, operator: Aggregator): Expression {
    const { kind } = this.#tokens.peek();
    if (kind !== '(' && kind !== 'by' && kind !== 'without') return this.#selectorNamed(token);
    try {
      return this.#aggregation(token, operator);
    } catch (error) {
      if (error instanceof Unexpected && !error.isDescribed) {
        throw new Unexpected(error.token, 'aggregation');
      }
      throw error;
    }
  }

  #aggregation({ start }: Token, operator: Aggregator): Aggregation {
    let grouping = this.#grouping();
    const args = this.#arguments();
    grouping ??= this.#grouping();
    const end = this.#tokens.lastEnd;
    const wanted = hasParameter(operator) ? 2 : 1;
    if (args.length === 0) {
      throw new ParseFailure(start, 'no arguments for aggregate expression provided');
    }
    const operand = args[wanted - 1];
    if (operand === undefined || args.length !== wanted) {
      throw new ParseFailure(
        start,
        `wrong number of arguments for aggregate expression provided, expected ${wanted}, got ${args.length}`,
      );
    }
    const parameter = wanted === 2 ? args[0] : undefined;
    return {
      kind: 'aggregation',
      operator,
      operand,
      ...(parameter === undefined ? {} : { parameter }),
      grouping: grouping?.labels ?? [],
      isWithout: grouping?.isWithout ?? false,
      start,
      end,
    };
  }

  #grouping(): { labels: readonly string[]; isWithout: boolean } | undefined {
    const { kind } = this.#tokens.peek();
    if (kind !== 'by' && kind !== 'without') return undefined;
    this.#tokens.take();
    return { labels: readLabelList(this.#tokens), isWithout: kind === 'without' };
  }

  #modifiers(): Pick<Binary, 'isBool' | 'matching'> {
    const isBool = this.#tokens.takeIf('bool') !== undefined;
    const { kind } = this.#tokens.peek();
    if (kind !== 'on' && kind !== 'ignoring') {
      return { isBool, matching: { isOn: false, labels: [], include: [] } };
    }
    this.#tokens.take();
    const labels = readLabelList(this.#tokens);
    const matching: Matching = { isOn: kind === 'on', labels, include: [] };
    const side = this.#tokens.peek().kind;
    if (side !== 'group_left' && side !== 'group_right') return { isBool, matching };
    this.#tokens.take();
    // Without a list an operand must follow; if none does, Prometheus misses the list.
    const include =
      canStartExpression(this.#tokens.peek()) && this.#tokens.peek().kind !== '('
        ? []
        : readLabelList(this.#tokens);
    const many = side === 'group_left' ? 'left' : 'right';
    return { isBool, matching: { ...matching, many, include } };
  }

  /** What may follow an operand directly: ranges, `offset` and `@`. */
  #shifted(operand: Expression): Expression {
    let shifted = operand;
    for (;;) {
      switch (this.#tokens.peek().kind) {
        case '[':
          shifted = this.#range(shifted);
          break;
        case 'offset':
          this.#tokens.take();
          shifted = this.#offset(shifted);
          break;
        case '@':
          this.#tokens.take();
          shifted = this.#at(shifted);
          break;
        default:
          return shifted;
      }
    }
  }

  #duration(token: Token): number {
    const read = readDuration(token.text);
    if (!read.ok) throw new ParseFailure(token.start, read.error);
    return read.value;
  }

  #range(operand: Expression): RangeSelector | Subquery {
    const bracket = this.#tokens.take();
    const range = this.#tokens.expect('duration', 'subquery selector', 'duration');
    const rangeMs = this.#duration(range);
    if (this.#tokens.takeIf(':') !== undefined) return this.#subquery(operand, rangeMs);
    const { end } = this.#tokens.expect(']', 'subquery or range', '":" or "]"');
    const wrong = whyNoRange(operand);
    if (operand.kind !== 'selector' || wrong !== undefined) {
      throw new ParseFailure(bracket.start, wrong ?? NOT_A_SELECTOR);
    }
    return { kind: 'range', selector: operand, rangeMs, start: operand.start, end };
  }

  #subquery(operand: Expression, rangeMs: number): Subquery {
    const step = this.#tokens.takeIf('duration');
    const stepMs = step === undefined ? 0 : this.#duration(step);
    const wanted = step === undefined ? 'duration or "]"' : '"]"';
    const { end } = this.#tokens.expect(']', 'subquery selector', wanted);
    const { start } = operand;
    return { kind: 'subquery', inner: operand, rangeMs, stepMs, offsetMs: 0, start, end };
  }

  #offset(operand: Expression): Expression {
    const sign = this.#tokens.takeIf('-') === undefined ? 1 : -1;
    const token = this.#tokens.expect('duration', 'offset', 'duration');
    return withOffset(operand, sign * this.#duration(token), this.#tokens.lastEnd);
  }

  #at(operand: Expression): Expression {
    const { kind } = this.#tokens.peek();
    if (kind === 'start()' || kind === 'end()') {
      this.#tokens.take();
      this.#tokens.expect('(', '@', 'timestamp');
      this.#tokens.expect(')', '@', 'timestamp');
      return withMoment(operand, kind, this.#tokens.lastEnd);
    }
    const sign = kind === '-' ? -1 : 1;
    if (kind === '-' || kind === '+') this.#tokens.take();
    const token = this.#tokens.expect('number', '@', 'timestamp');
    const read = readNumber(token.text);
    if (!read.ok) throw new ParseFailure(token.start, read.error);
    return withMoment(operand, { seconds: sign * read.value }, this.#tokens.lastEnd);
  }
}

const NOT_A_SELECTOR = 'ranges only allowed for vector selectors';

function whyNoRange(operand: Expression): string | undefined {
  if (operand.kind !== 'selector') return NOT_A_SELECTOR;
  if (operand.offsetMs !== 0) return 'no offset modifiers allowed before range';
  return operand.moment === undefined ? undefined : 'no @ modifiers allowed before range';
}

export function hasParameter(operator: Aggregator): boolean {
  return (
    operator === 'topk' ||
    operator === 'bottomk' ||
    operator === 'quantile' ||
    operator === 'count_values'
  );
}
