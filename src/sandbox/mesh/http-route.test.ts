import { describe, expect, it } from 'vitest';
import { meshWorld, type MeshWorld } from '../../../test/support/mesh.ts';
import type { Caller, Plan, RequestHead } from './plan.ts';

function service(name: string, label: string): string {
  return `
apiVersion: v1
kind: Service
metadata: {name: ${name}}
spec: {selector: {${label}}, ports: [{port: 80, targetPort: 8080}, {name: other, port: 81, targetPort: 8080}]}
---
`;
}

const SERVICES =
  service('shop', 'app: shop') + service('stable', 'v: stable') + service('canary', 'v: canary');

const PARENT = 'parentRefs: [{group: "", kind: Service, name: shop, port: 80}]';

function route(
  rules: string,
  { name = 'shop', parent = PARENT, namespace = 'default' } = {},
): string {
  const lines = rules.trim().split('\n').join('\n  ');
  return `
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: ${name}, namespace: ${namespace}}
spec:
  ${parent}
  rules:
  ${lines}
---
`;
}

function world(manifest: string): MeshWorld {
  const made = meshWorld(SERVICES + manifest);
  made.pods({ name: 'stable', count: 2, labels: { app: 'shop', v: 'stable' } });
  made.pods({ name: 'canary', count: 1, labels: { app: 'shop', v: 'canary' } });
  return made;
}

function told(plan: Plan): string {
  if (plan.kind === 'forward') return plan.destination.service.name;
  return plan.kind === 'respond' ? [plan.status, ...plan.flags].join(' ') : plan.reason;
}

function ask(made: MeshWorld, some: Partial<RequestHead> = {}, caller?: Caller): Plan {
  return made.plan({ authority: 'shop', path: '/', ...some }, caller);
}

function forwarded(plan: Plan) {
  if (plan.kind !== 'forward') throw new Error(told(plan));
  return plan;
}

const CANARY = 'backendRefs: [{name: canary, port: 80}]';

describe('matches of an HTTPRoute', () => {
  it.each([
    {
      match: 'path: {type: Exact, value: /a}',
      head: { path: '/a?x' },
      is: true,
      reason: 'the same, without query',
    },
    {
      match: 'path: {type: Exact, value: /a}',
      head: { path: '/a/' },
      is: false,
      reason: 'a slash is a character',
    },
    {
      match: 'path: {value: /a}',
      head: { path: '/a' },
      is: true,
      reason: 'a prefix if nothing is said',
    },
    {
      match: 'path: {type: PathPrefix, value: /a}',
      head: { path: '/a/b' },
      is: true,
      reason: 'a segment more',
    },
    {
      match: 'path: {type: PathPrefix, value: /a}',
      head: { path: '/ab' },
      is: false,
      reason: 'by whole segments',
    },
    {
      match: 'path: {type: PathPrefix, value: /a/}',
      head: { path: '/a' },
      is: true,
      reason: 'a slash at its end does not count',
    },
    {
      match: 'path: {type: PathPrefix, value: /}',
      head: { path: '/x' },
      is: true,
      reason: 'everything',
    },
    {
      match: "path: {type: RegularExpression, value: '/v[0-9]'}",
      head: { path: '/v1' },
      is: true,
      reason: 'whole',
    },
    {
      match: "path: {type: RegularExpression, value: '/v[0-9]'}",
      head: { path: '/v12' },
      is: false,
      reason: 'the end is left over',
    },
    {
      match: 'path: {type: Glob, value: /a}',
      head: { path: '/a' },
      is: false,
      reason: 'a type that is not known',
    },
    { match: 'method: POST', head: { method: 'POST' }, is: true, reason: 'the same' },
    { match: 'method: POST', is: false, reason: 'another' },
    {
      match: 'headers: [{name: X-A, value: b}]',
      head: { headers: { 'x-a': 'b' } },
      is: true,
      reason: 'names have no case',
    },
    {
      match: 'headers: [{name: x-a, value: b}]',
      head: { headers: { 'x-a': 'B' } },
      is: false,
      reason: 'values have',
    },
    { match: 'headers: [{name: x-a, value: b}]', is: false, reason: 'not there' },
    {
      match: "headers: [{type: RegularExpression, name: x-a, value: 'b.*'}]",
      head: { headers: { 'x-a': 'bc' } },
      is: true,
      reason: 'whole',
    },
    {
      match: 'headers: [{name: x-a, value: b}, {name: X-A, value: c}]',
      head: { headers: { 'x-a': 'b' } },
      is: true,
      reason: 'of one name the first counts',
    },
    {
      match: 'headers: [{name: x-a, value: b}, {name: x-b, value: c}]',
      head: { headers: { 'x-a': 'b' } },
      is: false,
      reason: 'all must hold',
    },
    {
      match: 'queryParams: [{name: q, value: "1"}]',
      head: { path: '/?q=1' },
      is: true,
      reason: 'the same',
    },
    {
      match: 'queryParams: [{name: q, value: "1"}]',
      head: { path: '/?Q=1' },
      is: false,
      reason: 'names have case here',
    },
    {
      match: 'path: {value: /a}, method: POST',
      head: { path: '/a' },
      is: false,
      reason: 'all must hold',
    },
  ] as const)('$match with $head: $is ($reason)', ({ match, is, ...row }) => {
    const made = world(route(`- matches: [{${match}}]\n  ${CANARY}`));
    const head = 'head' in row ? row.head : {};
    expect(told(ask(made, head))).toBe(is ? 'canary' : '404 NR');
  });

  it('are alternatives; a rule without any takes every request', () => {
    const two = world(route(`- matches: [{path: {value: /a}}, {path: {value: /b}}]\n  ${CANARY}`));
    expect([told(ask(two, { path: '/b' })), told(ask(two, { path: '/c' }))]).toEqual([
      'canary',
      '404 NR',
    ]);
    expect(told(ask(world(route(`- ${CANARY}`))))).toBe('canary');
  });
});

