// Random PromQL over the series of `promql-series.ts`: expressions of every kind that mean something, and texts with
// a mistake in them.
import type { Random } from '../../src/lib/ports.ts';

const SELECTORS = [
  'counter_total',
  'counter_total{pod="a"}',
  'counter_total{pod=~"a|b"}',
  'counter_total{code!="200"}',
  'gauge',
  'gauge{room!~"a.*"}',
  '{__name__="gauge",room=""}',
  '{__name__=~"gauge|other"}',
  '{room="a"}',
  'other',
  'odd',
  'odd{kind!="nan"}',
  'flaky',
  'ended',
  'once',
  'latency_bucket',
  'latency_bucket{app="x"}',
  '{__name__=~"latency.*"}',
  'strange_bucket',
  'info',
  'lonely',
  'text{quote="a\\"b"}',
  'text',
  'nothing',
  'nothing{a="b",c=~"d",e="f",e="g"}',
  'sum',
  'calendar',
  'same',
];

const LABELS = ['pod', 'code', 'room', 'kind', 'app', 'le', 'job', '__name__', 'missing', 'node'];
const RANGES = ['15s', '30s', '1m', '2m', '90s', '5m', '10m', '1h', '1m30s', '20s'];
const STEPS = ['', '10s', '15s', '1m', '45s', '7s'];
const OFFSETS = ['30s', '1m', '-1m', '5m', '7s', '1h', '-20s'];
const NUMBERS = [
  '0',
  '1',
  '2',
  '-1',
  '0.5',
  '100',
  'Inf',
  '-Inf',
  'NaN',
  '1e3',
  '0x10',
  '.25',
  '3.7',
  '010',
  '1e-7',
  '1e22',
  '-0',
  '0.1',
  '7',
  '1700000000',
  '-5.5',
];

const OF_VECTOR = [
  'abs',
  'absent',
  'acos',
  'acosh',
  'asin',
  'asinh',
  'atan',
  'atanh',
  'ceil',
  'cos',
  'cosh',
  'deg',
  'exp',
  'floor',
  'histogram_count',
  'histogram_sum',
  'ln',
  'log10',
  'log2',
  'rad',
  'sgn',
  'sin',
  'sinh',
  'sort',
  'sort_desc',
  'sqrt',
  'tan',
  'tanh',
  'timestamp',
  'round',
  'day_of_month',
  'day_of_week',
  'day_of_year',
  'days_in_month',
  'hour',
  'minute',
  'month',
  'year',
];
const OF_RANGE = [
  'absent_over_time',
  'avg_over_time',
  'changes',
  'count_over_time',
  'delta',
  'deriv',
  'idelta',
  'increase',
  'irate',
  'last_over_time',
  'max_over_time',
  'min_over_time',
  'present_over_time',
  'rate',
  'resets',
  'stddev_over_time',
  'stdvar_over_time',
  'sum_over_time',
];
const AGGREGATORS = ['sum', 'avg', 'min', 'max', 'count', 'group', 'stddev', 'stdvar'];
const ARITHMETIC = ['+', '-', '*', '/', '%', '^', 'atan2'];
const COMPARISONS = ['==', '!=', '<', '<=', '>', '>='];
const PIECES = [
  '(',
  ')',
  '{',
  '}',
  '[',
  ']',
  ',',
  ':',
  '=',
  '=~',
  '!',
  '!~',
  '@',
  '"',
  "'",
  '`',
  '\\',
  '#',
  ' by ',
  ' on ',
  ' bool ',
  ' offset ',
  ' group_left ',
  ' ignoring ',
  'sum',
  'rate',
  ' and ',
  '5m',
  '1',
  '0x',
  '1e',
  '$',
  'é',
  '\n',
  '==',
  '+',
  '-',
  '*',
  '^',
  'foo',
  'a:b',
  ' start() ',
  '"x"',
  '[5m]',
  '[5m:',
  ' or ',
  'topk(',
  'foo(',
  ' without ',
  'NaN',
  '😀',
  '\u0001',
  ' end',
  '5',
  '5mm',
  '0s',
  '1h1h',
  '\\q',
  '\\xz',
  '"\\400"',
  'count_values',
  ' unless ',
  'bool',
];

