import { describe, expect, it } from 'vitest';
import { meshWorld, type MeshWorld } from '../../../test/support/mesh.ts';
import { milliseconds } from '../../lib/time.ts';
import type { Caller, Plan, RequestHead } from './plan.ts';

const SERVICE = `
apiVersion: v1
kind: Service
metadata: {name: mock-server}
spec:
  selector: {app: mock-server}
  ports: [{name: http, port: 80, targetPort: 8080}]
---
`;
const RULE = `
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: mock-server}
spec:
  host: mock-server
  subsets:
  - {name: stable, labels: {hash: old}}
  - {name: canary, labels: {hash: new}}
---
`;

/** The http section of a VirtualService of `mock-server`. */
function routes(http: string, more = ''): string {
  const lines = http.trim().split('\n').join('\n  ');
  return `
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: mock-server}
spec:
  hosts: [mock-server]
  ${more}
  http:
  ${lines}
---
`;
}

function world(manifest = '', options: Parameters<typeof meshWorld>[1] = {}): MeshWorld {
  const made = meshWorld(SERVICE + RULE + manifest, options);
  made.pods({ name: 'old', count: 3, labels: { app: 'mock-server', hash: 'old' } });
  made.pods({ name: 'new', count: 2, labels: { app: 'mock-server', hash: 'new' } });
  return made;
}

/** A plan in a few words: `forward outbound|80||…`, `respond 404 NR`, `unreachable no-such-host`. */
function told(plan: Plan): string {
  switch (plan.kind) {
    case 'forward':
      return `forward ${plan.destination.cluster.replace('.svc.cluster.local', '')}`;
    case 'respond':
      return ['respond', plan.status, ...plan.flags].join(' ');
    case 'unreachable':
      return `unreachable ${plan.reason}`;
    default:
      return plan;
  }
}

function podsOf(plan: Plan): readonly string[] {
  if (plan.kind !== 'forward') throw new Error(told(plan));
  return plan.destination.endpoints.map(({ pod }) => pod?.name ?? '?').toSorted();
}

function forwarded(plan: Plan) {
  if (plan.kind !== 'forward') throw new Error(told(plan));
  return plan;
}

const OUTSIDE: Caller = { kind: 'outside', namespace: 'default' };
const OTHER: Caller = { kind: 'pod', namespace: 'other', labels: {} };

describe('a Service without routes', () => {
  it.each([
    { authority: 'mock-server', is: 'forward outbound|80||mock-server.default', reason: 'short' },
    {
      authority: 'mock-server:80',
      is: 'forward outbound|80||mock-server.default',
      reason: 'with port',
    },
    {
      authority: 'mock-server.default',
      is: 'forward outbound|80||mock-server.default',
      reason: 'with namespace',
    },
    {
      authority: 'mock-server.default.svc',
      is: 'forward outbound|80||mock-server.default',
      reason: 'longer',
    },
    {
      authority: 'MOCK-server.default.svc.cluster.local.',
      is: 'forward outbound|80||mock-server.default',
      reason: 'full, case and dot do not count',
    },
    { authority: 'mock-server:81', is: 'unreachable no-such-port', reason: 'it has no such port' },
    { authority: 'nobody', is: 'unreachable no-such-host', reason: 'there is no such Service' },
    {
      authority: 'mock-server.other',
      is: 'unreachable no-such-host',
      reason: 'of another namespace',
    },
    {
      authority: '10.0.0.1:8080',
      is: 'forward PassthroughCluster',
      reason: 'the address of a pod',
    },
    { authority: '10.9.9.9:8080', is: 'unreachable no-such-host', reason: "nobody's address" },
  ])('$authority: $is ($reason)', ({ authority, is }) => {
    expect(told(world().plan({ authority }))).toBe(is);
  });

  it('is spread over all its ready pods, with the retries of the mesh', () => {
    const plan = forwarded(world().plan());
    expect(podsOf(plan)).toEqual(['new-0', 'new-1', 'old-0', 'old-1', 'old-2']);
    expect(plan.retry).toMatchObject({ attempts: 2, on: { connectFailure: true, reset: false } });
    expect(plan.timeoutMs).toBeUndefined();
  });

  it('is looked up by short names in the namespace of the caller', () => {
    expect(told(world().plan({}, OTHER))).toBe('unreachable no-such-host');
    expect(told(world().plan({ authority: 'mock-server.default' }, OTHER))).toContain('forward');
  });

  it('has no healthy upstream when no pod is ready', () => {
    const plan = meshWorld(SERVICE).plan();
    expect(plan).toMatchObject({
      kind: 'respond',
      status: 503,
      flags: ['UH'],
      body: 'no healthy upstream',
      service: { name: 'mock-server', host: 'mock-server.default.svc.cluster.local' },
    });
  });
});

