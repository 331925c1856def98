// The Prometheus text format, version 0.0.4 (https://prometheus.io/docs/instrumenting/exposition_formats/): numbers as
// Go prints them, since the bounds of buckets are labels that dashboards match. Entry point: `exposition`.
import type { MetricRow } from './table.ts';

export const EXPOSITION_TYPE = 'text/plain; version=0.0.4; charset=utf-8';

/** One series, its label values in the order of the row's labels. */
export interface Sample {
  readonly values: readonly string[];
  readonly value: number;
}

export interface HistogramSample {
  readonly values: readonly string[];
  /** Observations up to and including each bound of the row, those of smaller bounds not counted again. */
  readonly counts: readonly number[];
  readonly count: number;
  readonly sum: number;
}

export type Family =
  | { readonly row: MetricRow; readonly samples: readonly Sample[] }
  | { readonly row: MetricRow; readonly histograms: readonly HistogramSample[] };

/** Lines that are made at a time: many objects must not keep all else from running. */
const CHUNK = 500;

/** The text in parts, one or more a family; families without series are left out. No series may come twice. */
export function* exposition(families: Iterable<Family>): Generator<string> {
  for (const family of families) {
    const count = 'samples' in family ? family.samples.length : family.histograms.length;
    if (count === 0) continue;
    const { name, help, type, labels } = family.row;
    yield `# HELP ${name} ${escapedHelp(help)}\n# TYPE ${name} ${type}\n`;
    const order = labels.map((_label, at) => at).sort((a, b) => compare(labels[a], labels[b]));
    for (let at = 0; at < count; at += CHUNK) yield chunkOf(family, order, at);
  }
}

function chunkOf(family: Family, order: readonly number[], at: number): string {
  const { row } = family;
  const pairs = (values: readonly string[]) =>
    order.map((index) => `${row.labels[index] ?? ''}="${escapedValue(values[index] ?? '')}"`);
  if ('samples' in family) {
    return family.samples
      .slice(at, at + CHUNK)
      .map(({ values, value }) => line(row.name, pairs(values), value))
      .join('');
  }
  return family.histograms
    .slice(at, at + CHUNK)
    .map((sample) => histogramLines(row, pairs(sample.values), sample))
    .join('');
}

/** Each bucket counts what the smaller ones count too; the last is that of everything. */
function histogramLines(
  { name, buckets = [] }: MetricRow,
  pairs: readonly string[],
  { counts, count, sum }: HistogramSample,
): string {
  let total = 0;
  const lines = buckets.map((bound, index) => {
    total += counts[index] ?? 0;
    return line(`${name}_bucket`, [...pairs, `le="${numberText(bound)}"`], total);
  });
  return [
    ...lines,
    line(`${name}_bucket`, [...pairs, 'le="+Inf"'], count),
    line(`${name}_sum`, pairs, sum),
    line(`${name}_count`, pairs, count),
  ].join('');
}

function line(name: string, pairs: readonly string[], value: number): string {
  const labels = pairs.length === 0 ? '' : `{${pairs.join(',')}}`;
  return `${name}${labels} ${numberText(value)}\n`;
}

function escapedHelp(text: string): string {
  return text.replaceAll('\\', String.raw`\\`).replaceAll('\n', String.raw`\n`);
}

function escapedValue(text: string): string {
  return /["\\\n]/.test(text) ? escapedHelp(text).replaceAll('"', String.raw`\"`) : text;
}

/** As Go's strconv prints a float in its shortest form: 28800 -> `28800`; 1000000 -> `1e+06`; 1e-8 -> `1e-08`. */
export function numberText(value: number): string {
  if (Number.isNaN(value)) return 'NaN';
  if (!Number.isFinite(value)) return value > 0 ? '+Inf' : '-Inf';
  if (value === 0) return '0';
  const [digits = '', power = ''] = value.toExponential().split('e');
  const exponent = Number(power);
  if (exponent >= -4 && exponent < LARGE) return String(value);
  const size = String(Math.abs(exponent)).padStart(2, '0');
  return `${digits}e${exponent < 0 ? '-' : '+'}${size}`;
}

/** From this power of ten on Go writes an exponent; `String` would from 1e21 on. */
const LARGE = 6;

function compare(a = '', b = ''): number {
  return a < b ? -1 : Number(a > b);
}