// Without spaces, so that a space can part them.
const REGEXP_PIECES = [
  'a b . .* .+ x ( ) (?: (?i) (?i:A | [ ] [ab] [^a] [a-c] [c-a] * + ? {2} {1,3}',
  '{,2} {3,1} {1001} ^ $ \\\\d \\\\w \\\\s \\\\b \\\\. \\\\q \\\\pL \\\\p{Greek}',
  '\\\\p{Nope} [[:alpha:]] [[:nope:]] \\\\x41 \\\\x{1F600} \\\\Qa.b\\\\E \\\\1',
  '(?P<n>a) (?P<n (?<n>a) (?=a) 200 404 5 c - [\\\\d-] \\\\ ü (?s). (?U)a+ \\\\A',
  '\\\\z \\\\C +? **',
].flatMap((line) => line.split(' '));

export class Expressions {
  readonly #random: Random;

  constructor(random: Random) {
    this.#random = random;
  }

  /** One that is well formed, or nearly: types are mixed up now and then. */
  next(): string {
    const type = this.#chance(0.85) ? 'vector' : this.#one(['scalar', 'matrix', 'string'] as const);
    const depth = this.#one([1, 2, 2, 3, 3, 4]);
    return this.#ofType(type, depth);
  }

  /** One with a piece of text too many, too few or elsewhere. */
  broken(): string {
    let text = this.next();
    for (let left = this.#one([1, 1, 2]); left > 0; left -= 1) text = this.#changed(text);
    return text;
  }

  #changed(text: string): string {
    const at = Math.floor(this.#random.next() * (text.length + 1));
    const piece = this.#one(PIECES);
    switch (this.#one(['insert', 'insert', 'delete', 'cut', 'replace'])) {
      case 'insert':
        return text.slice(0, at) + piece + text.slice(at);
      case 'delete':
        return text.slice(0, at) + text.slice(at + this.#one([1, 1, 2, 5]));
      case 'cut':
        return text.slice(0, at);
      default:
        return text.slice(0, at) + piece + text.slice(at + piece.length);
    }
  }

  #chance(probability: number): boolean {
    return this.#random.next() < probability;
  }

  #one<Value>(values: readonly Value[]): Value {
    return values[Math.floor(this.#random.next() * values.length)]!;
  }

  #ofType(type: 'vector' | 'scalar' | 'matrix' | 'string', depth: number): string {
    // Now and then the wrong type: that is a mistake with a message of its own.
    const actual = this.#chance(0.01)
      ? this.#one(['vector', 'scalar', 'matrix', 'string'] as const)
      : type;
    if (actual === 'vector') return this.#vector(depth);
    if (actual === 'scalar') return this.#scalar(depth);
    if (actual === 'matrix') return this.#matrix(depth);
    return this.#one(['"a"', "'b\\n'", '`c\\`', '"\\u00e9"', '"\\xc3\\xa9\\101"', '("p")']);
  }

  #shift(): string {
    if (this.#chance(0.7)) return '';
    const offset = ` offset ${this.#one(OFFSETS)}`;
    const at = ` @ ${this.#one(['1700000900', '1700001200.5', 'start()', 'end()', '-5'])}`;
    return this.#one([offset, at, offset + at, at + offset]);
  }

  #selector(): string {
    const selector = this.#chance(0.1) ? this.#byRegexp() : this.#one(SELECTORS);
    return selector + this.#shift();
  }

  regexp(): string {
    return Array.from({ length: this.#one([1, 2, 3, 4, 5]) }, () => this.#one(REGEXP_PIECES)).join(
      '',
    );
  }

  #byRegexp(): string {
    const metric = this.#one(['counter_total', 'gauge', 'text', 'odd', '']);
    const label = this.#one(['pod', 'code', 'room', 'kind', 'letters', '__name__']);
    return `${metric}{${label}${this.#one(['=~', '=~', '!~'])}"${this.regexp()}"}`;
  }

