// Whether two answers of Prometheus' API say the same: numbers within 1e-9 of each other, series in any order unless
// the expression asks for one.

/** What `/api/v1/query` and its neighbours answer with. */
export interface ApiDocument {
  readonly status: string;
  readonly data?: unknown;
  readonly errorType?: string;
  readonly error?: string;
}

type Point = readonly [number, string];

interface ResultSeries {
  readonly metric: Readonly<Record<string, string>>;
  readonly value?: Point;
  readonly values?: readonly Point[];
}

const TOLERANCE = 1e-9;

/** What differs; undefined if nothing does. */
export function difference(
  expression: string,
  expected: ApiDocument,
  actual: ApiDocument,
): string | undefined {
  const shown = `expected ${short(expected)}, got ${short(actual)}`;
  if (expected.status !== actual.status) return shown;
  if (expected.status === 'error') {
    const isSame =
      expected.errorType === actual.errorType &&
      comparable(expected.error) === comparable(actual.error);
    return isSame ? undefined : shown;
  }
  const [a, b] = [resultOf(expected), resultOf(actual)];
  if (a.type !== b.type) return shown;
  if (a.type === 'scalar')
    return isSamePoint(a.result as Point, b.result as Point) ? undefined : shown;
  if (a.type === 'string')
    return JSON.stringify(a.result) === JSON.stringify(b.result) ? undefined : shown;
  const isOrdered = /^\s*(sort|sort_desc|topk|bottomk)\b/.test(expression) && a.type === 'vector';
  const sides = [a.result, b.result].map((list) => {
    const all = list as readonly ResultSeries[];
    return isOrdered ? all : all.toSorted((x, y) => (keyOf(x) < keyOf(y) ? -1 : 1));
  });
  const [left = [], right = []] = sides;
  const isSame =
    left.length === right.length && left.every((one, at) => isSameSeries(one, right[at]));
  return isSame ? undefined : shown;
}

/** Which of several duplicates Prometheus finds first is chance where series come out of a map of its own. */
function comparable(error = ''): string {
  return error.replace(
    /(found duplicate series for the match group ).*( on the .*operation: ).*;many/s,
    '$1$2many',
  );
}

function short(document: ApiDocument): string {
  const text = JSON.stringify(document.data ?? document.error);
  return text.length > 1500 ? `${text.slice(0, 1500)}…` : text;
}

function resultOf({ data }: ApiDocument): { type: string; result: unknown } {
  const { resultType, result } = data as { resultType: string; result: unknown };
  return { type: resultType, result };
}

function keyOf({ metric }: ResultSeries): string {
  return JSON.stringify(Object.entries(metric).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

function isSameSeries(a: ResultSeries, b: ResultSeries | undefined): boolean {
  if (b === undefined || keyOf(a) !== keyOf(b)) return false;
  const [left, right] = [a, b].map(({ value, values }) => values ?? (value ? [value] : []));
  return (
    left?.length === right?.length &&
    (left ?? []).every((point, at) => isSamePoint(point, right?.[at]))
  );
}

function isSamePoint([time, text]: Point, other: Point | undefined): boolean {
  if (other === undefined || Math.abs(time - other[0]) > 1e-6) return false;
  if (text === other[1]) return true;
  // How a number is written is part of the answer, too.
  if (text.includes('e') !== other[1].includes('e')) return false;
  const [a, b] = [Number(text), Number(other[1])];
  if (a === 0 && b === 0) return false;
  // NaN and infinities are equal as texts or not at all; so is the sign of zero.
  if (!Number.isFinite(a) || !Number.isFinite(b)) return false;
  return Math.abs(a - b) <= TOLERANCE * Math.max(Math.abs(a), Math.abs(b));
}
