// The series selectors of a PromQL expression: enough of its lexis to find them, no grammar. What cannot be read is left
// out; it only serves to explain why there is no data. Entry point: `selectorsOf`.

export interface SeriesMatcher {
  readonly label: string;
  readonly operator: '=' | '!=' | '=~' | '!~';
  readonly value: string;
}

export interface SeriesSelector {
  /** Empty if only matchers are given. */
  readonly metric: string;
  readonly matchers: readonly SeriesMatcher[];
}

/** Words that are no metrics, and what stands in parentheses behind them are labels. */
const LABEL_LISTS: ReadonlySet<string> = new Set([
  'by',
  'without',
  'on',
  'ignoring',
  'group_left',
  'group_right',
]);
const WORDS: ReadonlySet<string> = new Set([
  ...LABEL_LISTS,
  'and',
  'or',
  'unless',
  'bool',
  'offset',
  'atan2',
  'inf',
  'nan',
]);

const TOKEN =
  /\s+|#[^\n]*|"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|`[^`]*`|[a-zA-Z_:][\w:]*|\d[\w.]*|=~|!~|!=|./gsy;
const NAME = /^[a-zA-Z_:]/;
const STRING = /^(["'`]).*\1$/s;

/** All selectors, equal ones once, in the order of the text. */
export function selectorsOf(expression: string): readonly SeriesSelector[] {
  const tokens = [...expression.matchAll(TOKEN)]
    .map(([token]) => token)
    .filter((token) => token.trim() !== '' && !token.startsWith('#'));
  const found = new Map<string, SeriesSelector>();
  for (let at = 0; at < tokens.length; at += 1) {
    const token = tokens[at] ?? '';
    const next = tokens[at + 1];
    if (token === '[') at = closing(tokens, at, ']');
    else if (LABEL_LISTS.has(token.toLowerCase()) && next === '(') at = closing(tokens, at, ')');
    else if (token === '{' || (NAME.test(token) && next === '{')) {
      const open = token === '{' ? at : at + 1;
      const end = closing(tokens, open, '}');
      const metric = token === '{' ? '' : token;
      add(found, { metric, matchers: matchersOf(tokens.slice(open + 1, end)) });
      at = end;
    } else if (isMetric(token, next)) {
      add(found, { metric: token, matchers: [] });
    }
  }
  return [...found.values()];
}

/** Neither a word of the language nor a function or an aggregation. */
function isMetric(token: string, next: string | undefined): boolean {
  if (!NAME.test(token) || WORDS.has(token.toLowerCase())) return false;
  return next !== '(' && next !== 'by' && next !== 'without';
}

function add(found: Map<string, SeriesSelector>, selector: SeriesSelector): void {
  const key = selectorText(selector);
  if (!found.has(key)) found.set(key, selector);
}

function closing(tokens: readonly string[], from: number, close: string): number {
  const at = tokens.indexOf(close, from);
  return at < 0 ? tokens.length : at;
}

function matchersOf(tokens: readonly string[]): readonly SeriesMatcher[] {
  const matchers: SeriesMatcher[] = [];
  for (let at = 0; at + 2 < tokens.length; at += 1) {
    const [label = '', operator, text = ''] = tokens.slice(at, at + 3);
    const isMatcher =
      operator === '=' || operator === '!=' || operator === '=~' || operator === '!~';
    if (!isMatcher || !NAME.test(label) || !STRING.test(text)) continue;
    matchers.push({ label, operator, value: unquoted(text) });
    at += 2;
  }
  return matchers;
}

function unquoted(text: string): string {
  const inner = text.slice(1, -1);
  if (text.startsWith('`')) return inner;
  return inner.replaceAll(/\\(.)/gs, (_whole, character: string) => {
    return { n: '\n', t: '\t', r: '\r' }[character] ?? character;
  });
}

export function matcherText({ label, operator, value }: SeriesMatcher): string {
  return `${label}${operator}${JSON.stringify(value)}`;
}

/** The selector as a query takes it. */
export function selectorText({ metric, matchers }: SeriesSelector): string {
  const inner = matchers.map(matcherText).join(',');
  return inner === '' && metric !== '' ? metric : `${metric}{${inner}}`;
}
