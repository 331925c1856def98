// Tokens to a tree (analysis.md 10.3). Entry point: `parse`.
import type { Node } from './ast.ts';
import { type Token, type TokenKind, tokens } from './lexer.ts';
import { literalNumber } from './numbers.ts';
import { parsePostfix } from './postfix.ts';
import { ExprError, fail, quoted } from './problem.ts';

interface Operator {
  readonly precedence: number;
  readonly right?: true;
}

const BINARY: Readonly<Record<string, Operator>> = {
  '|': { precedence: 0 },
  or: { precedence: 10 },
  '||': { precedence: 10 },
  and: { precedence: 15 },
  '&&': { precedence: 15 },
  '==': { precedence: 20 },
  '!=': { precedence: 20 },
  '<': { precedence: 20 },
  '>': { precedence: 20 },
  '<=': { precedence: 20 },
  '>=': { precedence: 20 },
  in: { precedence: 20 },
  matches: { precedence: 20 },
  contains: { precedence: 20 },
  startsWith: { precedence: 20 },
  endsWith: { precedence: 20 },
  '..': { precedence: 25 },
  '+': { precedence: 30 },
  '-': { precedence: 30 },
  '*': { precedence: 60 },
  '/': { precedence: 60 },
  '%': { precedence: 60 },
  '**': { precedence: 100, right: true },
  '^': { precedence: 100, right: true },
  '??': { precedence: 500 },
};

const UNARY: Readonly<Record<string, number>> = { not: 50, '!': 50, '-': 90, '+': 90 };
const NEGATABLE: ReadonlySet<string> = new Set([
  'in',
  'matches',
  'contains',
  'startsWith',
  'endsWith',
]);
const COMPARISONS: ReadonlySet<string> = new Set(['<', '>', '<=', '>=']);

/** Which arguments a builtin with a predicate takes: whether the predicate may be left out, and a further one. */
const PREDICATES: Readonly<Record<string, { readonly optional?: true; readonly rest?: true }>> = {
  all: {},
  none: {},
  any: {},
  one: {},
  filter: {},
  map: {},
  count: { optional: true },
  sum: { optional: true },
  find: {},
  findIndex: {},
  findLast: {},
  findLastIndex: {},
  groupBy: {},
  sortBy: { rest: true },
  reduce: { rest: true },
};

const MAX_NODES = 10_000;

/** The tree of a whole expression. Throws ExprError with the language's own text. */
export function parse(source: string): Node {
  const parser = new Parser(tokens(source));
  const node = parser.sequence();
  if (parser.current.kind !== 'EOF') parser.unexpected();
  return node;
}

export class Parser {
  readonly #tokens: readonly Token[];
  #at = 0;
  #depth = 0;
  #nodes = 0;

  constructor(all: readonly Token[]) {
    this.#tokens = all;
  }

  get current(): Token {
    const token = this.#tokens[this.#at] ?? { kind: 'EOF', value: '' };
    return token.error === undefined ? token : fail(token.error);
  }