describe('precedence among the rules of a host', () => {
  const to = (status: number) =>
    `filters: [{type: RequestRedirect, requestRedirect: {statusCode: ${status}, hostname: x}}]`;
  const first = (a: string, b: string, head: Partial<RequestHead>) =>
    told(
      ask(
        world(route(`- matches: [{${a}}]\n  ${to(301)}\n- matches: [{${b}}]\n  ${to(302)}`)),
        head,
      ),
    );
  it.each([
    {
      a: 'path: {value: /a}',
      b: 'path: {type: Exact, value: /a}',
      is: '302',
      reason: 'exact before prefix',
    },
    { a: 'path: {value: /}', b: 'path: {value: /a}', is: '302', reason: 'the longer prefix' },
    {
      a: "path: {type: RegularExpression, value: '/a.*'}",
      b: 'path: {value: /}',
      is: '302',
      reason: 'prefix before pattern',
    },
    {
      a: 'path: {value: /a}',
      b: 'path: {value: /a}, method: GET',
      is: '302',
      reason: 'with method',
    },
    {
      a: 'path: {value: /a}, method: GET',
      b: 'path: {value: /a}, headers: [{name: x, value: y}]',
      is: '301',
      reason: 'method before headers',
    },
    {
      a: 'headers: [{name: x, value: y}]',
      b: 'headers: [{name: x, value: y}, {name: z, value: z}]',
      is: '302',
      reason: 'more headers',
    },
    {
      a: 'queryParams: [{name: q, value: "1"}]',
      b: 'headers: [{name: x, value: y}]',
      is: '302',
      reason: 'headers before queries',
    },
    {
      a: 'path: {value: /a}',
      b: 'queryParams: [{name: q, value: "1"}]',
      is: '301',
      reason: 'the path before all',
    },
    { a: 'method: GET', b: 'method: GET', is: '301', reason: 'alike: the first' },
  ])('$a | $b: $is ($reason)', ({ a, b, is }) => {
    expect(first(a, b, { path: '/a?q=1', headers: { x: 'y', z: 'z' } })).toBe(is);
  });

  it('rules of several routes are taken together, alike the older one first', () => {
    const made = world(
      route(`- ${to(301)}`, { name: 'z-older' }) +
        route(`- ${to(302)}\n- matches: [{path: {value: /b}}]\n  ${to(303)}`, {
          name: 'a-younger',
        }),
    );
    expect(told(ask(made))).toBe('301');
    expect(told(ask(made, { path: '/b' }))).toBe('303');
    made.remove('HTTPRoute', 'z-older');
    expect(told(ask(made))).toBe('302');
    made.remove('HTTPRoute', 'a-younger');
    expect(told(ask(made))).toBe('shop');
  });
});

