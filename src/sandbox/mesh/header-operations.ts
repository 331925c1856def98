// Changes of headers as both route APIs write them, in the order in which a proxy makes them: removals, then sets, then
// additions, each in the order of their names.
import type { HeaderOperation } from './plan.ts';
import type { Field } from './reading.ts';

export interface HeaderChanges {
  readonly request: readonly HeaderOperation[];
  readonly response: readonly HeaderOperation[];
  /** A changed Host header; it rewrites the authority instead. */
  readonly authority?: string;
}

export const NO_CHANGES: HeaderChanges = { request: [], response: [] };

/** `headers` of an Istio route or destination. */
export function compileHeaders(field: Field): HeaderChanges {
  if (!field.isPresent) return NO_CHANGES;
  field.only(['request', 'response']);
  const request = field.at('request');
  const authority = authorityIn(request.at('set')) ?? authorityIn(request.at('add'));
  return {
    request: operationsOf(request),
    response: operationsOf(field.at('response')),
    ...(authority === undefined ? {} : { authority }),
  };
}

function operationsOf(field: Field): readonly HeaderOperation[] {
  field.only(['set', 'add', 'remove']);
  const removals = field
    .at('remove')
    .texts()
    .map((name) => ({ kind: 'remove', name: name.toLowerCase() }) as const);
  const all = [...removals, ...valued(field.at('set'), 'set'), ...valued(field.at('add'), 'add')];
  return all.filter(({ name }) => !isInternal(name));
}

function valued(field: Field, kind: 'set' | 'add'): readonly HeaderOperation[] {
  return field.members().flatMap(([name, member]) => {
    const value = member.text();
    if (value === undefined) return [];
    complainAboutVariables(member, value);
    return [{ kind, name: name.toLowerCase(), value }];
  });
}

/** Envoy fills in `%REQ(x)%` and its like; here they are sent as they stand. */
export function complainAboutVariables(field: Field, value: string): void {
  if (/%[A-Z_]+(?:\([^)]*\))?%/.test(value)) field.notSupported('its variables are not filled in');
}

/** Pseudo-headers and Host cannot be changed as headers. */
function isInternal(name: string): boolean {
  return name.startsWith(':') || name === 'host';
}

function authorityIn(field: Field): string | undefined {
  for (const [name, member] of field.members()) {
    const lower = name.toLowerCase();
    if (lower === 'host' || lower === ':authority') return member.text();
  }
  return undefined;
}

/** Removals of all come first, as if the two had been written as one. */
export function joined(
  first: readonly HeaderOperation[],
  second: readonly HeaderOperation[],
): readonly HeaderOperation[] {
  if (first.length === 0) return second;
  if (second.length === 0) return first;
  const all = [...first, ...second];
  const isRemoval = ({ kind }: HeaderOperation) => kind === 'remove';
  return [...all.filter(isRemoval), ...all.filter((operation) => !isRemoval(operation))];
}