describe('a caller without a proxy', () => {
  it('passes routes by and gets no retries', () => {
    const made = world(routes('- directResponse: {status: 418}'));
    expect(told(made.plan())).toBe('respond 418');
    expect(forwarded(made.plan({}, OUTSIDE)).retry.attempts).toBe(0);
    expect(podsOf(made.plan({}, OUTSIDE))).toHaveLength(5);
  });

  it('is refused when no pod is ready', () => {
    expect(told(meshWorld(SERVICE).plan({}, OUTSIDE))).toBe('unreachable refused');
  });

  it('reaches what it connected to, whatever its Host header says', () => {
    const head = { authority: 'other', connectedTo: { host: 'mock-server', port: 80 } };
    const made = world(SERVICE.replace('name: mock-server', 'name: other'));
    expect(told(made.plan(head, OUTSIDE))).toBe('forward outbound|80||mock-server.default');
  });
});

describe('hosts of a VirtualService', () => {
  const answering = (hosts: string, more = '') => `
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: answering}
spec:
  hosts: [${hosts}]
  ${more}
  http: [{directResponse: {status: 418}}]
---
`;
  it.each([
    { hosts: 'mock-server', is: 'respond 418', reason: 'short names are of its own namespace' },
    { hosts: 'mock-server.default.svc.cluster.local', is: 'respond 418', reason: 'the full name' },
    {
      hosts: 'mock-server.default',
      is: 'forward outbound|80||mock-server.default',
      reason: 'a name with a dot stands for itself',
    },
    { hosts: "'*.default.svc.cluster.local'", is: 'respond 418', reason: 'a wildcard' },
    { hosts: "'*'", is: 'respond 418', reason: 'every host' },
    {
      hosts: "'*.other.svc.cluster.local'",
      is: 'forward outbound|80||mock-server.default',
      reason: 'another namespace',
    },
    { hosts: 'other, mock-server', is: 'respond 418', reason: 'one of several' },
  ])('$hosts: $is ($reason)', ({ hosts, is }) => {
    expect(told(world(answering(hosts)).plan())).toBe(is);
  });

  it('may be names that are no Service', () => {
    const made = world(answering('shop.example.com'));
    expect(told(made.plan({ authority: 'shop.example.com' }))).toBe('respond 418');
    const head = { authority: 'shop.example.com', connectedTo: { host: 'mock-server', port: 80 } };
    expect(told(made.plan(head))).toBe('respond 418');
  });

  it('without routes for a Host header lead to what was connected to', () => {
    const head = { authority: 'unknown', connectedTo: { host: 'mock-server', port: 80 } };
    expect(told(world().plan(head))).toBe('forward outbound|80||mock-server.default');
  });

  it('the exact one comes before the wildcard, the longer wildcard before the shorter', () => {
    const made = world(answering("'*.svc.cluster.local'"));
    made.apply(
      answering("'*.default.svc.cluster.local'")
        .replaceAll('answering', 'longer')
        .replace('418', '202'),
    );
    expect(told(made.plan())).toBe('respond 202');
    made.apply(routes('- directResponse: {status: 203}'));
    expect(told(made.plan())).toBe('respond 203');
  });

  it.each([
    { exportTo: "['*']", is: 'respond 418', reason: 'for all' },
    {
      exportTo: "['.']",
      is: 'forward outbound|80||mock-server.default',
      reason: 'for its own namespace',
    },
    { exportTo: '[other]', is: 'respond 418', reason: "for the caller's" },
    { exportTo: "['~']", is: 'forward outbound|80||mock-server.default', reason: 'for nobody' },
  ])(
    'exported to $exportTo and called from another namespace: $is ($reason)',
    ({ exportTo, is }) => {
      const made = world(answering('mock-server', `exportTo: ${exportTo}`));
      expect(told(made.plan({ authority: 'mock-server.default' }, OTHER))).toBe(is);
    },
  );

  it('bound to a gateway only do not hold in the mesh', () => {
    const made = world(answering('mock-server', 'gateways: [public]'));
    expect(told(made.plan())).toBe('forward outbound|80||mock-server.default');
  });
});

