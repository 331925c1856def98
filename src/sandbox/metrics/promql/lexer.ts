// PromQL's text as tokens, one at a time. What cannot be a token becomes one of kind `error` whose text is Prometheus'
// message; the lexer is not asked again after it. Entry point: `Lexer`.
import { codePointName, quotedCharacter, quoted } from './quote.ts';
import { type Token, type TokenKind, WORDS } from './tokens.ts';

const SPACE = /[ \t\n\r]/;
const ALPHA = /^[A-Za-z_]$/;
const ALPHANUMERIC = /^[A-Za-z0-9_]$/;
const DIGIT = /^[0-9]$/;

const SIGNS: Readonly<Record<string, TokenKind>> = {
  ',': ',',
  '*': '*',
  '/': '/',
  '%': '%',
  '+': '+',
  '-': '-',
  '^': '^',
  '@': '@',
};

export class Lexer {
  readonly #text: string;
  #at = 0;
  #start = 0;
  #parentheses = 0;
  #isInBraces = false;
  #isInBrackets = false;
  #hasColon = false;
  /** Directly behind `[` a duration is wanted. */
  #wantsDuration = false;

  constructor(text: string) {
    this.#text = text;
  }

  next(): Token {
    this.#skip();
    this.#start = this.#at;
    if (this.#wantsDuration) {
      this.#wantsDuration = false;
      return this.#durationInBrackets();
    }
    return this.#isInBraces ? this.#insideBraces() : this.#statement();
  }

  #skip(): void {
    for (;;) {
      while (this.#at < this.#text.length && SPACE.test(this.#text.charAt(this.#at))) this.#at += 1;
      // Behind `[` there are no comments: the duration is read at once.
      if (this.#wantsDuration || this.#text.charAt(this.#at) !== '#') return;
      while (this.#at < this.#text.length && !/[\r\n]/.test(this.#text.charAt(this.#at))) {
        this.#at += 1;
      }
    }
  }

  #peek(): string {
    const code = this.#text.codePointAt(this.#at);
    return code === undefined ? '' : String.fromCodePoint(code);
  }

