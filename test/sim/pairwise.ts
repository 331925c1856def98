// A covering array: few rows in which every pair of values of two factors meets that can meet. Greedy, and the same for
// the same seed. Entry point: `coveringArray`.
import type { Random } from '../../src/lib/ports.ts';
import { seededRandom } from '../../src/lib/random.ts';

export type Factors = Readonly<Record<string, readonly string[]>>;
export type Row = Readonly<Record<string, string>>;

/** What cannot be, with the reason. Asked of rows that are not complete: a factor that is missing breaks nothing. */
export interface Constraint {
  readonly reason: string;
  readonly isBroken: (row: Row) => boolean;
}

export interface CoveringArray {
  readonly rows: readonly Row[];
  /** Pairs of values of different factors. */
  readonly pairs: number;
  /** Those that no constraint forbids. */
  readonly possible: number;
  /** Those that some row has. */
  readonly covered: number;
}

/** How many rows are tried for each that is kept. */
const CANDIDATES = 12;

export interface Space {
  readonly factors: Factors;
  readonly constraints: readonly Constraint[];
  readonly seed: string;
}

export function coveringArray(space: Space): CoveringArray {
  const random = seededRandom(space.seed);
  const all = allPairs(space.factors);
  const possible = all.filter(
    (pair) => completed(space, pair, Object.keys(space.factors)) !== undefined,
  );
  const open = new Map(possible.map((pair) => [keyOf(pair), pair]));
  const rows: Row[] = [];
  for (let [first] = open.values(); first !== undefined; [first] = open.values()) {
    const row = bestRow(space, { first, open, random });
    rows.push(row);
    for (const key of pairKeys(row)) open.delete(key);
  }
  return { rows, pairs: all.length, possible: possible.length, covered: coveredBy(rows, possible) };
}

function coveredBy(rows: readonly Row[], pairs: readonly Row[]): number {
  const met = new Set(rows.flatMap(pairKeys));
  return pairs.filter((pair) => met.has(keyOf(pair))).length;
}

function allPairs(factors: Factors): readonly Row[] {
  const names = Object.keys(factors);
  return names.flatMap((a, index) =>
    names
      .slice(index + 1)
      .flatMap((b) =>
        (factors[a] ?? []).flatMap((x) => (factors[b] ?? []).map((y) => ({ [a]: x, [b]: y }))),
      ),
  );
}

function keyOf(pair: Row): string {
  const [[a, x] = ['', ''], [b, y] = ['', '']] = Object.entries(pair);
  return keyOfTwo([a, x], [b, y]);
}

/** The same for both orders. */
function keyOfTwo(one: readonly [string, string], other: readonly [string, string]): string {
  const [first, second] = one[0] < other[0] ? [one, other] : [other, one];
  return `${first[0]}=${first[1]} ${second[0]}=${second[1]}`;
}

function pairKeys(row: Row): readonly string[] {
  const entries = Object.entries(row);
  return entries.flatMap((one, index) =>
    entries.slice(index + 1).map((other) => keyOfTwo(one, other)),
  );
}

function isAllowed({ constraints }: Space, row: Row): boolean {
  return !constraints.some(({ isBroken }) => isBroken(row));
}

/** The row with the first allowed values for what is missing of `order`; undefined if there is none. */
function completed(space: Space, row: Row, order: readonly string[]): Row | undefined {
  if (!isAllowed(space, row)) return undefined;
  const name = order.find((one) => row[one] === undefined);
  if (name === undefined) return row;
  for (const value of space.factors[name] ?? []) {
    const found = completed(space, { ...row, [name]: value }, order);
    if (found !== undefined) return found;
  }
  return undefined;
}

interface Search {
  readonly first: Row;
  readonly open: ReadonlyMap<string, Row>;
  readonly random: Random;
}

/** Of some random rows around the pair the one that meets most of what is open. */
function bestRow(space: Space, search: Search): Row {
  let best: Row = {};
  let most = 0;
  for (let candidate = 0; candidate < CANDIDATES; candidate += 1) {
    const row = greedyRow(space, search);
    const count = pairKeys(row).filter((key) => search.open.has(key)).length;
    if (count > most) {
      best = row;
      most = count;
    }
  }
  return best;
}

function greedyRow(space: Space, { first, open, random }: Search): Row {
  const order = shuffled(Object.keys(space.factors), random);
  let row = first;
  for (const name of order) {
    if (row[name] !== undefined) continue;
    const gains = shuffled(space.factors[name] ?? [], random)
      .map((value) => ({ ...row, [name]: value }))
      .filter((next) => completed(space, next, order) !== undefined)
      .map((next) => ({ next, gain: gainOf(row, { name, value: next[name] ?? '', open }) }));
    const [best] = gains.toSorted((a, b) => b.gain - a.gain);
    if (best === undefined) throw new Error(`no row has ${keyOf(first)}, though it is possible`);
    row = best.next;
  }
  return row;
}

function gainOf(
  row: Row,
  { name, value, open }: { name: string; value: string; open: ReadonlyMap<string, Row> },
): number {
  return Object.entries(row).filter((other) => open.has(keyOfTwo([name, value], other))).length;
}

function shuffled<T>(values: readonly T[], random: Random): readonly T[] {
  return values
    .map((value) => ({ value, rank: random.next() }))
    .toSorted((a, b) => a.rank - b.rank)
    .map(({ value }) => value);
}
