// One entry of `match` of an Istio http route: all its conditions must hold (traffic.md 5.1, 3).
import type { Field } from './reading.ts';
import { compileMatcher, matches, matchesNot, type Matcher } from './string-match.ts';
import type { RoutedRequest } from './request.ts';
import type { HttpMatch } from './routes.ts';
import { ANY_SOURCE, compileSource } from './source-match.ts';

const KNOWN = [
  'name',
  'uri',
  'scheme',
  'method',
  'authority',
  'headers',
  'withoutHeaders',
  'queryParams',
  'port',
  'sourceLabels',
  'sourceNamespace',
  'gateways',
  'ignoreUriCase',
  // Only names a statistic.
  'statPrefix',
];

type Condition = (request: RoutedRequest) => boolean;

/** Holds for every request; what is rewritten then is the leading slash. */
export const EVERY_REQUEST: HttpMatch = { applies: ANY_SOURCE, holds: () => true, matched: 1 };

export function compileHttpMatch(field: Field, namespace: string): HttpMatch {
  field.only(KNOWN);
  const uri = uriCondition(field);
  const conditions = [
    ...uri.conditions,
    ...headCondition(field.at('method'), ({ head }) => head.method),
    ...headCondition(field.at('scheme'), ({ head }) => head.scheme),
    ...headCondition(field.at('authority'), ({ head }) => head.authority),
    ...headerConditions(field),
    ...queryConditions(field),
  ];
  const applies = compileSource(field, namespace);
  if (conditions.length === 0 && applies === ANY_SOURCE) return EVERY_REQUEST;
  return { applies, holds: allOf(conditions), matched: uri.matched };
}

export function allOf(conditions: readonly Condition[]): Condition {
  const [first, second] = conditions;
  if (first === undefined) return () => true;
  if (second === undefined) return first;
  return (request) => conditions.every((holds) => holds(request));
}

interface UriCondition {
  readonly conditions: readonly Condition[];
  readonly matched: HttpMatch['matched'];
}

function uriCondition(field: Field): UriCondition {
  const uri = field.at('uri');
  if (!uri.isPresent) return { conditions: [], matched: 1 };
  const ignoreCase = field.at('ignoreUriCase').boolean() ?? false;
  const matcher = compileMatcher(uri, { ignoreCase });
  if (matcher === 'present') return { conditions: [], matched: 1 };
  const prefix = uri.at('exact').isPresent ? undefined : uri.at('prefix').text();
  if (prefix === '/') return { conditions: [], matched: 1 };
  return {
    conditions: [({ path }) => matcher(path)],
    matched: prefix === undefined ? 'whole' : prefix.length,
  };
}

function headCondition(
  field: Field,
  value: (request: RoutedRequest) => string,
): readonly Condition[] {
  if (!field.isPresent) return [];
  const matcher = compileMatcher(field);
  return [(request) => matches(matcher, value(request))];
}

function headerConditions(field: Field): readonly Condition[] {
  const wanted = named(field.at('headers')).map(([name, matcher]): Condition => {
    return ({ head }) => matches(matcher, headerOf(head, name));
  });
  const unwanted = named(field.at('withoutHeaders')).map(([name, matcher]): Condition => {
    return ({ head }) => matchesNot(matcher, headerOf(head, name));
  });
  return [...wanted, ...unwanted];
}

/** A header's value; `:authority` and `host` mean the authority. */
export function headerOf(head: RoutedRequest['head'], name: string): string | undefined {
  switch (name) {
    case 'host':
    case ':authority':
      return head.authority;
    case ':path':
      return head.path;
    case ':method':
      return head.method;
    case ':scheme':
      return head.scheme;
    default:
      return head.headers[name];
  }
}

function named(field: Field): readonly (readonly [string, Matcher])[] {
  return field.members().map(([name, member]) => {
    if (name.startsWith('@')) member.notSupported('claims of tokens are not read');
    return [name.toLowerCase(), compileMatcher(member)] as const;
  });
}

function queryConditions(field: Field): readonly Condition[] {
  return field
    .at('queryParams')
    .members()
    .map(([name, member]): Condition => {
      const matcher = compileMatcher(member);
      return (request) => matches(matcher, request.query(name));
    });
}
