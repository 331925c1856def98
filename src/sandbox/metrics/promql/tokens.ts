// The words of PromQL and how error messages name them.
import { quoted } from './quote.ts';

export type Aggregator =
  | 'sum'
  | 'avg'
  | 'count'
  | 'min'
  | 'max'
  | 'group'
  | 'stddev'
  | 'stdvar'
  | 'topk'
  | 'bottomk'
  | 'count_values'
  | 'quantile';

export type ArithmeticOperator = '+' | '-' | '*' | '/' | '%' | '^' | 'atan2';
export type ComparisonOperator = '==' | '!=' | '<' | '<=' | '>' | '>=';
export type SetOperator = 'and' | 'or' | 'unless';
export type BinaryOperator = ArithmeticOperator | ComparisonOperator | SetOperator;

export type Keyword =
  | 'offset'
  | 'by'
  | 'without'
  | 'on'
  | 'ignoring'
  | 'group_left'
  | 'group_right'
  | 'bool';

export type Punctuation = '(' | ')' | '{' | '}' | '[' | ']' | ',' | ':' | '=';

/**
 * What a token is. Words with a meaning and signs are their own kind (in lower case); `error` carries the lexer's
 * message as its text.
 */
export type TokenKind =
  | 'end'
  | 'error'
  | 'identifier'
  | 'metric identifier'
  | 'string'
  | 'number'
  | 'duration'
  | Punctuation
  | BinaryOperator
  | '=~'
  | '!~'
  | '@'
  | Aggregator
  | Keyword
  | 'start()'
  | 'end()';

export interface Token {
  readonly kind: TokenKind;
  readonly text: string;
  readonly start: number;
  readonly end: number;
}

const AGGREGATOR_WORDS = [
  'sum',
  'avg',
  'count',
  'min',
  'max',
  'group',
  'stddev',
  'stdvar',
  'topk',
  'bottomk',
  'count_values',
  'quantile',
] as const satisfies readonly Aggregator[];

const KEYWORD_WORDS = [
  'offset',
  'by',
  'without',
  'on',
  'ignoring',
  'group_left',
  'group_right',
  'bool',
] as const satisfies readonly Keyword[];

/** Words with a meaning, in lower case; upper case means the same. */
export const WORDS: ReadonlyMap<string, TokenKind> = new Map<string, TokenKind>([
  ...[...AGGREGATOR_WORDS, ...KEYWORD_WORDS].map((word) => [word, word] as const),
  ['and', 'and'],
  ['or', 'or'],
  ['unless', 'unless'],
  ['atan2', 'atan2'],
  ['start', 'start()'],
  ['end', 'end()'],
  ['inf', 'number'],
  ['nan', 'number'],
]);

const AGGREGATORS: ReadonlySet<string> = new Set(AGGREGATOR_WORDS);
const KEYWORDS: ReadonlySet<string> = new Set(KEYWORD_WORDS);
const COMPARISONS: ReadonlySet<string> = new Set(['==', '!=', '<', '<=', '>', '>=']);
const SETS: ReadonlySet<string> = new Set(['and', 'or', 'unless']);
const ARITHMETIC: ReadonlySet<string> = new Set(['+', '-', '*', '/', '%', '^', 'atan2']);

export function isAggregator(kind: string): kind is Aggregator {
  return AGGREGATORS.has(kind);
}

export function isComparison(kind: string): kind is ComparisonOperator {
  return COMPARISONS.has(kind);
}

export function isSetOperator(kind: string): kind is SetOperator {
  return SETS.has(kind);
}

export function isArithmetic(kind: string): kind is ArithmeticOperator {
  return ARITHMETIC.has(kind);
}

/** Whether the result is no longer the metric that went in. In Prometheus 2.42 `atan2` forgets to drop the name. */
export function dropsName(operator: BinaryOperator): boolean {
  return isArithmetic(operator) && operator !== 'atan2';
}

export function isBinaryOperator(kind: string): kind is BinaryOperator {
  return isArithmetic(kind) || isComparison(kind) || isSetOperator(kind);
}

/** What binds tighter is higher. Only `^` groups from the right. */
export function precedenceOf(operator: BinaryOperator): number {
  if (operator === 'or') return 1;
  if (isSetOperator(operator)) return 2;
  if (isComparison(operator)) return 3;
  if (operator === '+' || operator === '-') return 4;
  return operator === '^' ? POWER : 5;
}

export const POWER = 6;

/** Words that may also be the name of a metric. */
const NAME_WORDS: ReadonlySet<string> = new Set([
  ...AGGREGATOR_WORDS,
  'identifier',
  'metric identifier',
  'by',
  'without',
  'offset',
  'and',
  'or',
  'unless',
  'start()',
  'end()',
]);

export function canNameMetric({ kind }: Token): boolean {
  return NAME_WORDS.has(kind);
}

/** Words that may stand in a list of labels: all but `without`, which the grammar of Prometheus leaves out. */
export function canNameLabel({ kind }: Token): boolean {
  if (kind === 'without') return false;
  return NAME_WORDS.has(kind) || KEYWORDS.has(kind) || kind === 'atan2';
}

const STARTS: ReadonlySet<string> = new Set(['number', 'string', '(', '{', '+', '-']);

export function canStartExpression(token: Token): boolean {
  return canNameMetric(token) || STARTS.has(token.kind);
}

const SHOWN_CHARACTERS = 10;

/** A token as it follows "unexpected". */
export function described({ kind, text }: Token): string {
  switch (kind) {
    case 'end':
      return 'end of input';
    case 'identifier':
    case 'metric identifier':
      return `${kind} ${quoted(text)}`;
    case 'string':
    case 'number':
    case 'duration':
      return `${kind} ${shortened(text)}`;
    default:
      break;
  }
  // Prometheus has no word for this one and shows its number.
  if (kind === '@') return '"<Item 57385>" <op:@>';
  if (KEYWORDS.has(kind)) return `<${text}>`;
  if (isBinaryOperator(kind) || kind === '=~' || kind === '!~') {
    return `<op:${text}>`;
  }
  return isAggregator(kind) ? `<aggr:${text}>` : shortened(text);
}

function shortened(text: string): string {
  const characters = [...text];
  // Go measures the length in bytes here and cuts by characters; ASCII is all that can be this long.
  if (characters.length <= SHOWN_CHARACTERS) return quoted(text);
  return `${quoted(characters.slice(0, SHOWN_CHARACTERS).join(''))}...`;
}
