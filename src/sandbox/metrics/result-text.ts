// Results as the JSON text that Prometheus writes: times in seconds with at most three digits, values as strings.
import { unreachable } from '../../lib/assert.ts';
import { labelSetOf, type Labels } from './labels.ts';
import type { QueryValue, Series } from './promql/engine.ts';
import { numberText, sampleText } from './promql/format.ts';
import type { Sample } from './promql/rows.ts';

/** JSON as Go writes it: it escapes what HTML would take for its own. */
export function jsonText(value: unknown): string {
  return JSON.stringify(value).replaceAll(
    /[<>&\u2028\u2029]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

export function resultText(value: QueryValue): string {
  return `{"resultType":"${value.type}","result":${contentText(value)}}`;
}

function contentText(value: QueryValue): string {
  switch (value.type) {
    case 'scalar':
      return `[${timeText(value.time)},"${numberText(value.value)}"]`;
    case 'string':
      return `[${timeText(value.time)},${jsonText(value.value)}]`;
    case 'vector':
      return `[${value.samples.map((sample) => elementText(sample, value.time)).join(',')}]`;
    case 'matrix':
      return `[${value.series.map(seriesText).join(',')}]`;
    default:
      return unreachable(value);
  }
}

/** 1700001800500 -> `1700001800.500`, 1700001800000 -> `1700001800` */
function timeText(ms: number): string {
  const whole = Math.abs(Math.trunc(ms / 1000));
  const rest = Math.abs(ms % 1000);
  const fraction = rest === 0 ? '' : `.${String(rest).padStart(3, '0')}`;
  return `${ms < 0 ? '-' : ''}${whole}${fraction}`;
}

function point(time: number, value: number): string {
  return `[${timeText(time)},"${sampleText(value)}"]`;
}

function metricText(labels: Labels): string {
  return jsonText(labelSetOf(labels));
}

function elementText({ labels, value }: Sample, time: number): string {
  return `{"metric":${metricText(labels)},"value":${point(time, value)}}`;
}

function seriesText({ labels, times, values }: Series): string {
  const points = times.map((time, at) => point(time, values[at] ?? Number.NaN));
  return `{"metric":${metricText(labels)},"values":[${points.join(',')}]}`;
}