  get #following(): Token {
    return this.#tokens[this.#at + 1] ?? { kind: 'EOF', value: '' };
  }

  next(): Token {
    const token = this.current;
    this.#at++;
    return token;
  }

  is(kind: TokenKind, value?: string): boolean {
    const { current } = this;
    return current.kind === kind && (value === undefined || current.value === value);
  }

  /** Takes the token if it is the wanted one. */
  take(kind: TokenKind, value: string): boolean {
    if (!this.is(kind, value)) return false;
    this.#at++;
    return true;
  }

  expect(kind: TokenKind, value?: string): Token {
    if (!this.is(kind, value)) this.unexpected();
    return this.next();
  }

  unexpected(): never {
    const { kind, value } = this.current;
    throw new ExprError(
      kind === 'EOF' ? 'unexpected token EOF' : `unexpected token ${kind}(${quoted(value)})`,
    );
  }

  /** `expr; expr; …`: a semicolon may end the whole text but not a part of it. */
  sequence(): Node {
    const items = [this.expression(0)];
    while (this.take('Operator', ';')) {
      if (this.is('EOF')) break;
      items.push(this.expression(0));
    }
    const [only] = items;
    return only !== undefined && items.length === 1 ? only : { kind: 'sequence', items };
  }

  expression(precedence: number): Node {
    this.#nodes++;
    if (this.#nodes > MAX_NODES)
      fail('compilation failed: expression exceeds maximum allowed nodes');
    if (precedence === 0 && this.is('Operator', 'let')) return this.#let();
    if (precedence === 0 && this.is('Operator', 'if')) return this.#if();
    let left = this.#primary();
    let previous = '';
    while (this.is('Operator')) {
      const operator = this.#binaryOperator(precedence);
      if (operator === undefined) break;
      if (previous === '??' && operator.name !== '??') {
        fail(
          `Operator (${operator.name}) and coalesce expressions (??) cannot be mixed. Wrap either by parentheses.`,
        );
      }
      previous = operator.name;
      left = this.#binary(left, operator);
    }
    return precedence === 0 ? this.#ternary(left) : left;
  }

  /** The binary operator that goes on at this level, taken; undefined if there is none. */
  #binaryOperator(precedence: number): { name: string; negated: boolean } | undefined {
    const negated = this.is('Operator', 'not');
    const token = negated ? this.#following : this.current;
    if (negated && !(token.kind === 'Operator' && NEGATABLE.has(token.value))) {
      this.#at++;
      this.unexpected();
    }
    const operator = BINARY[token.value];
    if (operator === undefined || operator.precedence < precedence) return undefined;
    this.#at += negated ? 2 : 1;
    return { name: token.value, negated };
  }

  #binary(left: Node, { name, negated }: { name: string; negated: boolean }): Node {
    if (name === '|') return this.call(this.expect('Identifier').value, [left]);
    if (COMPARISONS.has(name)) return this.#comparison(left, name);
    const { precedence, right } = BINARY[name] ?? { precedence: 0 };
    const operand = this.expression(right === true ? precedence : precedence + 1);
    const node: Node = { kind: 'binary', operator: name, left, right: operand };
    return negated ? { kind: 'unary', operator: 'not', operand: node } : node;
  }

  /** `a < b < c` means `a < b && b < c`. */
  #comparison(first: Node, operator: string): Node {
    let left = first;
    let name = operator;
    let all: Node | undefined;
    for (;;) {
      const right = this.expression(21);
      const one: Node = { kind: 'binary', operator: name, left, right };
      all = all === undefined ? one : { kind: 'binary', operator: '&&', left: all, right: one };
      if (!(this.is('Operator') && COMPARISONS.has(this.current.value))) return all;
      left = right;
      name = this.next().value;
    }
  }

  #ternary(test: Node): Node {
    if (!this.take('Operator', '?')) return test;
    if (this.take('Operator', ':')) {
      return { kind: 'condition', test, yes: test, no: this.expression(0) };
    }
    const yes = this.expression(0);
    this.expect('Operator', ':');
    return { kind: 'condition', test, yes, no: this.expression(0) };
  }

  #let(): Node {
    this.next();
    const name = this.expect('Identifier').value;
    this.expect('Operator', '=');
    const value = this.expression(0);
    this.expect('Operator', ';');
    return { kind: 'let', name, value, body: this.sequence() };
  }

  #if(): Node {
    this.next();
    const test = this.expression(0);
    const yes = this.#block();
    this.expect('Operator', 'else');
    const no = this.is('Operator', 'if') ? this.#if() : this.#block();
    return { kind: 'condition', test, yes, no };
  }

  #block(): Node {
    this.expect('Bracket', '{');
    const body = this.sequence();
    this.expect('Bracket', '}');
    return body;
  }

  #primary(): Node {
    const { kind, value } = this.current;
    const unary = kind === 'Operator' ? UNARY[value] : undefined;
    if (unary !== undefined) {
      this.next();
      return parsePostfix(this, {
        kind: 'unary',
        operator: value,
        operand: this.expression(unary),
      });
    }
    if (this.take('Bracket', '(')) {
      const node = this.sequence();
      this.expect('Bracket', ')');
      return parsePostfix(this, node);
    }
    if (this.#depth > 0 && (this.is('Operator', '#') || this.is('Operator', '.'))) {
      return parsePostfix(this, this.#pointer());
    }
    if (this.take('Operator', '::')) {
      return parsePostfix(this, this.call(this.expect('Identifier').value, []));
    }
    return this.#operand();
  }

  #pointer(): Node {
    const named = this.take('Operator', '#') && this.is('Identifier');
    return { kind: 'pointer', name: named ? this.next().value : '' };
  }

  #operand(): Node {
    const { kind, value } = this.current;
    switch (kind) {
      case 'Identifier':
        return this.#word();
      case 'Number':
        this.next();
        return literalNumber(value);
      case 'String':
        this.next();
        return parsePostfix(this, { kind: 'string', value });
      case 'Bytes':
        this.next();
        return parsePostfix(this, { kind: 'bytes', value });
      default:
        if (this.is('Bracket', '[')) return parsePostfix(this, this.#array());
        if (this.is('Bracket', '{')) return parsePostfix(this, this.#map());
        return this.unexpected();
    }
  }

  #word(): Node {
    const { value } = this.next();
    if (value === 'true' || value === 'false') return { kind: 'bool', value: value === 'true' };
    if (value === 'nil') return { kind: 'nil' };
    const node = this.is('Bracket', '(')
      ? this.call(value, [])
      : ({ kind: 'name', name: value } as const);
    return parsePostfix(this, node);
  }

  #array(): Node {
    this.expect('Bracket', '[');
    const items: Node[] = [];
    while (!this.is('Bracket', ']')) {
      if (items.length > 0) {
        this.expect('Operator', ',');
        if (this.is('Bracket', ']')) break;
      }
      items.push(this.expression(0));
    }
    this.expect('Bracket', ']');
    return { kind: 'array', items };
  }

  #map(): Node {
    this.expect('Bracket', '{');
    const pairs: (readonly [Node, Node])[] = [];
    while (!this.is('Bracket', '}')) {
      if (pairs.length > 0) {
        this.expect('Operator', ',');
        if (this.is('Bracket', '}')) break;
      }
      const key = this.#mapKey();
      this.expect('Operator', ':');
      pairs.push([key, this.expression(0)]);
    }
    this.expect('Bracket', '}');
    return { kind: 'map', pairs };
  }

  #mapKey(): Node {
    const { kind, value } = this.current;
    if (kind === 'Identifier' || kind === 'String' || kind === 'Number') {
      this.next();
      return { kind: 'string', value };
    }
    if (this.is('Bracket', '(')) return this.expression(0);
    return fail(
      'a map key must be a quoted string, a number, a identifier, or an expression enclosed in parentheses' +
        ` (unexpected token ${kind === 'EOF' ? 'EOF' : `${kind}(${quoted(value)})`})`,
    );
  }

  /** The call of `name`; with a pipe its first argument is there already. */
  call(name: string, piped: readonly Node[]): Node {
    if (PREDICATES[name] !== undefined) return this.#predicateCall(name, piped[0]);
    return { kind: 'call', name, args: [...piped, ...this.args()] };
  }

  args(): readonly Node[] {
    this.expect('Bracket', '(');
    const args: Node[] = [];
    while (!this.is('Bracket', ')')) {
      if (args.length > 0) {
        this.expect('Operator', ',');
        if (this.is('Bracket', ')')) break;
      }
      args.push(this.expression(0));
    }
    this.expect('Bracket', ')');
    return args;
  }

  #predicateCall(name: string, piped: Node | undefined): Node {
    const takes = PREDICATES[name] ?? {};
    const least = takes.optional === true ? 1 : 2;
    this.expect('Bracket', '(');
    if (piped === undefined && this.is('Bracket', ')'))
      fail(`expected at least ${least} arguments`);
    const array = piped ?? this.expression(0);
    const hasMore = piped === undefined ? this.#anotherArgument() : !this.is('Bracket', ')');
    if (!hasMore && takes.optional !== true) fail(`expected at least ${least} arguments`);
    const predicate = hasMore ? this.#predicate() : undefined;
    const rest =
      hasMore && takes.rest === true && this.#anotherArgument() ? this.expression(0) : undefined;
    this.take('Operator', ',');
    this.expect('Bracket', ')');
    return {
      kind: 'predicate',
      name,
      array,
      ...(predicate === undefined ? {} : { predicate }),
      ...(rest === undefined ? {} : { rest }),
    };
  }

  /** Takes a comma if another argument follows it. */
  #anotherArgument(): boolean {
    if (!this.is('Operator', ',')) return false;
    if (this.#following.kind === 'Bracket' && this.#following.value === ')') return false;
    this.next();
    return true;
  }

  #predicate(): Node {
    this.#depth++;
    const body = this.is('Bracket', '{') ? this.#block() : this.expression(0);
    this.#depth--;
    return body;
  }
}
