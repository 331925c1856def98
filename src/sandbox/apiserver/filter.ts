// Which objects a list or a watch is about: labels and fields.
import type { KubeObject } from '../../api/object.ts';
import { matchesSelector, parseSelector } from '../../api/selector.ts';
import { valueAt } from './json-path.ts';
import type { ServedKind } from './kinds.ts';
import { type ApiRequest, parameter } from './request.ts';
import { badRequest } from './status-error.ts';

export type Filter = (object: KubeObject) => boolean;

/** Lists of every kind can be narrowed by these. */
const COMMON_FIELDS: ReadonlySet<string> = new Set(['metadata.name', 'metadata.namespace']);

interface FieldTerm {
  readonly path: string;
  readonly equals: boolean;
  readonly value: string;
}

function fieldTerms(text: string): readonly FieldTerm[] {
  return text
    .split(',')
    .filter((part) => part !== '')
    .map((part) => {
      const match = /^([^=!]+)(==|=|!=)(.*)$/.exec(part.trim());
      if (match === null) throw badRequest(`invalid field selector: ${JSON.stringify(part)}`);
      const [, path = '', operator, value = ''] = match;
      return { path: `.${path}`, equals: operator !== '!=', value };
    });
}

function isMet(object: KubeObject, { path, equals, value }: FieldTerm): boolean {
  const found = valueAt(object, path);
  const text = typeof found === 'string' ? found : JSON.stringify(found ?? '').replaceAll('"', '');
  return (text === value) === equals;
}

/** The filter of a request; bad selectors are refused. A name in the path is a filter too. */
export function filterOf(request: ApiRequest, { selectableFields }: ServedKind): Filter {
  const labels = parameter(request, 'labelSelector');
  const selector = labels === '' ? undefined : parseSelector(labels);
  if (selector?.ok === false) throw badRequest(selector.error);
  const terms = fieldTerms(parameter(request, 'fieldSelector'));
  for (const { path } of terms) {
    const field = path.slice(1);
    if (COMMON_FIELDS.has(field) || selectableFields.includes(field)) continue;
    throw badRequest(`field label not supported: ${field}`);
  }
  const { name, namespace } = request;
  return (object) =>
    (name === undefined || object.metadata.name === name) &&
    (namespace === undefined || object.metadata.namespace === namespace) &&
    (selector === undefined || matchesSelector(selector.selector, object.metadata.labels ?? {})) &&
    terms.every((term) => isMet(object, term));
}