describe('two VirtualServices of one host', () => {
  const one = (name: string, status: number, more = '') => `
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: ${name}}
spec:
  hosts: [mock-server]
  ${more}
  http: [{directResponse: {status: ${status}}}]
---
`;
  it('the older has it, and when that goes the younger', () => {
    const made = world(one('z-first', 201) + one('a-second', 202));
    expect(told(made.plan())).toBe('respond 201');
    made.remove('VirtualService', 'z-first');
    expect(told(made.plan())).toBe('respond 202');
    made.remove('VirtualService', 'a-second');
    expect(told(made.plan())).toContain('forward');
  });

  it('one for the own namespace alone comes before an older one for all', () => {
    const made = world(one('for-all', 201) + one('own', 202, "exportTo: ['.']"));
    expect(told(made.plan())).toBe('respond 202');
  });
});

describe('http routes', () => {
  const NR = 'respond 404 NR';
  it('are tried in order; the first that holds is taken', () => {
    const made = world(
      routes(`
- match: [{uri: {prefix: /a}}, {headers: {x: {exact: y}}}]
  directResponse: {status: 201}
- match: [{uri: {prefix: /a/b}}]
  directResponse: {status: 202}
- match: [{uri: {prefix: /b}, method: {exact: POST}}]
  directResponse: {status: 203}
`),
    );
    const of = (head: Partial<RequestHead>) => told(made.plan(head));
    expect(of({ path: '/a/b' })).toBe('respond 201');
    expect(of({ path: '/c', headers: { x: 'y' } })).toBe('respond 201');
    expect(of({ path: '/b', method: 'POST' })).toBe('respond 203');
    expect(of({ path: '/b' })).toBe(NR);
  });

  it('after one without match are never tried', () => {
    const made = world(routes('- directResponse: {status: 201}\n- directResponse: {status: 202}'));
    expect(told(made.plan())).toBe('respond 201');
  });

  it('none of which is there for this caller leave the Service as it is', () => {
    const made = world(
      routes('- match: [{sourceLabels: {run: nobody}}]\n  directResponse: {status: 201}'),
    );
    expect(told(made.plan())).toBe('forward outbound|80||mock-server.default');
  });

  it('a route of which a part is there answers 404 to what it does not want', () => {
    const made = world(routes('- match: [{uri: {exact: /only}}]\n  directResponse: {status: 201}'));
    expect(told(made.plan())).toBe(NR);
  });
});