describe('backends', () => {
  const shares = (backends: string, n = 20_000) => {
    const made = world(route(`- backendRefs: [${backends}]`));
    const counts: Record<string, number> = {};
    for (let i = 0; i < n; i += 1) {
      const name = told(ask(made));
      counts[name] = (counts[name] ?? 0) + 1;
    }
    return Object.fromEntries(Object.entries(counts).map(([name, seen]) => [name, seen / n]));
  };
  const margin = (share: number) => 4 * Math.sqrt((share * (1 - share)) / 20_000);

  it('share requests by weight, within four standard errors', () => {
    const seen = shares(
      '{name: stable, port: 80, weight: 90}, {name: canary, port: 80, weight: 10}',
    );
    expect(Math.abs((seen['canary'] ?? 0) - 0.1)).toBeLessThanOrEqual(margin(0.1));
  });

  it('without a weight count as one', () => {
    const seen = shares('{name: stable, port: 80}, {name: canary, port: 80}');
    expect(Math.abs((seen['canary'] ?? 0) - 0.5)).toBeLessThanOrEqual(margin(0.5));
  });

  it('that cannot be used answer 500 to their share', () => {
    const seen = shares('{name: stable, port: 80, weight: 3}, {name: nobody, port: 80, weight: 1}');
    expect(Object.keys(seen).toSorted()).toEqual(['500 NC', 'stable']);
    expect(Math.abs((seen['500 NC'] ?? 0) - 0.25)).toBeLessThanOrEqual(margin(0.25));
  });

  it.each([
    { backends: '', is: '500 NC', reason: 'there is none' },
    { backends: '{name: stable, port: 80, weight: 0}', is: '500 NC', reason: 'all weights are 0' },
    {
      backends: '{name: stable, port: 80, namespace: other}',
      is: '500 NC',
      reason: 'of another namespace',
    },
    { backends: '{name: stable, kind: ConfigMap, port: 80}', is: '500 NC', reason: 'no Service' },
    { backends: '{name: stable}', is: '500 NC', reason: 'no port' },
    { backends: '{name: stable, port: 99}', is: '500 NC', reason: 'a port that it has not' },
    { backends: '{name: empty, port: 80}', is: '503 UH', reason: 'nothing is ready' },
    { backends: '{name: stable, port: 81}', is: 'stable', reason: 'another of its ports' },
  ])('[$backends]: $is ($reason)', ({ backends, is }) => {
    const made = world(service('empty', 'app: none') + route(`- backendRefs: [${backends}]`));
    expect(told(ask(made))).toBe(is);
  });

  it('may change headers of their own, before those of the rule', () => {
    const change = (value: string) =>
      `filters: [{type: RequestHeaderModifier, requestHeaderModifier: {set: [{name: X-A, value: ${value}}]}}]`;
    const made = world(
      route(`- ${change('rule')}\n  backendRefs: [{name: stable, port: 80, ${change('backend')}}]`),
    );
    expect(forwarded(ask(made)).requestHeaders).toEqual([
      { kind: 'set', name: 'x-a', value: 'backend' },
      { kind: 'set', name: 'x-a', value: 'rule' },
    ]);
  });
});