  /** One about regular expressions alone. */
  aboutRegexp(): string {
    if (this.#chance(0.6)) return this.#byRegexp();
    const replacement = this.#one(['$1', '$n-$0', '${1}x', '$$', '$']);
    return `label_replace(${this.#one(['gauge', 'text', 'counter_total'])}, "new", "${replacement}", "${this.#one(['room', 'letters', 'code'])}", "${this.regexp()}")`;
  }

  #scalar(depth: number): string {
    if (depth <= 0 || this.#chance(0.5)) return this.#one(NUMBERS);
    switch (this.#one(['scalar', 'time', 'pi', 'binary', 'unary', 'parentheses'])) {
      case 'scalar':
        return `scalar(${this.#ofType('vector', depth - 1)})`;
      case 'time':
        return 'time()';
      case 'pi':
        return 'pi()';
      case 'unary':
        return `-${this.#ofType('scalar', depth - 1)}`;
      case 'parentheses':
        return `(${this.#ofType('scalar', depth - 1)})`;
      default: {
        const operator = this.#chance(0.7)
          ? this.#one(ARITHMETIC)
          : `${this.#one(COMPARISONS)} bool`;
        return `${this.#ofType('scalar', depth - 1)} ${operator} ${this.#ofType('scalar', depth - 1)}`;
      }
    }
  }

  #matrix(depth: number): string {
    if (depth <= 0 || this.#chance(0.65)) {
      return `${this.#one(SELECTORS)}[${this.#one(RANGES)}]${this.#shift()}`;
    }
    const inner = this.#ofType('vector', depth - 1);
    const wrapped = this.#chance(0.8) ? `(${inner})` : inner;
    return `${wrapped}[${this.#one(RANGES)}:${this.#one(STEPS)}]${this.#shift()}`;
  }

