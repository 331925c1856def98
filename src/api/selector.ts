// Label selectors: matching, their text form, and reading the text form.
import type { LabelSelector, LabelSelectorRequirement } from './kubernetes.ts';

type Labels = Readonly<Record<string, string>>;

function meets(requirement: LabelSelectorRequirement, labels: Labels): boolean {
  const value = labels[requirement.key];
  switch (requirement.operator) {
    case 'In':
      return value !== undefined && (requirement.values ?? []).includes(value);
    case 'NotIn':
      return value === undefined || !(requirement.values ?? []).includes(value);
    case 'Exists':
      return value !== undefined;
    case 'DoesNotExist':
      return value === undefined;
    default:
      return false;
  }
}

/** Whether labels satisfy a selector. An empty selector matches everything; an unknown operator nothing. */
export function matchesSelector(selector: LabelSelector, labels: Labels): boolean {
  return (
    Object.entries(selector.matchLabels ?? {}).every(([key, value]) => labels[key] === value) &&
    (selector.matchExpressions ?? []).every((requirement) => meets(requirement, labels))
  );
}

function expressionText({ key, operator, values = [] }: LabelSelectorRequirement): string {
  switch (operator) {
    case 'Exists':
      return key;
    case 'DoesNotExist':
      return `!${key}`;
    default:
      return `${key} ${operator === 'In' ? 'in' : 'notin'} (${values.toSorted().join(',')})`;
  }
}

/** The selector as `kubectl -l` takes it: sorted by key, joined by commas (rollout.md 7.6). */
export function selectorText(selector: LabelSelector | undefined): string {
  if (selector === undefined) return '';
  const labels = Object.entries(selector.matchLabels ?? {}).map(([key, value]) => {
    return [key, `${key}=${value}`] as const;
  });
  const expressions = (selector.matchExpressions ?? []).map((requirement) => {
    return [requirement.key, expressionText(requirement)] as const;
  });
  return [...labels, ...expressions]
    .toSorted(([a], [b]) => (a < b ? -1 : Number(a > b)))
    .map(([, part]) => part)
    .join(',');
}

export type ParsedSelector =
  | { readonly ok: true; readonly selector: LabelSelector }
  | { readonly ok: false; readonly error: string };

const SET = /^([\w./-]+)\s+(in|notin)\s+\(([^)]*)\)$/;
const EQUALS = /^([\w./-]+)\s*(==|=|!=)\s*([\w.-]*)$/;

function requirementOf(part: string): LabelSelectorRequirement | undefined {
  const set = SET.exec(part);
  if (set !== null) {
    const values = (set[3] ?? '').split(',').map((value) => value.trim());
    return { key: set[1] ?? '', operator: set[2] === 'in' ? 'In' : 'NotIn', values };
  }
  const equals = EQUALS.exec(part);
  if (equals !== null) {
    const operator = equals[2] === '!=' ? 'NotIn' : 'In';
    return { key: equals[1] ?? '', operator, values: [equals[3] ?? ''] };
  }
  if (/^![\w./-]+$/.test(part)) return { key: part.slice(1).trim(), operator: 'DoesNotExist' };
  return /^[\w./-]+$/.test(part) ? { key: part, operator: 'Exists' } : undefined;
}

/** Reads the text form (`a=b,c in (d,e),!f`); empty text selects everything. */
export function parseSelector(text: string): ParsedSelector {
  const parts = text.split(/,(?![^(]*\))/).map((part) => part.trim());
  const matchExpressions: LabelSelectorRequirement[] = [];
  for (const part of parts) {
    if (part === '') continue;
    const requirement = requirementOf(part);
    if (requirement === undefined) {
      return { ok: false, error: `unable to parse requirement: ${JSON.stringify(part)}` };
    }
    matchExpressions.push(requirement);
  }
  return { ok: true, selector: { matchExpressions } };
}
