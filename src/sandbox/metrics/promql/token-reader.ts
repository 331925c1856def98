// Tokens one ahead, and how the parser says that one is not what it expected.
import { Lexer } from './lexer.ts';
import { ParseFailure } from './problems.ts';
import { described, type Token, type TokenKind } from './tokens.ts';

/** An unexpected token that no construct has described yet. */
export class Unexpected extends ParseFailure {
  readonly token: Token;

  constructor(token: Token, context = '', expected = '') {
    const where = context === '' ? '' : ` in ${context}`;
    const wanted = expected === '' ? '' : `, expected ${expected}`;
    super(token.start, `unexpected ${described(token)}${where}${wanted}`);
    this.name = 'Unexpected';
    this.token = token;
    this.isDescribed = context !== '';
  }

  readonly isDescribed: boolean;
}

/** The tokens of a text. What is no token ends the parse with the lexer's message as soon as it is looked at. */
export class Tokens {
  readonly #lexer: Lexer;
  #ahead: Token | undefined;
  #lastEnd = 0;

  constructor(text: string) {
    this.#lexer = new Lexer(text);
  }

  /** Where the token that was taken last ends. */
  get lastEnd(): number {
    return this.#lastEnd;
  }

  expectEnd(): void {
    if (this.peek().kind !== 'end') throw new Unexpected(this.peek());
  }

  peek(): Token {
    const token = (this.#ahead ??= this.#lexer.next());
    if (token.kind === 'error') throw new ParseFailure(token.start, token.text);
    return token;
  }

  take(): Token {
    const token = this.peek();
    this.#ahead = undefined;
    this.#lastEnd = token.end;
    return token;
  }

  takeIf(kind: TokenKind): Token | undefined {
    return this.peek().kind === kind ? this.take() : undefined;
  }

  expect(kind: TokenKind, context = '', expected = ''): Token {
    if (this.peek().kind !== kind) throw new Unexpected(this.peek(), context, expected);
    return this.take();
  }
}