  #read(): string {
    const character = this.#peek();
    this.#at += character.length;
    return character;
  }

  #accept(pattern: RegExp): boolean {
    const character = this.#peek();
    if (character === '' || !pattern.test(character)) return false;
    this.#at += character.length;
    return true;
  }

  #run(pattern: RegExp): void {
    while (this.#accept(pattern));
  }

  get #soFar(): string {
    return this.#text.slice(this.#start, this.#at);
  }

  #token(kind: TokenKind): Token {
    return { kind, text: this.#soFar, start: this.#start, end: this.#at };
  }

  #error(message: string, start = this.#start): Token {
    return { kind: 'error', text: message, start, end: this.#text.length };
  }

  #statement(): Token {
    const character = this.#peek();
    if (character === '') return this.#end();
    if (
      DIGIT.test(character) ||
      (character === '.' && DIGIT.test(this.#text.charAt(this.#at + 1)))
    ) {
      return this.#numberOrDuration();
    }
    if (ALPHA.test(character) || character === ':') return this.#wordOrColon();
    this.#read();
    if (character === '"' || character === "'") return this.#string(character);
    if (character === '`') return this.#rawString();
    const sign = SIGNS[character];
    if (sign !== undefined) return this.#token(sign);
    return /[=!<>]/.test(character) ? this.#comparison(character) : this.#bracket(character);
  }

  #end(): Token {
    if (this.#parentheses !== 0) return this.#error('unclosed left parenthesis');
    return this.#isInBrackets ? this.#error('unclosed left bracket') : this.#token('end');
  }

  #comparison(first: string): Token {
    const second = this.#peek();
    if (second === '=') {
      this.#read();
      return this.#token(`${first}=` as '==' | '!=' | '<=' | '>=');
    }
    if (first === '=' && second === '~') {
      return this.#error(`unexpected character after '=': ${quotedCharacter(second)}`);
    }
    if (first === '!') {
      return this.#error(`unexpected character after '!': ${quotedCharacter(second)}`);
    }
    return this.#token(first as '=' | '<' | '>');
  }

  #bracket(character: string): Token {
    const shown = quotedCharacter(character);
    switch (character) {
      case '(':
        this.#parentheses += 1;
        return this.#token('(');
      case ')':
        this.#parentheses -= 1;
        // Prometheus has taken the character already when it finds that it is one too many.
        if (this.#parentheses < 0) {
          return this.#error(`unexpected right parenthesis ${shown}`, this.#at);
        }
        return this.#token(')');
      case '{':
        this.#isInBraces = true;
        return this.#token('{');
      case '[':
        if (this.#isInBrackets) return this.#error(`unexpected left bracket ${shown}`);
        this.#isInBrackets = true;
        this.#hasColon = false;
        this.#wantsDuration = true;
        return this.#token('[');
      case ']':
        if (!this.#isInBrackets) return this.#error(`unexpected right bracket ${shown}`);
        this.#isInBrackets = false;
        return this.#token(']');
      default:
        return this.#error(`unexpected character: ${shown}`);
    }
  }

  #wordOrColon(): Token {
    if (this.#isInBrackets) {
      const character = this.#read();
      if (this.#hasColon) return this.#error(`unexpected colon ${quotedCharacter(character)}`);
      this.#hasColon = true;
      return this.#token(':');
    }
    this.#run(/[A-Za-z0-9_:]/);
    const word = this.#soFar;
    const known = WORDS.get(word.toLowerCase());
    return this.#token(known ?? (word.includes(':') ? 'metric identifier' : 'identifier'));
  }

  #insideBraces(): Token {
    const character = this.#read();
    if (character === '') return this.#error('unexpected end of input inside braces');
    if (ALPHA.test(character)) {
      this.#run(ALPHANUMERIC);
      return this.#token('identifier');
    }
    const shown = quotedCharacter(character);
    switch (character) {
      case ',':
        return this.#token(',');
      case '"':
      case "'":
        return this.#string(character);
      case '`':
        return this.#rawString();
      case '=':
        return this.#token(this.#accept(/~/) ? '=~' : '=');
      case '!':
        if (this.#accept(/~/)) return this.#token('!~');
        if (this.#accept(/=/)) return this.#token('!=');
        return this.#error(
          `unexpected character after '!' inside braces: ${quotedCharacter(this.#peek())}`,
        );
      case '{':
        return this.#error(`unexpected left brace ${shown}`);
      case '}':
        this.#isInBraces = false;
        return this.#token('}');
      default:
        return this.#error(`unexpected character inside braces: ${shown}`);
    }
  }

  #numberOrDuration(): Token {
    if (this.#scanNumber()) return this.#token('number');
    if (this.#scanUnits()) return this.#token('duration');
    return this.#error(`bad number or duration syntax: ${quoted(this.#soFar)}`);
  }

  #durationInBrackets(): Token {
    if (this.#scanNumber()) return this.#error('missing unit character in duration');
    if (this.#scanUnits()) return this.#token('duration');
    return this.#error(`bad duration syntax: ${quoted(this.#soFar)}`);
  }

  /** Reads what a number may begin with; false if more letters or digits follow. */
  #scanNumber(): boolean {
    const isHex = this.#accept(/0/) && this.#accept(/[xX]/);
    const digits = isHex ? /[0-9a-fA-F]/ : DIGIT;
    this.#run(digits);
    if (this.#accept(/\./)) this.#run(digits);
    if (this.#accept(/[eE]/)) {
      this.#accept(/[+-]/);
      this.#run(DIGIT);
    }
    return !ALPHANUMERIC.test(this.#peek());
  }

  /** Reads a unit and more pairs of number and unit. Whether they make sense together is seen when they are parsed. */
  #scanUnits(): boolean {
    if (!this.#accept(/[smhdwy]/)) return false;
    this.#accept(/s/);
    while (this.#accept(DIGIT)) {
      this.#run(DIGIT);
      // A year can only come first.
      if (!this.#accept(/[smhdw]/)) return false;
      this.#accept(/s/);
    }
    if (!ALPHANUMERIC.test(this.#peek())) return true;
    // Prometheus has taken this character when it complains.
    this.#read();
    return false;
  }

  #string(quote: string): Token {
    for (;;) {
      const character = this.#read();
      if (character === quote) return this.#token('string');
      if (character === '' || character === '\n') return this.#error('unterminated quoted string');
      if (character === '\uFFFD') return this.#error('invalid UTF-8 rune');
      const problem = character === '\\' ? this.#escape(quote) : undefined;
      if (problem !== undefined) return this.#error(problem);
    }
  }

  #rawString(): Token {
    for (;;) {
      const character = this.#read();
      if (character === '`') return this.#token('string');
      if (character === '') return this.#error('unterminated raw string');
      if (character === '\uFFFD') return this.#error('invalid UTF-8 rune');
    }
  }

  /** Reads what follows a backslash; gives what is wrong with it. */
  #escape(quote: string): string | undefined {
    const character = this.#read();
    if (character === quote || /^[abfnrtv\\]$/.test(character)) return undefined;
    if (/^[0-7]$/.test(character)) {
      return this.#digits({ first: character, count: 3, base: 8, max: 255 });
    }
    const count = { x: 2, u: 4, U: 8 }[character];
    if (count !== undefined) {
      const max = character === 'x' ? 255 : 0x10ffff;
      return this.#digits({ first: this.#read(), count, base: 16, max });
    }
    if (character === '') return 'escape sequence not terminated';
    return `unknown escape sequence ${codePointName(character)}`;
  }

  #digits(of: { first: string; count: number; base: number; max: number }): string | undefined {
    let character = of.first;
    let value = 0;
    for (let left = of.count; left > 0; left -= 1) {
      const digit = /^[0-9a-fA-F]$/.test(character) ? Number.parseInt(character, 16) : 16;
      if (character === '') return 'escape sequence not terminated';
      if (digit >= of.base) {
        return `illegal character ${codePointName(character)} in escape sequence`;
      }
      value = value * of.base + digit;
      if (left > 1) character = this.#read();
    }
    const isSurrogate = value >= 0xd800 && value < 0xe000;
    return value > of.max || isSurrogate
      ? 'escape sequence is an invalid Unicode code point'
      : undefined;
  }
}
