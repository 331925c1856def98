// Why a query had no data: which of its labels has no such value, and which values there are. An addition of ours; the
// reference only shows that the measurement failed. Entry point: `absenceOf`.
import { editDistance } from '../lib/edit-distance.ts';
import { compileWholePattern } from '../lib/pattern.ts';
import {
  matcherText,
  selectorsOf,
  selectorText,
  type SeriesMatcher,
  type SeriesSelector,
} from './prometheus-selectors.ts';

/** The two questions that Prometheus answers about its series, over the time in which the query looked. */
export interface SeriesIndex {
  /** Whether there is any series of the selector. */
  hasSeries(selector: string): Promise<boolean>;
  /** Values of a label among the series of the selector. */
  labelValues(label: string, selector: string): Promise<readonly string[]>;
}

const MOST_SELECTORS = 4;
const MOST_MATCHERS = 8;
const MOST_VALUES = 4;
const LONGEST = 80;

/** One sentence, without its final stop. Asks at most a few dozen short questions. */
export async function absenceOf(query: string, index: SeriesIndex): Promise<string> {
  for (const selector of selectorsOf(query).slice(0, MOST_SELECTORS)) {
    const reason = await selectorAbsence(selector, index);
    if (reason !== undefined) return reason;
  }
  return 'the series exist, but have no value that the query can use (a rate needs two samples in its window)';
}

async function selectorAbsence(
  selector: SeriesSelector,
  index: SeriesIndex,
): Promise<string | undefined> {
  if (await index.hasSeries(selectorText(selector))) return undefined;
  const { metric } = selector;
  const bare = { metric, matchers: [] };
  if (metric !== '' && !(await index.hasSeries(selectorText(bare)))) {
    return `there is no series ${metric}`;
  }
  const matchers = selector.matchers.slice(0, MOST_MATCHERS);
  const single = await firstAlone(selector, matchers, index);
  const culprits = single === undefined ? await allUnmatched(bare, matchers, index) : [single];
  const of = metric === '' ? 'no series' : `no series ${metric}`;
  if (culprits.length === 0) {
    return `${of} has all of ${matchers.map(matcherText).join(', ')}`;
  }
  return `${of} has ${culprits.map(told).join(', and none has ')}`;
}

interface Culprit {
  readonly matcher: SeriesMatcher;
  readonly values: readonly string[];
}

/** The one matcher without which there would be series. */
async function firstAlone(
  selector: SeriesSelector,
  matchers: readonly SeriesMatcher[],
  index: SeriesIndex,
): Promise<Culprit | undefined> {
  for (const matcher of matchers) {
    const others = selector.matchers.filter((one) => one !== matcher);
    const without = selectorText({ metric: selector.metric, matchers: others });
    if (!(await index.hasSeries(without))) continue;
    return { matcher, values: await index.labelValues(matcher.label, without) };
  }
  return undefined;
}

/** Matchers that no value of their label satisfies, whatever the others say. */
async function allUnmatched(
  bare: SeriesSelector,
  matchers: readonly SeriesMatcher[],
  index: SeriesIndex,
): Promise<readonly Culprit[]> {
  if (bare.metric === '') return [];
  const culprits: Culprit[] = [];
  for (const matcher of matchers) {
    const values = await index.labelValues(matcher.label, selectorText(bare));
    if (!values.some((value) => isMatched(matcher, value))) culprits.push({ matcher, values });
  }
  return culprits;
}

function isMatched({ operator, value: wanted }: SeriesMatcher, value: string): boolean {
  if (operator === '=' || operator === '!=') return (value === wanted) === (operator === '=');
  const compiled = compileWholePattern(wanted);
  return !compiled.ok || compiled.pattern.test(value) === (operator === '=~');
}

function told({ matcher, values }: Culprit): string {
  const near = values
    .filter((value) => value !== '')
    .map((value) => ({ value, distance: nearness(value, matcher.value) }))
    .toSorted((a, b) => a.distance - b.distance || (a.value < b.value ? -1 : 1))
    .map(({ value }) => value);
  const shown = near.slice(0, MOST_VALUES).map((value) => JSON.stringify(value));
  const more = near.length > shown.length ? ` and ${near.length - shown.length} more` : '';
  const there = shown.length === 0 ? 'no value' : `${shown.join(', ')}${more}`;
  return `${matcherText(matcher)} (there is ${there})`;
}

/** Long values are compared by their beginnings. */
function nearness(value: string, wanted: string): number {
  return editDistance(value.slice(0, LONGEST), wanted.slice(0, LONGEST));
}