describe('destinations', () => {
  const to = (destination: string) => routes(`- route: [{destination: ${destination}}]`);
  it.each([
    {
      destination: '{host: mock-server, subset: stable}',
      is: 'forward outbound|80|stable|mock-server.default',
      reason: 'a subset',
    },
    {
      destination: '{host: mock-server, port: {number: 80}}',
      is: 'forward outbound|80||mock-server.default',
      reason: 'a port',
    },
    {
      destination: '{host: mock-server, port: {number: 81}}',
      is: 'respond 503 NC',
      reason: 'no such port',
    },
    {
      destination: '{host: mock-server, subset: none}',
      is: 'respond 503 NC',
      reason: 'no such subset',
    },
    { destination: '{host: nobody}', is: 'respond 503 NC', reason: 'no such host' },
    {
      destination: '{host: mock-server.default}',
      is: 'respond 503 NC',
      reason: 'a name with a dot stands for itself',
    },
    { destination: '{host: empty}', is: 'respond 503 UH', reason: 'nothing is ready' },
    {
      destination: '{host: two, port: {number: 90}}',
      is: 'forward outbound|90||two.default',
      reason: 'one of two ports',
    },
    {
      destination: '{host: two}',
      is: 'respond 503 NC',
      reason: 'of several ports the one that was asked, which it has not',
    },
    {
      destination: '{host: one-other-port}',
      is: 'forward outbound|8000||one-other-port.default',
      reason: 'the only port there is',
    },
  ])('$destination: $is ($reason)', ({ destination, is }) => {
    const made = world(
      `${to(destination)}
apiVersion: v1
kind: Service
metadata: {name: empty}
spec: {selector: {app: none}, ports: [{port: 80}]}
---
apiVersion: v1
kind: Service
metadata: {name: two}
spec: {selector: {app: mock-server}, ports: [{name: a, port: 90}, {name: b, port: 91}]}
---
apiVersion: v1
kind: Service
metadata: {name: one-other-port}
spec: {selector: {app: mock-server}, ports: [{port: 8000}]}
`,
    );
    expect(told(made.plan())).toBe(is);
  });

  it('a subset holds the pods that the Service selects and its labels name', () => {
    const made = world(to('{host: mock-server, subset: canary}'));
    expect(podsOf(made.plan())).toEqual(['new-0', 'new-1']);
  });

  it('a subset follows its rule from one request to the next', () => {
    const made = world(to('{host: mock-server, subset: canary}'));
    const plan = forwarded(made.plan());
    made.apply(RULE.replace('hash: new', 'hash: old'));
    expect(podsOf(made.plan())).toEqual(['old-0', 'old-1', 'old-2']);
    expect(forwarded(made.plan()).destination).toBe(plan.destination);
    made.apply(RULE.replace('hash: new', 'hash: none'));
    expect(told(made.plan())).toBe('respond 503 UH');
    made.remove('DestinationRule', 'mock-server');
    expect(told(made.plan())).toBe('respond 503 NC');
  });

  it('weights are of requests: 60, 0, 20 and 20 within four standard errors', () => {
    const made = world(
      routes(`
- route:
  - {destination: {host: mock-server, subset: stable}, weight: 60}
  - {destination: {host: mock-server, subset: canary}, weight: 0}
  - {destination: {host: base}, weight: 20}
  - {destination: {host: mock-server}, weight: 20}
`) + SERVICE.replaceAll('name: mock-server', 'name: base'),
    );
    made.pods({ name: 'x', count: 1, labels: { app: 'mock-server' } });
    const counts: Record<string, number> = {};
    const n = 100_000;
    for (let i = 0; i < n; i += 1) {
      const { cluster } = forwarded(made.plan()).destination;
      counts[cluster] = (counts[cluster] ?? 0) + 1;
    }
    const near = (cluster: string, share: number) => {
      const seen = counts[`outbound|80|${cluster}.default.svc.cluster.local`] ?? 0;
      const margin = 4 * Math.sqrt(n * share * (1 - share));
      expect(Math.abs(seen - n * share), cluster).toBeLessThanOrEqual(margin);
    };
    near('stable|mock-server', 0.6);
    near('canary|mock-server', 0);
    near('|base', 0.2);
    near('|mock-server', 0.2);
  });

  it('a single one takes all, whatever its weight', () => {
    const made = world(
      routes('- route: [{destination: {host: mock-server, subset: canary}, weight: 0}]'),
    );
    expect(told(made.plan())).toBe('forward outbound|80|canary|mock-server.default');
  });
});

