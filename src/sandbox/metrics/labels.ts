// What a series is called: label names and values, sorted by name, and one text that stands for all of them.
// An empty value means that there is no such label, as in Prometheus.

export const METRIC_NAME = '__name__';

/** Labels as people write them; `__name__` is the name of the metric. */
export type LabelSet = Readonly<Record<string, string>>;

/** Sorted by name. Made by `labelsOf` and the functions below only; equal labels have the same `key`. */
export interface Labels {
  readonly names: readonly string[];
  readonly values: readonly string[];
  readonly key: string;
}

/**
 * The key is long and not always asked for: it is made when it is. Lengths stand before the texts, so no value can imitate
 * the border of two labels, and a key of ASCII takes one byte a character. It is joined: a text that has been added to
 * piece by piece goes on holding every piece, four times the key.
 */
class LabelList implements Labels {
  readonly names: readonly string[];
  readonly values: readonly string[];
  #key: string | undefined;

  constructor(names: readonly string[], values: readonly string[]) {
    this.names = names;
    this.values = values;
  }

  get key(): string {
    if (this.#key !== undefined) return this.#key;
    const key = this.names
      .map((name, at) => {
        const value = this.values[at] ?? '';
        return `${name.length},${value.length},${name}${value}`;
      })
      .join('');
    this.#key = key;
    return key;
  }
}

function made(names: readonly string[], values: readonly string[]): Labels {
  return new LabelList(names, values);
}

export const NO_LABELS: Labels = made([], []);

export function labelsOf(set: LabelSet): Labels {
  const names = Object.keys(set)
    .filter((name) => set[name] !== '')
    .sort(compareText);
  return made(
    names,
    names.map((name) => set[name] ?? ''),
  );
}

export function labelSetOf(labels: Labels): LabelSet {
  return Object.fromEntries(labels.names.map((name, at) => [name, labels.values[at] ?? '']));
}

/** The value of a label; empty if there is none. */
export function labelValue(labels: Labels, name: string): string {
  const at = labels.names.indexOf(name);
  return at < 0 ? '' : (labels.values[at] ?? '');
}

function filtered(labels: Labels, keep: (name: string) => boolean): Labels {
  const names: string[] = [];
  const values: string[] = [];
  for (let at = 0; at < labels.names.length; at += 1) {
    const name = labels.names[at] ?? '';
    if (!keep(name)) continue;
    names.push(name);
    values.push(labels.values[at] ?? '');
  }
  return names.length === labels.names.length ? labels : made(names, values);
}

export function onlyLabels(labels: Labels, wanted: readonly string[]): Labels {
  return filtered(labels, (name) => wanted.includes(name));
}

export function withoutLabels(labels: Labels, unwanted: readonly string[]): Labels {
  return filtered(labels, (name) => !unwanted.includes(name));
}

export function withoutName(labels: Labels): Labels {
  return labels.names.includes(METRIC_NAME)
    ? filtered(labels, (name) => name !== METRIC_NAME)
    : labels;
}

/** The labels with one changed; an empty value takes it away. */
export function withLabel(labels: Labels, name: string, value: string): Labels {
  if (labelValue(labels, name) === value) return labels;
  return labelsOf({ ...labelSetOf(labels), [name]: value });
}

/** By names and values in turn, as Prometheus orders series. */
export function compareLabels(a: Labels, b: Labels): number {
  const shared = Math.min(a.names.length, b.names.length);
  for (let at = 0; at < shared; at += 1) {
    const byName = compareText(a.names[at] ?? '', b.names[at] ?? '');
    if (byName !== 0) return byName;
    const byValue = compareText(a.values[at] ?? '', b.values[at] ?? '');
    if (byValue !== 0) return byValue;
  }
  return a.names.length - b.names.length;
}

const BEYOND_ASCII = /[^\0-\x7f]/;

/** The order of the texts' UTF-8 bytes. It differs from `<` only where surrogates meet U+E000 to U+FFFF. */
export function compareText(a: string, b: string): number {
  if (a === b) return 0;
  if (!(BEYOND_ASCII.test(a) && BEYOND_ASCII.test(b))) return a < b ? -1 : 1;
  const shared = Math.min(a.length, b.length);
  for (let at = 0; at < shared; at += 1) {
    const left = a.charCodeAt(at);
    const right = b.charCodeAt(at);
    if (left === right) continue;
    const isLeftHigh = left >= 0xd800 && left < 0xe000;
    const isRightHigh = right >= 0xd800 && right < 0xe000;
    if (isLeftHigh !== isRightHigh) return isLeftHigh ? 1 : -1;
    return left - right;
  }
  return a.length - b.length;
}

const LABEL_NAME = /^[a-zA-Z_][a-zA-Z0-9_]*$/;

export function isLabelName(text: string): boolean {
  return LABEL_NAME.test(text);
}
