// The inverted index: from a label's name and value to the series that have it.
import type { Labels } from './labels.ts';
import type { Matcher } from './matcher.ts';

export class Postings<Series> {
  readonly #all = new Set<Series>();
  readonly #byName = new Map<string, Map<string, Set<Series>>>();

  add(labels: Labels, series: Series): void {
    this.#all.add(series);
    for (const [at, name] of labels.names.entries()) {
      const value = labels.values[at] ?? '';
      const values = this.#byName.get(name) ?? new Map<string, Set<Series>>();
      this.#byName.set(name, values);
      const holders = values.get(value) ?? new Set<Series>();
      values.set(value, holders);
      holders.add(series);
    }
  }

  remove(labels: Labels, series: Series): void {
    this.#all.delete(series);
    for (const [at, name] of labels.names.entries()) {
      const values = this.#byName.get(name);
      const value = labels.values[at] ?? '';
      const holders = values?.get(value);
      holders?.delete(series);
      if (holders?.size === 0) values?.delete(value);
      if (values?.size === 0) this.#byName.delete(name);
    }
  }

  /** A set of series, as small as one matcher makes it, that holds all which the matchers match together. */
  candidates(matchers: readonly Matcher[]): Series[] {
    let best: readonly ReadonlySet<Series>[] = [this.#all];
    let bestSize = this.#all.size;
    for (const matcher of matchers) {
      // One that also matches the absent label says nothing about who has the label.
      if (matcher.matches('')) continue;
      const sets = this.#holders(matcher);
      const size = sets.reduce((sum, set) => sum + set.size, 0);
      if (size >= bestSize) continue;
      best = sets;
      bestSize = size;
    }
    return best.flatMap((set) => [...set]);
  }

  #holders({ name, operator, value, matches }: Matcher): readonly ReadonlySet<Series>[] {
    const values = this.#byName.get(name);
    if (values === undefined) return [];
    if (operator === '=') {
      const holders = values.get(value);
      return holders === undefined ? [] : [holders];
    }
    return [...values].filter(([candidate]) => matches(candidate)).map(([, holders]) => holders);
  }
}