describe('what a route does to a request', () => {
  const with_ = (more: string, head: Partial<RequestHead> = {}) =>
    forwarded(world(routes(`- route: [{destination: {host: mock-server}}]\n  ${more}`)).plan(head));

  it('timeout and retries', () => {
    expect(with_('timeout: 1.5s').timeoutMs).toBe(1500);
    expect(with_('timeout: 0s').timeoutMs).toBeUndefined();
    expect(with_('retries: {attempts: 0}').retry.attempts).toBe(0);
    const { retry } = with_(
      "retries: {attempts: 3, perTryTimeout: 2s, retryOn: 'gateway-error,409'}",
    );
    expect(retry).toMatchObject({ attempts: 3, perTryTimeoutMs: 2000 });
    expect(retry.on).toMatchObject({ connectFailure: true, reset: true, serverErrors: false });
    expect(retry.on.statuses).toEqual(new Set([409, 502, 503, 504]));
    expect(with_('retries: {attempts: 1}').retry.on.grpcStatuses).toEqual(new Set([1, 14]));
  });

  it.each([
    {
      rewrite: 'uri: /new',
      path: '/old/x?q=1',
      match: 'uri: {prefix: /old}',
      is: '/new/x?q=1',
      reason: 'the matched prefix',
    },
    {
      rewrite: 'uri: /',
      path: '/old/x',
      match: 'uri: {prefix: /old/}',
      is: '/x',
      reason: 'with its slash',
    },
    {
      rewrite: 'uri: /new',
      path: '/old?q=1',
      match: 'uri: {exact: /old}',
      is: '/new?q=1',
      reason: 'the whole path',
    },
    {
      rewrite: 'uri: /new',
      path: '/old/x',
      match: "uri: {regex: '/old/.*'}",
      is: '/new',
      reason: 'the whole path',
    },
    {
      rewrite: 'uri: /v1/',
      path: '/status/200',
      match: 'method: {exact: GET}',
      is: '/v1/status/200',
      reason: 'without a path the leading slash',
    },
    {
      rewrite: "uriRegexRewrite: {match: '/(a+)/(b+)', rewrite: '/\\2/$\\1'}",
      path: '/aa/b?x',
      match: '{}',
      is: '/b/$aa?x',
      reason: 'by pattern',
    },
  ])('rewrite $rewrite of $path: $is ($reason)', ({ rewrite, path, match, is }) => {
    const made = world(
      routes(
        `- match: [{${match.replace(/^\{\}$/, '')}}]\n  rewrite: {${rewrite}}\n  route: [{destination: {host: mock-server}}]`,
      ),
    );
    expect(forwarded(made.plan({ path })).path).toBe(is);
  });

  it('the authority: of rewrite, else of the headers of route, else of the destination', () => {
    expect(with_('rewrite: {authority: a.test}').authority).toBe('a.test');
    expect(with_('headers: {request: {set: {Host: b.test}}}').authority).toBe('b.test');
    expect(with_('timeout: 1s', { authority: 'mock-server:80' }).authority).toBe('mock-server:80');
  });

  it('headers of route and destination, removals first', () => {
    const plan = forwarded(
      world(
        routes(`
- headers:
    request: {set: {x-b: '1', X-A: '2'}, add: {x-c: '3'}, remove: [x-d]}
    response: {set: {x-r: '1'}}
  route:
  - destination: {host: mock-server}
    headers: {request: {set: {x-e: '5'}, remove: [x-f]}, response: {remove: [server]}}
`),
      ).plan(),
    );
    expect(plan.requestHeaders.map(({ kind, name }) => `${kind} ${name}`)).toEqual([
      'remove x-d',
      'remove x-f',
      'set x-a',
      'set x-b',
      'add x-c',
      'set x-e',
    ]);
    expect(plan.responseHeaders).toEqual([
      { kind: 'remove', name: 'server' },
      { kind: 'set', name: 'x-r', value: '1' },
    ]);
  });

  it('headers of the route alone: removals first too', () => {
    const plan = with_("headers: {request: {set: {x-a: '1'}, remove: [x-a]}}");
    expect(plan.requestHeaders.map(({ kind }) => kind)).toEqual(['remove', 'set']);
  });

  it('headers of a destination among several, before those of the route', () => {
    const made = world(
      routes(`
- headers: {request: {set: {x-a: route}}}
  route:
  - {destination: {host: nobody}, weight: 0}
  - destination: {host: mock-server}
    weight: 1
    headers: {request: {set: {x-a: destination}}}
  - {destination: {host: nobody}, weight: 0}
`),
    );
    const values = forwarded(made.plan()).requestHeaders.map((one) => 'value' in one && one.value);
    expect(values).toEqual(['destination', 'route']);
  });

  it('a mirror gets a copy under a shadow name', () => {
    const { mirrors } = with_('mirror: {host: mock-server, subset: canary}', {
      authority: 'mock-server:80',
    });
    expect(mirrors.map(({ authority, destination }) => [authority, destination.subset])).toEqual([
      ['mock-server-shadow:80', 'canary'],
    ]);
    expect(with_('mirror: {host: mock-server}\n  mirrorPercentage: {value: 0}').mirrors).toEqual(
      [],
    );
    expect(with_('mirror: {host: nobody}').mirrors).toEqual([]);
    expect(
      with_(
        'mirrors: [{destination: {host: mock-server}}, {destination: {host: mock-server, subset: stable}}]',
      ).mirrors,
    ).toHaveLength(2);
  });

  it('a share of mirrors is drawn', () => {
    const made = world(
      routes(
        '- route: [{destination: {host: mock-server}}]\n  mirror: {host: mock-server}\n  mirrorPercentage: {value: 35}',
      ),
    );
    let sent = 0;
    for (let n = 0; n < 10_000; n += 1) sent += forwarded(made.plan()).mirrors.length;
    expect(Math.abs(sent - 3500)).toBeLessThanOrEqual(4 * Math.sqrt(10_000 * 0.35 * 0.65));
  });
});

