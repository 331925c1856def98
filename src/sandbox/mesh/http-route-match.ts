// One match of an HTTPRoute's rule, and where it stands among the matches of all rules of a host.
import { allOf, headerOf } from './http-match.ts';
import type { Field } from './reading.ts';
import type { RoutedRequest } from './request.ts';
import type { HttpMatch } from './routes.ts';
import { ANY_SOURCE } from './source-match.ts';
import { regexTest, type TextTest } from './string-match.ts';

export interface RankedMatch {
  readonly match: HttpMatch;
  /** The greater comes first, number by number; see `byPrecedence`. */
  readonly rank: readonly number[];
}

type Condition = (request: RoutedRequest) => boolean;

interface PathMatch {
  readonly conditions: readonly Condition[];
  readonly matched: HttpMatch['matched'];
  readonly rank: readonly [kind: number, length: number];
}

/** Exact paths come before prefixes, prefixes before patterns (whose place the API leaves open). */
const PATH_TYPES: readonly string[] = ['RegularExpression', 'PathPrefix', 'Exact'];

/** What a rule without matches stands for: the prefix `/`. */
export const EVERY_PATH: RankedMatch = {
  match: { applies: ANY_SOURCE, holds: () => true, matched: 0 },
  rank: [PATH_TYPES.indexOf('PathPrefix'), 1, 0, 0, 0],
};

export function compileRouteMatch(field: Field): RankedMatch {
  field.only(['path', 'headers', 'queryParams', 'method']);
  const path = compilePath(field.at('path'));
  const method = field.at('method').text();
  const headers = compileNamed(field.at('headers'), ({ head }, name) =>
    headerOf(head, name.toLowerCase()),
  );
  const queries = compileNamed(field.at('queryParams'), (request, name) => request.query(name));
  const conditions = [
    ...path.conditions,
    ...(method === undefined ? [] : [({ head }: RoutedRequest) => head.method === method]),
    ...headers,
    ...queries,
  ];
  return {
    match: { applies: ANY_SOURCE, holds: allOf(conditions), matched: path.matched },
    rank: [...path.rank, method === undefined ? 0 : 1, headers.length, queries.length],
  };
}

/** Below 0: the first is tried before the second. */
export function byPrecedence(a: RankedMatch['rank'], b: RankedMatch['rank']): number {
  for (const [index, rank] of a.entries()) {
    const difference = (b[index] ?? 0) - rank;
    if (difference !== 0) return difference;
  }
  return 0;
}

function compilePath(field: Field): PathMatch {
  field.only(['type', 'value']);
  const type = field.at('type').text() ?? 'PathPrefix';
  const value = field.at('value').text() ?? '/';
  const rank = [PATH_TYPES.indexOf(type), value.length] as const;
  switch (type) {
    case 'Exact':
      return { conditions: [({ path }) => path === value], matched: 'whole', rank };
    case 'RegularExpression': {
      const test = regexTest(field.at('value'), value);
      return { conditions: [({ path }) => test(path)], matched: 'whole', rank };
    }
    case 'PathPrefix':
      return { ...prefixMatch(value), rank };
    default:
      field.at('type').notSupported();
      return { conditions: [() => false], matched: 'whole', rank };
  }
}

/** By whole segments; a slash at its end does not count. */
function prefixMatch(value: string): Omit<PathMatch, 'rank'> {
  const prefix = value.endsWith('/') ? value.slice(0, -1) : value;
  if (prefix === '') return { conditions: [], matched: 0 };
  const inside = `${prefix}/`;
  return {
    conditions: [({ path }) => path === prefix || path.startsWith(inside)],
    matched: prefix.length,
  };
}

/** Of several entries with one name the first counts. */
function compileNamed(
  field: Field,
  valueOf: (request: RoutedRequest, name: string) => string | undefined,
): readonly Condition[] {
  const seen = new Set<string>();
  return field.items().flatMap((entry): readonly Condition[] => {
    entry.only(['type', 'name', 'value']);
    const name = entry.at('name').text() ?? '';
    if (seen.has(name.toLowerCase())) return [];
    seen.add(name.toLowerCase());
    const test = valueTest(entry);
    return [
      (request) => {
        const value = valueOf(request, name);
        return value !== undefined && test(value);
      },
    ];
  });
}

function valueTest(entry: Field): TextTest {
  const value = entry.at('value').text() ?? '';
  const type = entry.at('type').text() ?? 'Exact';
  if (type === 'RegularExpression') return regexTest(entry.at('value'), value);
  if (type === 'Exact') return (text) => text === value;
  entry.at('type').notSupported();
  return () => false;
}