  #vector(depth: number): string {
    if (depth <= 0) return this.#selector();
    const d = depth - 1;
    switch (
      this.#one([
        'selector',
        'call',
        'range',
        'range',
        'other',
        'aggregation',
        'aggregation',
        'binary',
        'binary',
        'set',
        'unary',
        'parentheses',
      ])
    ) {
      case 'selector':
        return this.#selector();
      case 'call':
        return `${this.#one(OF_VECTOR)}(${this.#ofType('vector', d)})`;
      case 'range':
        return `${this.#one(OF_RANGE)}(${this.#ofType('matrix', d)})`;
      case 'other':
        return this.#otherCall(d);
      case 'aggregation':
        return this.#aggregation(d);
      case 'binary':
        return this.#binary(d);
      case 'set':
        return `${this.#ofType('vector', d)} ${this.#one(['and', 'or', 'unless'])}${this.#matching(false)} ${this.#ofType('vector', d)}`;
      case 'unary':
        return `${this.#one(['-', '-', '+'])}${this.#ofType('vector', d)}`;
      default:
        return `(${this.#ofType('vector', d)})`;
    }
  }

  #otherCall(d: number): string {
    const vector = this.#ofType('vector', d);
    const scalar = () => this.#ofType('scalar', d - 1);
    const label = () => this.#one([...LABELS, 'new', 'bad-name', '']);
    switch (
      this.#one([
        'quantile',
        'quantile',
        'clamp',
        'clamp_min',
        'clamp_max',
        'round',
        'label_replace',
        'label_replace',
        'label_join',
        'holt_winters',
        'predict_linear',
        'quantile_over_time',
        'vector',
        'calendar',
        'fraction',
      ])
    ) {
      case 'quantile':
        return this.#chance(0.5)
          ? `histogram_quantile(${this.#one(['0', '0.5', '0.9', '0.99', '1', '1.1', '-1', 'NaN', '0.25'])}, ${this.#one(['latency_bucket', 'strange_bucket', '{__name__=~".*_bucket"}', 'rate(latency_bucket[5m])', 'sum by (le) (latency_bucket)', 'sum by (le, app) (rate(latency_bucket[2m]))'])})`
          : `histogram_quantile(${scalar()}, ${vector})`;
      case 'clamp':
        return `clamp(${vector}, ${scalar()}, ${scalar()})`;
      case 'clamp_min':
      case 'clamp_max':
        return `${this.#one(['clamp_min', 'clamp_max'])}(${vector}, ${scalar()})`;
      case 'round':
        return `round(${vector}, ${scalar()})`;
      case 'label_replace':
        return `label_replace(${vector}, "${label()}", "${this.#one(['$1', 'x-$1', '${1}', '$name', '$0$$', '', '$1x', 'fixed', '$2'])}", "${label()}", "${this.#one(['(.*)', '(.)(.*)', '.*', '(?P<name>[a-z]+).*', '(', 'a|b', '', '(a)|(b)', '(?i)A.*', '[^a]'])}")`;
      case 'label_join':
        return `label_join(${vector}, "${label()}", "${this.#one(['-', '', ','])}", "${label()}", "${label()}")`;
      case 'holt_winters':
        return `holt_winters(${this.#ofType('matrix', d)}, ${this.#one(['0.5', '0.1', '0', '1', 'NaN'])}, ${this.#one(['0.5', '0.9', '1.5'])})`;
      case 'predict_linear':
        return `predict_linear(${this.#ofType('matrix', d)}, ${scalar()})`;
      case 'quantile_over_time':
        return `quantile_over_time(${scalar()}, ${this.#ofType('matrix', d)})`;
      case 'vector':
        return `vector(${scalar()})`;
      case 'calendar':
        return `${this.#one(['hour', 'minute', 'month', 'year', 'day_of_week', 'day_of_year', 'days_in_month', 'day_of_month'])}()`;
      default:
        return `histogram_fraction(${scalar()}, ${scalar()}, ${vector})`;
    }
  }

  #labelList(): string {
    const count = this.#one([0, 1, 1, 2, 3]);
    return `(${Array.from({ length: count }, () => this.#one(LABELS)).join(', ')})`;
  }

  #aggregation(d: number): string {
    const grouping = this.#chance(0.4)
      ? ''
      : `${this.#one(['by', 'without'])} ${this.#labelList()}`;
    const operator = this.#one([...AGGREGATORS, 'topk', 'bottomk', 'quantile', 'count_values']);
    const vector = this.#ofType('vector', d);
    let inner = vector;
    if (operator === 'topk' || operator === 'bottomk') {
      inner = `${this.#chance(0.8) ? this.#one(['1', '2', '3', '0', '100']) : this.#ofType('scalar', d)}, ${vector}`;
    }
    if (operator === 'quantile') inner = `${this.#ofType('scalar', d)}, ${vector}`;
    if (operator === 'count_values') {
      inner = `"${this.#one(['v', 'pod', 'bad-name', '__name__'])}", ${vector}`;
    }
    return this.#chance(0.5)
      ? `${operator}(${inner}) ${grouping}`
      : `${operator} ${grouping} (${inner})`;
  }

  #matching(hasGroup: boolean): string {
    if (this.#chance(0.4)) return '';
    const group =
      hasGroup && this.#chance(0.5)
        ? ` ${this.#one(['group_left', 'group_right'])}${this.#chance(0.5) ? this.#labelList() : ''}`
        : '';
    return ` ${this.#one(['on', 'ignoring'])} ${this.#labelList()}${group}`;
  }

  #binary(d: number): string {
    const isComparison = this.#chance(0.4);
    const operator = isComparison
      ? this.#one(COMPARISONS) + (this.#chance(0.4) ? ' bool' : '')
      : this.#one(ARITHMETIC);
    const form = this.#one(['vv', 'vv', 'vv', 'vs', 'sv', 'same']);
    if (form === 'vs')
      return `${this.#ofType('vector', d)} ${operator} ${this.#ofType('scalar', d)}`;
    if (form === 'sv')
      return `${this.#ofType('scalar', d)} ${operator} ${this.#ofType('vector', d)}`;
    if (form === 'same') {
      const one = this.#ofType('vector', d);
      return `${one} ${operator}${this.#matching(true)} ${this.#chance(0.5) ? one : this.#ofType('vector', 0)}`;
    }
    return `${this.#ofType('vector', d)} ${operator}${this.#matching(true)} ${this.#ofType('vector', d)}`;
  }
}
