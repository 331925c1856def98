// The text in which programs expose their metrics to Prometheus (format 0.0.4; of OpenMetrics what it shares with it):
// reading it for a scrape, and writing it. Entry points: `parseExposition`, `expositionText`.
import { type LabelSet, METRIC_NAME } from './labels.ts';
import { numberText } from './promql/format.ts';
import { parseFloatLikeGo } from './promql/literals.ts';

export type MetricType = 'counter' | 'gauge' | 'histogram' | 'summary' | 'untyped';

/** One exposed sample; labels include the name. */
export interface ExposedSample {
  readonly labels: LabelSet;
  readonly value: number;
  /** Milliseconds, if the program says when it measured. */
  readonly timestamp?: number;
}

export type ParsedExposition =
  | {
      readonly ok: true;
      readonly samples: readonly ExposedSample[];
      readonly types: ReadonlyMap<string, MetricType>;
    }
  | { readonly ok: false; readonly error: string };

const TYPES: ReadonlySet<string> = new Set(['counter', 'gauge', 'histogram', 'summary', 'untyped']);

/** Reads a whole text. One wrong line spoils it all, as in Prometheus: half a scrape would look like lost series. */
export function parseExposition(text: string): ParsedExposition {
  const samples: ExposedSample[] = [];
  const types = new Map<string, MetricType>();
  for (const [at, whole] of text.split('\n').entries()) {
    const line = whole.trim();
    if (line === '# EOF') break;
    if (line === '') continue;
    if (line.startsWith('#')) {
      const [, name, type] = /^#\s+TYPE\s+(\S+)\s+(\S+)$/.exec(line) ?? [];
      // A type that we do not know is as good as none.
      if (name !== undefined && isMetricType(type)) types.set(name, type);
      continue;
    }
    const read = readSample(line);
    if (typeof read === 'string') return { ok: false, error: `line ${at + 1}: ${read}` };
    samples.push(read);
  }
  return { ok: true, samples, types };
}

function isMetricType(text: string | undefined): text is MetricType {
  return text !== undefined && TYPES.has(text);
}

const NAME = /[a-zA-Z_:][a-zA-Z0-9_:]*/y;
const LABEL = /[ \t]*([a-zA-Z_][a-zA-Z0-9_]*)[ \t]*=[ \t]*"((?:[^"\\]|\\.)*)"[ \t]*(,|(?=\}))/y;

function matchAt(pattern: RegExp, text: string, at: number): RegExpExecArray | undefined {
  const sticky = new RegExp(pattern);
  sticky.lastIndex = at;
  return sticky.exec(text) ?? undefined;
}

/** The sample of a line, or what is wrong with it. */
function readSample(line: string): ExposedSample | string {
  const name = matchAt(NAME, line, 0)?.[0];
  if (name === undefined) return `expected the name of a metric, got ${JSON.stringify(line)}`;
  const labels = new Map([[METRIC_NAME, name]]);
  let at = name.length;
  while (/[ \t]/.test(line.charAt(at))) at += 1;
  if (line.charAt(at) === '{') {
    at += 1;
    for (
      let label = matchAt(LABEL, line, at);
      label !== undefined;
      label = matchAt(LABEL, line, at)
    ) {
      const [all, key = '', value = ''] = label;
      if (labels.has(key)) return `label ${key} of ${name} is given twice`;
      labels.set(key, unescaped(value));
      at += all.length;
    }
    while (/[ \t]/.test(line.charAt(at))) at += 1;
    if (line.charAt(at) !== '}') {
      return `expected a label and its value in quotes, got ${JSON.stringify(line.slice(at))}`;
    }
    at += 1;
  }
  return readValue(line.slice(at), Object.fromEntries(labels));
}

function readValue(rest: string, labels: LabelSet): ExposedSample | string {
  // Behind a `#` an exemplar follows; nobody asks for it here.
  const [valueText = '', timeText, ...more] = rest
    .replace(/\s#\s.*$/, '')
    .trim()
    .split(/[ \t]+/);
  const value = parseFloatLikeGo(valueText);
  if (value === undefined) return `expected a number, got ${JSON.stringify(valueText)}`;
  if (more.length > 0) return `expected the end of the line, got ${JSON.stringify(more.join(' '))}`;
  if (timeText === undefined) return { labels, value };
  if (!/^-?[0-9]+$/.test(timeText)) {
    return `expected a time in milliseconds, got ${JSON.stringify(timeText)}`;
  }
  return { labels, value, timestamp: Number(timeText) };
}

function unescaped(text: string): string {
  return text.replaceAll(/\\(.)/g, (escape, character: string) => {
    if (character === 'n') return '\n';
    return character === '\\' || character === '"' ? character : escape;
  });
}

/** A metric with all of its series, for writing. */
export interface MetricFamily {
  readonly name: string;
  readonly type: MetricType;
  readonly help?: string;
  readonly samples: readonly {
    /** What follows the family's name: `_bucket`, `_sum`, `_count`; nothing if absent. */
    readonly suffix?: string;
    readonly labels: LabelSet;
    readonly value: number;
    /** Milliseconds; none if absent. */
    readonly timestamp?: number;
  }[];
}

export const EXPOSITION_TYPE = 'text/plain; version=0.0.4; charset=utf-8';

export function expositionText(families: readonly MetricFamily[]): string {
  return families
    .map(({ name, type, help, samples }) => {
      const lines = samples.map(
        (sample) =>
          `${name}${sample.suffix ?? ''}${labelText(sample.labels)} ${numberText(sample.value)}` +
          `${sample.timestamp === undefined ? '' : ` ${sample.timestamp}`}\n`,
      );
      const helpLine = help === undefined ? '' : `# HELP ${name} ${escapedHelp(help)}\n`;
      return `${helpLine}# TYPE ${name} ${type}\n${lines.join('')}`;
    })
    .join('');
}

function escapedHelp(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n');
}

function labelText(labels: LabelSet): string {
  const pairs = Object.entries(labels).map(
    ([name, value]) => `${name}="${escapedHelp(value).replaceAll('"', '\\"')}"`,
  );
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`;
}
