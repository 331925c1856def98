// Where the series of one scraped target go. What a scrape does not write any more is marked as ended, as Prometheus does.
import type { Instant } from '../../lib/ports.ts';
import type { LabelSet } from './labels.ts';
import type { SeriesStore, SeriesWriter } from './store.ts';

/** Whatever keeps series of its own across scrapes and writes them all at once. */
export interface SeriesGroup {
  append(at: Instant): void;
  end(at: Instant): void;
}

interface Held {
  readonly writer: SeriesWriter;
  lastAt: Instant;
}

export class Target {
  readonly #store: SeriesStore;
  readonly #labels: LabelSet;
  readonly #series = new Map<string, Held>();
  readonly #groups = new Map<object, SeriesGroup>();

  /** `labels` are added to every series; one of the same name in it keeps its value under `exported_NAME`. */
  constructor(store: SeriesStore, labels: LabelSet) {
    this.#store = store;
    this.#labels = labels;
  }

  labelsFor(own: LabelSet): LabelSet {
    const all: Record<string, string> = { ...this.#labels };
    for (const [name, value] of Object.entries(own)) {
      all[name in this.#labels ? `exported_${name}` : name] = value;
    }
    return all;
  }

  writer(own: LabelSet): SeriesWriter {
    return this.#store.writer(this.labelsFor(own));
  }

  /** One sample; `key` stands for the labels, which are looked at the first time only. */
  write(
    sample: { readonly key: string; readonly labels: () => LabelSet; readonly value: number },
    at: Instant,
  ): void {
    let held = this.#series.get(sample.key);
    if (held === undefined) {
      held = { writer: this.writer(sample.labels()), lastAt: at };
      this.#series.set(sample.key, held);
    }
    held.lastAt = at;
    held.writer.append(sample.value, at);
  }

  /** The group of an object; it is asked for at every scrape. */
  group(owner: object, make: () => SeriesGroup): SeriesGroup {
    const known = this.#groups.get(owner);
    if (known !== undefined) return known;
    const made = make();
    this.#groups.set(owner, made);
    return made;
  }

  /** The group of an object that has nothing more to say. */
  endGroup(owner: object, at: Instant): void {
    this.#groups.get(owner)?.end(at);
    this.#groups.delete(owner);
  }

  /** The scrape is over: what it did not write has ended. */
  finish(at: Instant): void {
    for (const [key, { writer, lastAt }] of this.#series) {
      if (lastAt >= at) continue;
      writer.markStale(at);
      this.#series.delete(key);
    }
  }

  /** The target is gone. */
  end(at: Instant): void {
    for (const { writer } of this.#series.values()) writer.markStale(at);
    for (const group of this.#groups.values()) group.end(at);
    this.#series.clear();
    this.#groups.clear();
  }
}