describe('faults', () => {
  const faulty = (fault: string) =>
    world(
      routes(`- fault: ${fault}\n  route: [{destination: {host: mock-server, subset: stable}}]`),
    );

  it('an abort answers before any pod is asked', () => {
    const plan = faulty('{abort: {percentage: {value: 100}, httpStatus: 418}}').plan();
    expect(plan).toMatchObject({
      kind: 'respond',
      status: 418,
      flags: ['FI'],
      body: 'fault filter abort',
      service: { name: 'mock-server' },
    });
  });

  it('an abort by the name of a gRPC status', () => {
    const plan = faulty('{abort: {percentage: {value: 100}, grpcStatus: UNAVAILABLE}}').plan();
    expect(plan).toMatchObject({ status: 503, headers: { 'grpc-status': '14' } });
  });

  it('a delay, and then the pod', () => {
    const plan = faulty('{delay: {percentage: {value: 100}, fixedDelay: 5s}}').plan();
    expect(plan).toMatchObject({ kind: 'forward', delayMs: 5000, flags: ['DI'] });
  });

  it('both', () => {
    const plan = faulty(
      '{delay: {percentage: {value: 100}, fixedDelay: 1s}, abort: {percentage: {value: 100}, httpStatus: 500}}',
    ).plan();
    expect(plan).toMatchObject({ kind: 'respond', delayMs: 1000, flags: ['DI', 'FI'] });
  });

  it('without a percentage never happen', () => {
    expect(faulty('{abort: {httpStatus: 418}}').plan()).toMatchObject({ kind: 'forward' });
    expect(faulty('{delay: {fixedDelay: 5s}}').plan()).toMatchObject({ delayMs: 0 });
  });

  it('happen to their share', () => {
    const made = faulty('{abort: {percentage: {value: 10}, httpStatus: 500}}');
    let aborted = 0;
    for (let n = 0; n < 10_000; n += 1) if (made.plan().kind === 'respond') aborted += 1;
    expect(Math.abs(aborted - 1000)).toBeLessThanOrEqual(4 * Math.sqrt(10_000 * 0.1 * 0.9));
  });
});