describe('filters', () => {
  const with_ = (filter: string, head: Partial<RequestHead> = {}, match = 'path: {value: /a}') =>
    ask(world(route(`- matches: [{${match}}]\n  filters: [{${filter}}]\n  ${CANARY}`)), {
      path: '/a',
      ...head,
    });

  it('RequestHeaderModifier and ResponseHeaderModifier', () => {
    const change = '{set: [{name: A, value: "1"}], add: [{name: B, value: "2"}], remove: [C]}';
    const operations = [
      { kind: 'remove', name: 'c' },
      { kind: 'set', name: 'a', value: '1' },
      { kind: 'add', name: 'b', value: '2' },
    ];
    const request = with_(`type: RequestHeaderModifier, requestHeaderModifier: ${change}`);
    expect(forwarded(request).requestHeaders).toEqual(operations);
    const response = with_(`type: ResponseHeaderModifier, responseHeaderModifier: ${change}`);
    expect(forwarded(response).responseHeaders).toEqual(operations);
  });

  it('RequestMirror', () => {
    const mirror = (more: string) =>
      forwarded(
        with_(`type: RequestMirror, requestMirror: {backendRef: {name: stable, port: 80}${more}}`),
      ).mirrors;
    expect(mirror('')[0]).toMatchObject({ authority: 'shop-shadow' });
    expect(mirror('')[0]?.destination.service.name).toBe('stable');
    expect(mirror(', percent: 0')).toEqual([]);
    expect(mirror(', fraction: {numerator: 5, denominator: 5}')).toHaveLength(1);
  });

  it.each([
    { redirect: 'hostname: a.test', is: '302 http://a.test/a', reason: 'another host' },
    {
      redirect: 'scheme: https',
      is: '302 https://shop/a',
      reason: 'with the own port of its scheme',
    },
    {
      redirect: 'scheme: https, port: 8443, statusCode: 301',
      is: '301 https://shop:8443/a',
      reason: 'another port',
    },
    {
      redirect: 'hostname: a.test',
      authority: 'shop:81',
      is: '302 http://a.test:81/a',
      reason: 'the port that was asked',
    },
    {
      redirect: 'path: {type: ReplaceFullPath, replaceFullPath: /x}',
      path: '/a/b?q',
      is: '302 http://shop/x?q',
      reason: 'a new path',
    },
    {
      redirect: 'path: {type: ReplacePrefixMatch, replacePrefixMatch: /x}',
      path: '/a/b',
      is: '302 http://shop/x/b',
      reason: 'a new prefix',
    },
  ])(
    'RequestRedirect $redirect: $is ($reason)',
    ({ redirect, path = '/a', authority = 'shop', is }) => {
      const parent = 'parentRefs: [{group: "", kind: Service, name: shop}]';
      const made = world(
        route(
          `- matches: [{path: {value: /a}}]\n  filters: [{type: RequestRedirect, requestRedirect: {${redirect}}}]`,
          { parent },
        ),
      );
      const plan = ask(made, { path, authority });
      expect(plan.kind === 'respond' && `${plan.status} ${plan.headers['location']}`).toBe(is);
    },
  );

  it.each([
    { match: '/foo', by: '/xyz', path: '/foo/bar', is: '/xyz/bar' },
    { match: '/foo', by: '/xyz/', path: '/foo/bar', is: '/xyz/bar' },
    { match: '/foo/', by: '/xyz', path: '/foo/bar', is: '/xyz/bar' },
    { match: '/foo', by: '/xyz', path: '/foo', is: '/xyz' },
    { match: '/foo', by: '/xyz', path: '/foo/', is: '/xyz/' },
    { match: '/foo', by: '""', path: '/foo/bar', is: '/bar' },
    { match: '/foo', by: '""', path: '/foo', is: '/' },
    { match: '/foo', by: '/', path: '/foo/bar', is: '/bar' },
    { match: '/foo', by: '/', path: '/foo?q=1', is: '/?q=1' },
    { match: '/', by: '/v2', path: '/foo', is: '/v2/foo' },
  ])('URLRewrite of prefix $match by $by: $path becomes $is', ({ match, by, path, is }) => {
    const filter = `type: URLRewrite, urlRewrite: {hostname: b.test, path: {type: ReplacePrefixMatch, replacePrefixMatch: ${by}}}`;
    expect(forwarded(with_(filter, { path }, `path: {value: ${match}}`))).toMatchObject({
      path: is,
      authority: 'b.test',
    });
  });

  it('one that is not known makes the rule fail, not the filter be skipped', () => {
    expect(told(with_('type: ExtensionRef, extensionRef: {group: x, kind: Y, name: z}'))).toBe(
      '500',
    );
  });
});

describe('times and retries', () => {
  const times = (more: string) => forwarded(ask(world(route(`- ${CANARY}\n  ${more}`))));
  it('are those of the mesh where nothing is said', () => {
    expect(times('timeouts: {}').timeoutMs).toBeUndefined();
    expect(times('timeouts: {}').retry.attempts).toBe(2);
  });

  it('without retries one attempt may not take longer than all', () => {
    expect(times('timeouts: {request: 10s, backendRequest: 2s}').timeoutMs).toBe(2000);
    expect(times('timeouts: {request: 0s}').timeoutMs).toBeUndefined();
  });

  it('with retries each attempt has its own', () => {
    const plan = times(
      'timeouts: {request: 10s, backendRequest: 2s}\n  retry: {attempts: 3, codes: [500], backoff: 100ms}',
    );
    expect(plan.timeoutMs).toBe(10_000);
    expect(plan.retry).toMatchObject({ attempts: 3, perTryTimeoutMs: 2000, backoffMs: 100 });
    expect(plan.retry.on.statuses).toEqual(new Set([500]));
  });
});

