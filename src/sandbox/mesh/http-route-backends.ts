// Backends of an HTTPRoute's rule: Services of the route's own namespace, by weight. One that cannot be used keeps its
// share and answers 500 for it.
import { compileFilters, type Filters } from './http-route-filters.ts';
import { compileBackendRef } from './http-route-reference.ts';
import type { Compilation } from './reference.ts';
import type { Field } from './reading.ts';
import type { WeightedDestination } from './routes.ts';

export function compileBackends(
  field: Field,
  filters: Filters,
  compilation: Compilation,
): readonly WeightedDestination[] {
  return field.items().map((entry) => {
    const own = compileFilters(entry.at('filters'), compilation);
    const to = compileBackendRef(entry, compilation);
    return {
      weight: Math.max(0, entry.at('weight').number() ?? 1),
      to: isHeadersOnly(own, entry) ? to : undefined,
      requestHeaders: [...own.request, ...filters.request],
      responseHeaders: [...own.response, ...filters.response],
    };
  });
}

function isHeadersOnly(filters: Filters, entry: Field): boolean {
  const { isWhole, redirect, rewrite, authority, mirrors } = filters;
  const isOnly =
    redirect === undefined &&
    rewrite === undefined &&
    authority === undefined &&
    mirrors.length === 0;
  if (!isOnly) entry.at('filters').notSupported('of a backend only headers are changed');
  return isWhole && isOnly;
}