describe('redirects and direct responses', () => {
  it.each([
    {
      redirect: '{uri: /new}',
      is: '301 http://mock-server/new?q=1',
      reason: 'the whole path; the query stays',
    },
    {
      redirect: '{uri: "/new?p=2"}',
      is: '301 http://mock-server/new?p=2',
      reason: 'its own query',
    },
    { redirect: '{authority: a.test}', is: '301 http://a.test/old?q=1', reason: 'another host' },
    {
      redirect: '{scheme: https}',
      is: '301 https://mock-server/old?q=1',
      reason: 'another scheme',
    },
    {
      redirect: '{port: 8443, scheme: https}',
      is: '301 https://mock-server:8443/old?q=1',
      reason: 'another port',
    },
    {
      redirect: '{port: 443, scheme: https}',
      is: '301 https://mock-server/old?q=1',
      reason: "the scheme's own port is not written",
    },
    {
      redirect: '{derivePort: FROM_REQUEST_PORT, authority: a.test}',
      authority: 'two:90',
      is: '301 http://a.test:90/old?q=1',
      reason: 'the port that was asked',
    },
    {
      redirect: '{uri: /x}',
      authority: 'two:90',
      is: '301 http://two:90/x?q=1',
      reason: 'the port stays with its host',
    },
    {
      redirect: '{scheme: https}',
      authority: 'two:80',
      is: '301 https://two/old?q=1',
      reason: "the old scheme's own port goes",
    },
    {
      redirect: '{uri: /x, redirectCode: 307}',
      is: '307 http://mock-server/x?q=1',
      reason: 'another status',
    },
  ])('redirect $redirect: $is ($reason)', ({ redirect, authority = 'mock-server', is }) => {
    const two = `
apiVersion: v1
kind: Service
metadata: {name: two}
spec: {selector: {app: mock-server}, ports: [{name: a, port: 90}, {name: b, port: 80}]}
`;
    const made = world(
      routes(`- redirect: ${redirect}`).replace('[mock-server]', '[mock-server, two]') + two,
    );
    const plan = made.plan({ path: '/old?q=1', authority });
    expect(plan.kind === 'respond' && `${plan.status} ${plan.headers['location']}`).toBe(is);
  });

  it('a direct response has status, body and headers', () => {
    const made = world(
      routes(
        '- directResponse: {status: 503, body: {string: closed}}\n  headers: {response: {set: {x-a: b}}}',
      ),
    );
    expect(made.plan()).toMatchObject({
      status: 503,
      body: 'closed',
      flags: [],
      responseHeaders: [{ kind: 'set', name: 'x-a', value: 'b' }],
    });
  });
});

describe('times of arrival', () => {
  const canary = routes('- route: [{destination: {host: mock-server, subset: canary}}]');
  it('a change holds from the next request on', () => {
    const made = world();
    made.apply(canary);
    expect(podsOf(made.plan())).toEqual(['new-0', 'new-1']);
  });

  it('a change arrives between half of the longest time and the longest', async () => {
    const made = world('', { propagationMs: 2000 });
    await made.clock.advance(milliseconds(2000));
    let told = 0;
    made.mesh.onChange(() => {
      told += 1;
    });
    made.apply(canary);
    await made.clock.advance(milliseconds(999));
    expect([podsOf(made.plan()).length, told]).toEqual([5, 0]);
    await made.clock.advance(milliseconds(1001));
    expect([podsOf(made.plan()).length, told]).toEqual([2, 1]);
  });

  it('changes of one object arrive in their order', async () => {
    for (const seed of ['a', 'b', 'c', 'd', 'e', 'f']) {
      const made = world('', { propagationMs: 2000, seed });
      made.apply(canary);
      await made.clock.advance(milliseconds(10));
      made.apply(canary.replace('canary', 'stable'));
      await made.clock.advance(milliseconds(2000));
      expect(podsOf(made.plan()), seed).toHaveLength(3);
    }
  });

  it('two objects written together arrive each in its own time', async () => {
    const orders = new Set<string>();
    for (let seed = 0; seed < 12; seed += 1) {
      const made = world('', { propagationMs: 2000, seed: String(seed) });
      await made.clock.advance(milliseconds(2000));
      made.apply(canary + RULE.replace('hash: new', 'hash: old'));
      let first = '';
      made.mesh.onChange(() => {
        if (first !== '') return;
        first = forwarded(made.plan()).destination.subset === 'canary' ? 'routes' : 'rule';
      });
      await made.clock.advance(milliseconds(2000));
      orders.add(first);
    }
    expect([...orders].toSorted()).toEqual(['routes', 'rule']);
  });

  it('a new status is no change', () => {
    const made = world(canary);
    let changes = 0;
    made.mesh.onChange(() => {
      changes += 1;
    });
    made.apply(
      canary
        .replace('spec:', 'status: {conditions: []}\nspec:')
        .replace('metadata: {', "metadata: {creationTimestamp: '2026-01-01T00:00:03Z', "),
    );
    expect(changes).toBe(0);
    made.apply(canary.replace('subset: canary', 'subset: stable'));
    expect(changes).toBe(1);
  });

  it('endpoints arrive sooner than routes', async () => {
    const made = world('', { propagationMs: 2000 });
    await made.clock.advance(milliseconds(200));
    expect(podsOf(made.plan())).toHaveLength(5);
  });
});
