// The text in which programs expose their metrics (https://prometheus.io/docs/instrumenting/exposition_formats/).
// Entry point: `parseExposition`.
import type { LabelSet } from './labels.ts';
import { METRIC_NAME } from './labels.ts';

export interface ExposedSample {
  readonly labels: LabelSet;
  readonly value: number;
}

export type ParsedExposition =
  | { readonly ok: true; readonly samples: readonly ExposedSample[] }
  | { readonly ok: false; readonly error: string };

const LINE = /^([A-Za-z_:][\w:]*)(?:\{(.*)\})?[ \t]+([^ \t]+)(?:[ \t]+-?\d+)?$/;
const LABEL = /([A-Za-z_]\w*)="((?:[^"\\]|\\.)*)"[ \t]*(?:,[ \t]*|$)/gy;

/** Times of samples are left out: a scrape's samples have its own. */
export function parseExposition(text: string): ParsedExposition {
  const samples: ExposedSample[] = [];
  for (const [index, raw] of text.split('\n').entries()) {
    const line = raw.trim();
    if (line === '' || line.startsWith('#')) continue;
    const [, name = '', inner = '', number = ''] = LINE.exec(line) ?? [];
    const labels = labelsOfText(inner);
    const value = valueOf(number);
    if (name === '' || labels === undefined || value === undefined) {
      return { ok: false, error: `line ${index + 1} is no sample: ${line}` };
    }
    samples.push({ labels: { ...labels, [METRIC_NAME]: name }, value });
  }
  return { ok: true, samples };
}

function labelsOfText(text: string): Readonly<Record<string, string>> | undefined {
  const labels: Record<string, string> = {};
  let end = 0;
  for (const match of text.matchAll(LABEL)) {
    const [whole, name = '', value = ''] = match;
    labels[name] = value.replaceAll(/\\(.)/gs, (_all, escaped: string) =>
      escaped === 'n' ? '\n' : escaped,
    );
    end = match.index + whole.length;
  }
  return end === text.length ? labels : undefined;
}

const SPECIAL: Readonly<Record<string, number>> = {
  nan: Number.NaN,
  '+inf': Infinity,
  inf: Infinity,
  '-inf': -Infinity,
};

function valueOf(text: string): number | undefined {
  const special = SPECIAL[text.toLowerCase()];
  if (special !== undefined) return special;
  const number = Number(text);
  return text === '' || Number.isNaN(number) ? undefined : number;
}
