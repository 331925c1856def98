// Functions that change labels, and the labels that `absent` gives.
import {
  isLabelName,
  type Labels,
  labelsOf,
  labelValue,
  METRIC_NAME,
  withLabel,
} from '../labels.ts';
import { anchored } from '../regexp/matcher.ts';
import { compileRegexp, type Match, type Regexp } from '../regexp/program.ts';
import type { Expression } from './ast.ts';
import { QueryFailure } from './problems.ts';

/** `label_replace`: what it makes of the labels of a series. */
export function labelReplacer(args: readonly string[]): (labels: Labels) => Labels {
  const [destination = '', replacement = '', source = '', pattern = ''] = args;
  const compiled = compileRegexp(anchored(pattern));
  if (!compiled.ok) {
    throw new QueryFailure(`invalid regular expression in label_replace(): ${pattern}`);
  }
  if (!isLabelName(destination)) {
    throw new QueryFailure(`invalid destination label name in label_replace(): ${destination}`);
  }
  const { regexp } = compiled;
  return (labels) => {
    const text = labelValue(labels, source);
    const match = regexp.match(text);
    if (match === undefined) return labels;
    return withLabel(labels, destination, expanded(replacement, { regexp, text, match }));
  };
}

const REFERENCE = /\$(?:\$|\{([\p{L}\p{Nd}_]+)\}|([\p{L}\p{Nd}_]+))/gu;

/** A template with `$1`, `$name`, `${name}` and `$$`; what is none of these stays. */
function expanded(
  template: string,
  { regexp, text, match }: { regexp: Regexp; text: string; match: Match },
): string {
  return template.replaceAll(REFERENCE, (whole, braced?: string, bare?: string) => {
    const name = braced ?? bare;
    if (name === undefined) return whole.slice(1);
    const groups = /^[0-9]+$/.test(name) ? [Number(name)] : (regexp.names.get(name) ?? []);
    const index = groups.find((group) => (match[2 * group] ?? -1) >= 0);
    return index === undefined ? '' : text.slice(match[2 * index], match[2 * index + 1]);
  });
}

/** `label_join`: the values of some labels, joined, as another label. */
export function labelJoiner(args: readonly string[]): (labels: Labels) => Labels {
  const [destination = '', separator = '', ...sources] = args;
  for (const source of sources) {
    if (isLabelName(source)) continue;
    throw new QueryFailure(`invalid source label name in label_join(): ${source}`);
  }
  if (!isLabelName(destination)) {
    throw new QueryFailure(`invalid destination label name in label_join(): ${destination}`);
  }
  return (labels) => {
    const joined = sources.map((source) => labelValue(labels, source)).join(separator);
    return withLabel(labels, destination, joined);
  };
}

/** The labels of what is absent: those that the selector says must be equal to something, once. */
export function absentLabels(expression: Expression): Labels {
  if (expression.kind === 'range') return absentLabels(expression.selector);
  if (expression.kind !== 'selector') return labelsOf({});
  const found = new Map<string, string>();
  const known = new Set<string>();
  for (const { name, operator, value } of expression.matchers) {
    if (name === METRIC_NAME) continue;
    if (operator === '=' && !known.has(name)) {
      found.set(name, value);
      known.add(name);
    } else found.delete(name);
  }
  return labelsOf(Object.fromEntries(found));
}
