// The syntax of a web metric's `jsonPath`: text with `{…}` in it, as kubectl has it (providers.md 3;
// https://kubernetes.io/docs/reference/kubectl/jsonpath/). Entry point: `parseJsonPath`.

/** One step of an action; each takes the values that the step before it gave. */
export type Step =
  | { readonly kind: 'member'; readonly name: string }
  | { readonly kind: 'slice'; readonly slice: Slice }
  | { readonly kind: 'union'; readonly parts: readonly Action[] }
  | { readonly kind: 'filter'; readonly filter: Filter }
  | { readonly kind: 'wildcard' }
  | { readonly kind: 'descent' }
  /** An integer is a bigint: it is of another kind than the numbers of a document. */
  | { readonly kind: 'literal'; readonly value: string | number | bigint | boolean }
  /** `range`, `end`, or a word without meaning. */
  | { readonly kind: 'word'; readonly word: string };

export type Action = readonly Step[];

/** Elements from `from` up to but without `to`; negative ones count from the end. */
export interface Slice {
  readonly from: number | undefined;
  readonly to: number | undefined;
  readonly step: number | undefined;
  /** `[n]`: `to` follows from it. */
  readonly isOne: boolean;
}

export interface Filter {
  readonly left: Action;
  /** Undefined: whether there is something on the left. */
  readonly comparison: { readonly operator: string; readonly right: Action } | undefined;
}

export type Template = readonly (string | Action)[];

export type Parsed<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly error: string };

/** The parts of a template in their order: texts and actions. */
export function parseJsonPath(text: string): Parsed<Template> {
  try {
    return { ok: true, value: templateOf(text) };
  } catch (error) {
    if (error instanceof SyntaxProblem) return { ok: false, error: error.message };
    throw error;
  }
}

/** Never leaves this file. */
class SyntaxProblem extends Error {}

function fail(message: string): never {
  throw new SyntaxProblem(message);
}

function templateOf(text: string): Template {
  const parts: (string | Action)[] = [];
  const reader = new Reader(text);
  while (!reader.isAtEnd) {
    const plain = reader.takeWhile((character) => character !== '{');
    if (plain !== '') parts.push(plain);
    if (reader.take() === '{') parts.push(actionIn(reader));
  }
  return parts;
}

/** The action that a text between braces would be. */
function actionOf(text: string): Action {
  const [first = []] = templateOf(`{${text}}`);
  return typeof first === 'string' ? [] : first;
}

const DIGIT = /^\p{Nd}$/u;
const WORD = /^[\p{L}\p{Nd}_]$/u;

/** Up to and with the closing brace. */
function actionIn(reader: Reader): Action {
  const steps: Step[] = [];
  for (;;) {
    if (reader.skip('}')) return steps;
    if (reader.skip('[?(')) steps.push({ kind: 'filter', filter: filterIn(reader) });
    else if (reader.skip('..')) steps.push(...descentIn(reader, steps.at(-1)));
    else steps.push(...stepsIn(reader));
  }
}

function stepsIn(reader: Reader): readonly Step[] {
  const next = reader.peek();
  switch (next) {
    case '':
    case '\n':
    case '\r':
      return fail('unclosed action');
    case ' ':
    case '@':
    case '$':
      reader.take();
      return [];
    case '[':
      return bracketIn(reader);
    case '"':
    case "'":
      return [{ kind: 'literal', value: quotedIn(reader) }];
    case '.':
      reader.take();
      return [memberIn(reader)];
    default:
      if (next === '+' || next === '-' || DIGIT.test(next)) {
        return [{ kind: 'literal', value: numberIn(reader) }];
      }
      return WORD.test(next) ? [wordIn(reader)] : fail(unknownCharacter(next));
  }
}