describe('a Service as parent', () => {
  it('with a port: other ports stay as they are', () => {
    const made = world(route(`- ${CANARY}`));
    expect(told(ask(made, { authority: 'shop:81' }))).toBe('shop');
  });

  it('has the routes of another namespace for callers of that one alone', () => {
    const parent = 'parentRefs: [{group: "", kind: Service, name: shop, namespace: default}]';
    const redirect = '- filters: [{type: RequestRedirect, requestRedirect: {hostname: x}}]';
    const made = world(route(`- ${CANARY}`) + route(redirect, { namespace: 'other', parent }));
    const other: Caller = { kind: 'pod', namespace: 'other', labels: {} };
    const head = { authority: 'shop.default' };
    expect([told(ask(made, head)), told(ask(made, head, other))]).toEqual(['canary', '302']);
  });
});

describe('a Gateway as parent', () => {
  const GATEWAY = `
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: public, namespace: edge}
spec:
  gatewayClassName: any
  listeners:
  - {name: web, port: 80, protocol: HTTP, hostname: '*.example.com', allowedRoutes: {namespaces: {from: All}}}
  - {name: own, port: 81, protocol: HTTP}
---
`;
  const bound = (more: string, hostnames = '[shop.example.com]') =>
    route(`- ${CANARY}`, {
      parent: `hostnames: ${hostnames}\n  parentRefs: [{name: public, namespace: edge${more}}]`,
    });
  const at = (made: MeshWorld, port: number, authority: string): string => {
    const listener = made.mesh.gateways().find((one) => one.port === port);
    if (listener === undefined) throw new Error(`no listener on ${port}`);
    return told(ask(made, { authority }, { kind: 'gateway', listener }));
  };

  it('has one listener for each port', () => {
    expect(
      world(GATEWAY)
        .mesh.gateways()
        .map(({ port, hosts }) => `${port} ${hosts.join()}`),
    ).toEqual(['80 *.example.com', '81 *']);
  });

  it.each([
    {
      hostnames: '[shop.example.com]',
      authority: 'shop.example.com',
      is: 'canary',
      reason: 'in both',
    },
    {
      hostnames: '[shop.example.com]',
      authority: 'x.example.com',
      is: '404 NR',
      reason: "not the route's",
    },
    {
      hostnames: "['*.com']",
      authority: 'x.example.com',
      is: 'canary',
      reason: 'the narrower of both',
    },
    {
      hostnames: "['*.com']",
      authority: 'x.elsewhere.com',
      is: '404 NR',
      reason: "not the listener's",
    },
    {
      hostnames: '[shop.test]',
      authority: 'shop.test',
      is: '404 NR',
      reason: 'no host is in both',
    },
    {
      hostnames: '[]',
      authority: 'a.b.example.com',
      is: 'canary',
      reason: "all of the listener's",
    },
  ])('$hostnames asked for $authority: $is ($reason)', ({ hostnames, authority, is }) => {
    expect(at(world(GATEWAY + bound('', hostnames)), 80, authority)).toBe(is);
  });

  it('takes a route only where its listener allows the namespace', () => {
    expect(at(world(GATEWAY + bound('')), 81, 'shop.example.com')).toBe('404 NR');
  });

  it('may be named by section or port', () => {
    expect(at(world(GATEWAY + bound(', sectionName: web')), 80, 'shop.example.com')).toBe('canary');
    expect(at(world(GATEWAY + bound(', sectionName: own')), 80, 'shop.example.com')).toBe('404 NR');
    expect(at(world(GATEWAY + bound(', port: 81')), 80, 'shop.example.com')).toBe('404 NR');
  });

  it('may come after its routes, and change', () => {
    const made = world(bound(''));
    made.apply(GATEWAY);
    expect(at(made, 80, 'shop.example.com')).toBe('canary');
    made.apply(GATEWAY.replace('*.example.com', '*.other.com'));
    expect(at(made, 80, 'shop.example.com')).toBe('404 NR');
  });

  it('its routes do not hold in the mesh', () => {
    expect(told(ask(world(GATEWAY + bound(''))))).toBe('shop');
  });
});