function unknownCharacter(character: string): string {
  const code = (character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0');
  const shown = /^[\p{L}\p{M}\p{N}\p{P}\p{S} ]$/u.test(character) ? ` '${character}'` : '';
  return `unrecognized character in action: U+${code}${shown}`;
}

/** What ends a name. */
const ENDS: ReadonlySet<string> = new Set([...' \t\r\n.,[]$@{}', '']);

function wordIn(reader: Reader): Step {
  const word = reader.takeWhile((character) => !ENDS.has(character));
  if (word === 'true' || word === 'false') return { kind: 'literal', value: word === 'true' };
  return { kind: 'word', word };
}

/** A name, its dots and brackets escaped by backslashes. */
function memberIn(reader: Reader): Step {
  let name = '';
  while (!ENDS.has(reader.peek())) {
    const character = reader.take();
    name += character === '\\' ? reader.take() : character;
  }
  // Backslashes are for escaping only: none is part of a name.
  return name === '*' ? { kind: 'wildcard' } : { kind: 'member', name: name.replaceAll('\\', '') };
}

function descentIn(reader: Reader, before: Step | undefined): readonly Step[] {
  if (before?.kind === 'descent') return fail('invalid multiple recursive descent');
  return [{ kind: 'descent' }, ...(WORD.test(reader.peek()) ? [memberIn(reader)] : [])];
}

function numberIn(reader: Reader): number | bigint {
  const sign = /[+-]/.test(reader.peek()) ? reader.take() : '';
  const text = sign + reader.takeWhile((character) => character === '.' || DIGIT.test(character));
  if (/^[+-]?\d+$/.test(text)) return BigInt(text.replace(/^\+/, ''));
  return /^[+-]?(?:\d+\.\d*|\.\d+)$/.test(text)
    ? Number(text)
    : fail(`cannot parse number ${text}`);
}

/** Up to and with a quote that is not escaped. */
function quotedIn(reader: Reader): string {
  const quote = reader.take();
  let inner = '';
  for (let before = ''; ; ) {
    const character = reader.take();
    if (character === '' || character === '\n') return fail('unterminated quoted string');
    if (character === quote && before !== '\\') return unescaped(inner, quote);
    inner += character;
    before = character;
  }
}

const ESCAPES: Readonly<Record<string, string>> = {
  a: '\u0007',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
  '\\': '\\',
};

function unescaped(text: string, quote: string): string {
  return text.replace(/\\(x[0-9a-f]{2}|u[0-9a-f]{4}|[0-7]{3}|.?)/gis, (_whole, code: string) => {
    if (code.length > 1) {
      const isOctal = /^\d/.test(code);
      return String.fromCharCode(Number.parseInt(isOctal ? code : code.slice(1), isOctal ? 8 : 16));
    }
    const found = code === quote ? quote : ESCAPES[code];
    return found ?? fail(`unquote string ${quote}${text}${quote} error invalid syntax`);
  });
}

/** `[…]`: an element, a slice, several of these, or a member by its name. */
function bracketIn(reader: Reader): readonly Step[] {
  reader.take();
  const inner = reader.takeWhile((character) => character !== ']' && character !== '\n');
  if (reader.take() !== ']') return fail('unterminated array');
  const parts = inner.split(',');
  if (parts.length > 1) {
    const actions = parts.map((part) => actionOf(`[${part.replace(/^ +| +$/g, '')}]`));
    return [{ kind: 'union', parts: actions }];
  }
  const name = /^'([^']*)'$/.exec(inner);
  if (name !== null) return actionOf(`.${name[1] ?? ''}`);
  return [{ kind: 'slice', slice: sliceOf(inner === '*' ? ':' : inner) }];
}

function sliceOf(text: string): Slice {
  const match = /^(-?\d*)(:-?\d*)?(:-?\d*)?$/.exec(text);
  if (match === null) return fail(`invalid array index ${text}`);
  const [, first = '', second, third] = match;
  const from = indexOf(first);
  const to = second === undefined ? (from ?? 0) + 1 : indexOf(second.slice(1));
  return { from, to, step: indexOf((third ?? '').slice(1)), isOne: second === undefined };
}

function indexOf(text: string): number | undefined {
  if (text === '') return undefined;
  return text === '-' ? fail(`array index ${text} is not a number`) : Number(text);
}

/** After `[?(`, up to and with `)]`. */
function filterIn(reader: Reader): Filter {
  const text = filterText(reader);
  if (reader.take() !== ']') return fail('unclosed array expect ]');
  const match = /^([^!<>=]+)([!<>=]+)(.+)$/s.exec(text);
  if (match === null) return { left: actionOf(text), comparison: undefined };
  const [, left = '', operator = '', right = ''] = match;
  return { left: actionOf(left), comparison: { operator, right: actionOf(right) } };
}

/** A parenthesis ends it, unless it stands in a quoted text. */
function filterText(reader: Reader): string {
  let text = '';
  let quote = '';
  let isClosed = false;
  for (let before = ''; ; ) {
    const character = reader.take();
    if (character === '' || character === '\n') return fail('unterminated filter');
    if (character === ')' && (quote === '' || isClosed)) return text;
    if (quote === '' && (character === '"' || character === "'")) quote = character;
    else if (character === quote && before !== '\\') isClosed = true;
    text += character;
    before = character;
  }
}

/** A text read from left to right; at its end it gives empty texts. */
class Reader {
  readonly #characters: readonly string[];
  #at = 0;

  constructor(text: string) {
    this.#characters = [...text];
  }

  get isAtEnd(): boolean {
    return this.#at >= this.#characters.length;
  }

  peek(): string {
    return this.#characters[this.#at] ?? '';
  }

  take(): string {
    const character = this.peek();
    this.#at += 1;
    return character;
  }

  takeWhile(isWanted: (character: string) => boolean): string {
    let text = '';
    while (!this.isAtEnd && isWanted(this.peek())) text += this.take();
    return text;
  }

  /** Passes over `text` if it comes next. */
  skip(text: string): boolean {
    const isNext = [...text].every((character, at) => {
      return this.#characters[this.#at + at] === character;
    });
    if (isNext) this.#at += text.length;
    return isNext;
  }
}
