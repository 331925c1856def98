import { describe, expect, it } from 'vitest';
import { meshWorld, type MeshWorld, SHELL } from '../../../test/support/mesh.ts';
import type { Caller, Endpoint, Plan } from './plan.ts';

function service(name: string, spec: string): string {
  return `
apiVersion: v1
kind: Service
metadata: {name: ${name}}
spec: {${spec}}
---
`;
}

const SHOP = service(
  'shop',
  'clusterIP: 10.96.0.7, selector: {app: shop}, ports: [{port: 80, targetPort: 8080}]',
);
const OTHER: Caller = { kind: 'pod', namespace: 'other', labels: {} };
const OUTSIDE: Caller = { kind: 'outside', namespace: 'default' };

function world(manifest: string): MeshWorld {
  const made = meshWorld(manifest);
  made.pods({ name: 'shop', count: 3, labels: { app: 'shop', v: '1' } });
  return made;
}

function forwarded(plan: Plan) {
  if (plan.kind !== 'forward') throw new Error(JSON.stringify(plan));
  return plan;
}

function at(made: MeshWorld, authority: string, caller?: Caller): string {
  const plan = made.plan({ authority }, caller);
  if (plan.kind === 'unreachable') return plan.reason;
  if (plan.kind === 'respond') return `${plan.status} ${plan.flags.join()}`;
  const { cluster, endpoints } = plan.destination;
  const where = endpoints.map(({ address, port }) => `${address}:${port}`).join();
  return `${cluster.split('|').slice(1).join('|').replace('.svc.cluster.local', '')} ${where}`;
}

describe('Services', () => {
  it('are also known by their cluster address', () => {
    expect(at(world(SHOP), '10.96.0.7')).toBe(
      '80||shop.default 10.0.0.1:8080,10.0.0.2:8080,10.0.0.3:8080',
    );
    const made = world(SHOP);
    made.remove('Service', 'shop');
    expect(at(made, '10.96.0.7')).toBe('no-such-host');
  });

  it('have pods for each of their ports by its name', () => {
    const made = meshWorld(
      service(
        'two',
        'ports: [{name: a, port: 80}, {name: b, port: 81}, {name: u, port: 53, protocol: UDP}]',
      ),
    );
    made.apply(`
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: two-x, labels: {kubernetes.io/service-name: two}}
endpoints:
- {addresses: [10.1.0.1], conditions: {ready: true}}
- {addresses: [10.1.0.2], conditions: {ready: false}}
- {addresses: [10.1.0.3]}
ports: [{name: a, port: 8080}, {name: b, port: 9090}]
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: two-y, labels: {kubernetes.io/service-name: two}}
endpoints: [{addresses: [10.1.0.4]}, {addresses: [10.1.0.1]}]
ports: [{name: a, port: 8080}]
`);
    expect(at(made, 'two:80')).toBe('80||two.default 10.1.0.1:8080,10.1.0.3:8080,10.1.0.4:8080');
    expect(at(made, 'two:81')).toBe('81||two.default 10.1.0.1:9090,10.1.0.3:9090');
    expect(at(made, 'two:53')).toBe('no-such-port');
    made.remove('EndpointSlice', 'two-y');
    expect(at(made, 'two:80')).toBe('80||two.default 10.1.0.1:8080,10.1.0.3:8080');
  });

  it('without selector have the addresses that a person wrote beside them', () => {
    const made = world(service('db', 'ports: [{port: 80, targetPort: 9}]'));
    expect(at(made, 'db')).toBe('503 UH');
    made.apply(`
apiVersion: v1
kind: Endpoints
metadata: {name: db}
subsets: [{addresses: [{ip: 10.5.0.1}], ports: [{port: 5432}]}]
`);
    expect(at(made, 'db')).toBe('80||db.default 10.5.0.1:5432');
    made.remove('Endpoints', 'db');
    expect(at(made, 'db')).toBe('503 UH');
  });

  it('may come after what is behind them', () => {
    const made = meshWorld(`
apiVersion: v1
kind: Endpoints
metadata: {name: db}
subsets: [{addresses: [{ip: 10.5.0.1}], ports: [{port: 5432}]}]
`);
    expect(at(made, 'db')).toBe('no-such-host');
    made.apply(service('db', 'ports: [{port: 80, targetPort: 9}]'));
    expect(at(made, 'db')).toBe('80||db.default 10.5.0.1:5432');
  });

  it('without an address of their own are spread all the same', () => {
    const made = world(
      service(
        'shop',
        'clusterIP: None, selector: {app: shop}, ports: [{port: 80, targetPort: 8080}]',
      ),
    );
    expect(at(made, 'shop')).toContain('80||shop.default 10.0.0.1:8080');
  });

  it('of type ExternalName are the Service that they name, or nothing of the cluster', () => {
    const alias = (name: string) =>
      SHOP + service('alias', `type: ExternalName, externalName: ${name}`);
    expect(at(world(alias('shop.default.svc.cluster.local')), 'alias')).toContain(
      '80||shop.default',
    );
    expect(at(world(alias('example.com')), 'alias')).toBe('external');
    expect(at(world(alias('example.com')), 'alias', OUTSIDE)).toBe('external');
  });
});

describe('endpoints', () => {
  it('keep their identity and load while others come and go', () => {
    const made = world(SHOP);
    const endpoint = forwarded(made.plan({ authority: 'shop' })).destination.endpoints[0];
    endpoint!.load.active = 7;
    made.pods({ name: 'more', count: 2, labels: { app: 'shop' } });
    const { endpoints } = forwarded(made.plan({ authority: 'shop' })).destination;
    expect(endpoints).toHaveLength(5);
    expect(endpoints[0]).toBe(endpoint);
  });

  it('are live behind a plan that was made before', () => {
    const made = world(SHOP);
    const { destination } = forwarded(made.plan({ authority: 'shop' }));
    made.pods({ name: 'more', count: 2, labels: { app: 'shop' } });
    expect(destination.endpoints).toHaveLength(5);
  });

  it('know their pod, its labels and its owner', () => {
    const { endpoints } = forwarded(world(SHOP).plan({ authority: 'shop' })).destination;
    expect(endpoints[0]?.pod).toMatchObject({
      namespace: 'default',
      name: 'shop-0',
      labels: { app: 'shop', v: '1' },
      owner: { kind: 'ReplicaSet', name: 'shop' },
    });
  });

  it('keep their load when the labels of their pod change', () => {
    const made = world(SHOP);
    const { destination } = forwarded(made.plan({ authority: 'shop' }));
    destination.endpoints[0]!.load.active = 7;
    made.apply(`
apiVersion: v1
kind: Pod
metadata: {name: shop-0, labels: {app: shop, v: '2'}}
spec: {containers: []}
status: {podIP: 10.0.0.1}
`);
    expect(destination.endpoints[0]).toMatchObject({
      pod: { labels: { v: '2' } },
      load: { active: 7 },
    });
  });

  it('of a subset follow the labels of their pods', () => {
    const made = world(`${SHOP}
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: shop}
spec: {host: shop, subsets: [{name: two, labels: {v: '2'}}]}
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: shop}
spec: {hosts: [shop], http: [{route: [{destination: {host: shop, subset: two}}]}]}
---
`);
    expect(at(made, 'shop')).toBe('503 UH');
    made.apply(`
apiVersion: v1
kind: Pod
metadata: {name: shop-1, labels: {app: shop, v: '2'}}
spec: {containers: []}
status: {podIP: 10.0.0.2}
`);
    expect(at(made, 'shop')).toBe('80|two|shop.default 10.0.0.2:8080');
  });
});

describe('the proxy beside a pod', () => {
  const endpoint = (made: MeshWorld): Endpoint => {
    const [first] = forwarded(made.plan({ authority: 'shop' })).destination.endpoints;
    if (first === undefined) throw new Error('no endpoint');
    return first;
  };

  it('takes requests while some Service selects the pod for that port', () => {
    const made = world(SHOP);
    const first = endpoint(made);
    expect(made.mesh.accepts(first)).toBe(true);
    expect(made.mesh.accepts({ ...first, port: 9 })).toBe(false);
    made.apply(SHOP.replace('app: shop', 'app: nothing'));
    expect(made.mesh.accepts(first)).toBe(false);
    made.apply(service('another', 'selector: {v: "1"}, ports: [{port: 1, targetPort: 8080}]'));
    expect(made.mesh.accepts(first)).toBe(true);
    made.remove('Service', 'another');
    expect(made.mesh.accepts(first)).toBe(false);
  });

  it('knows ports by name', () => {
    const made = meshWorld(
      service('shop', 'selector: {app: shop}, ports: [{port: 80, targetPort: web}]'),
    );
    const ports = [{ name: 'web', containerPort: 8080 }];
    made.pods({ name: 'shop', count: 1, labels: { app: 'shop' }, ports });
    expect(made.mesh.accepts(endpoint(made))).toBe(true);
  });

  it('goes with its pod: then the connection fails, not the proxy', () => {
    const made = world(SHOP);
    const first = endpoint(made);
    made.remove('Service', 'shop');
    expect(made.mesh.accepts(first)).toBe(false);
    made.remove('Pod', 'shop-0');
    expect(made.mesh.accepts(first)).toBe(true);
  });

  it('of no pod is nobody, who takes everything', () => {
    const load = { active: 0 };
    expect(world(SHOP).mesh.accepts({ address: '10.5.0.1', port: 1, load })).toBe(true);
  });
});

describe('balancing', () => {
  const rule = (simple: string, more = '') => `
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: shop}
spec: {host: shop, trafficPolicy: {loadBalancer: {simple: ${simple}}${more}}}
---
`;
  const picks = (manifest: string, n: number, busy = 0) => {
    const made = world(manifest);
    const { destination } = forwarded(made.plan({ authority: 'shop' }));
    destination.endpoints[0]!.load.active = busy;
    return Array.from({ length: n }, () => destination.pickEndpoint()!.address.slice(-1));
  };

  it('by turns is exactly even', () => {
    expect(picks(SHOP + rule('ROUND_ROBIN'), 6)).toEqual(['1', '2', '3', '1', '2', '3']);
  });

  it('at random does not look at the load', () => {
    const busy = picks(SHOP + rule('RANDOM'), 3000, 100).filter((one) => one === '1').length;
    expect(Math.abs(busy - 1000)).toBeLessThan(4 * Math.sqrt((3000 * 2) / 9));
  });

  it('by fewest requests, the default, takes the less busy of two', () => {
    const busy = picks(SHOP, 3000, 100).filter((one) => one === '1').length;
    // Only when it is drawn twice: one in nine.
    expect(Math.abs(busy - 333)).toBeLessThan(4 * Math.sqrt((3000 * 8) / 81));
    expect(
      picks(SHOP + rule('LEAST_CONN'), 3000, 100).filter((one) => one === '1').length,
    ).toBeLessThan(500);
  });

  it('may be another for one port', () => {
    const more = ', portLevelSettings: [{port: {number: 80}, loadBalancer: {simple: ROUND_ROBIN}}]';
    expect(picks(SHOP + rule('RANDOM', more), 6)).toEqual(['1', '2', '3', '1', '2', '3']);
  });

  it('takes an endpoint that was tried only if there is no other', () => {
    const { destination } = forwarded(world(SHOP).plan({ authority: 'shop' }));
    const [a, b, c] = destination.endpoints as [Endpoint, Endpoint, Endpoint];
    for (let n = 0; n < 20; n += 1) expect(destination.pickEndpoint([a, c])).toBe(b);
    expect(destination.pickEndpoint([a, b, c])).toBeDefined();
  });
});

describe('DestinationRules', () => {
  const rule = (name: string, spec: string, namespace = 'default') => `
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: ${name}, namespace: ${namespace}}
spec: {${spec}}
---
`;
  const ROUTE = `
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: shop}
spec: {hosts: [shop], http: [{route: [{destination: {host: shop, subset: one}}]}]}
---
`;
  const ONE = "subsets: [{name: one, labels: {v: '1'}}]";
  const FULL = 'shop.default.svc.cluster.local';
  it.each([
    { rules: rule('a', `host: shop, ${ONE}`), is: 3, reason: 'by its short name' },
    { rules: rule('a', `host: ${FULL}, ${ONE}`), is: 3, reason: 'by its full name' },
    {
      rules: rule('a', `host: '*.default.svc.cluster.local', ${ONE}`),
      is: 3,
      reason: 'by a wildcard',
    },
    {
      rules: rule('a', `host: ${FULL}, ${ONE}`, 'istio-system'),
      is: 3,
      reason: 'of the root namespace',
    },
    {
      rules: rule('a', `host: ${FULL}, ${ONE}`, 'third'),
      is: 'NC',
      reason: 'of a namespace that has nothing to do with it',
    },
    {
      rules: rule('a', `host: shop.default, ${ONE}`),
      is: 'NC',
      reason: 'a name with a dot stands for itself',
    },
    {
      rules: rule('a', `host: shop, ${ONE}, exportTo: [other]`),
      is: 'NC',
      reason: 'for another namespace',
    },
    {
      rules: rule('a', 'host: shop') + rule('b', `host: shop, ${ONE}`),
      is: 3,
      reason: 'two of one host are taken together',
    },
    {
      rules:
        rule('a', `host: shop, ${ONE}`) +
        rule('b', "host: shop, subsets: [{name: one, labels: {v: '2'}}]"),
      is: 3,
      reason: 'the older has the name',
    },
    {
      rules: rule('a', `host: '*', ${ONE}`) + rule('b', 'host: shop'),
      is: 'NC',
      reason: 'the most special host alone counts',
    },
  ])('$rules: $is ($reason)', ({ rules, is }) => {
    const plan = world(SHOP + ROUTE + rules).plan({ authority: 'shop' });
    expect(
      plan.kind === 'forward'
        ? plan.destination.endpoints.length
        : plan.kind === 'respond' && plan.flags[0],
    ).toBe(is);
  });

  it('of the namespace of the caller come first, for its callers', () => {
    const made = world(
      SHOP +
        ROUTE +
        rule('a', `host: shop, ${ONE}`) +
        rule('mine', `host: ${FULL}, subsets: []`, 'other'),
    );
    expect(made.plan({ authority: FULL }, SHELL).kind).toBe('forward');
    expect(made.plan({ authority: FULL }, OTHER)).toMatchObject({ flags: ['NC'] });
    made.remove('DestinationRule', 'mine', 'other');
    expect(made.plan({ authority: FULL }, OTHER).kind).toBe('forward');
  });
});

describe('connections', () => {
  const TCP = (section: string) => `
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: shop}
spec: {hosts: [shop], ${section}}
---
`;
  const BACK = service('back', 'selector: {app: shop}, ports: [{port: 5432, targetPort: 8080}]');
  const of = (made: MeshWorld, port: number, sni?: string, caller: Caller = SHELL) => {
    const plan = made.mesh.planConnection(
      { host: 'shop', port, ...(sni === undefined ? {} : { sni }) },
      caller,
    );
    if (plan.kind === 'forward') return plan.destination.service.name;
    return plan.kind === 'close' ? plan.flag : plan.reason;
  };

  it('go to the Service where there is no route', () => {
    expect(of(world(SHOP), 80)).toBe('shop');
    expect(of(world(SHOP), 81)).toBe('no-such-port');
    expect(of(world(''), 80)).toBe('no-such-host');
    expect(of(meshWorld(SHOP), 80)).toBe('refused');
  });

  it('go by tcp routes: port, weights', () => {
    const section =
      'tcp: [{match: [{port: 80}], route: [{destination: {host: back}, weight: 25}, {destination: {host: shop}, weight: 75}]}]';
    const made = world(SHOP + BACK + TCP(section));
    let back = 0;
    for (let n = 0; n < 4000; n += 1) if (of(made, 80) === 'back') back += 1;
    expect(Math.abs(back - 1000)).toBeLessThanOrEqual(4 * Math.sqrt(4000 * 0.25 * 0.75));
    expect(of(made, 80, undefined, OUTSIDE)).toBe('shop');
  });

  it('go by tls routes where the server name fits', () => {
    const section =
      "tls: [{match: [{port: 80, sniHosts: ['*.a.test']}], route: [{destination: {host: back}}]}]";
    const made = world(SHOP + BACK + TCP(section));
    expect([of(made, 80, 'x.a.test'), of(made, 80, 'b.test'), of(made, 80)]).toEqual([
      'back',
      'shop',
      'shop',
    ]);
  });

  it('without a server name are no TLS, whatever a tls route takes', () => {
    const section = "tls: [{match: [{sniHosts: ['*']}], route: [{destination: {host: back}}]}]";
    const made = world(SHOP + BACK + TCP(section));
    expect([of(made, 80, 'any.test'), of(made, 80)]).toEqual(['back', 'shop']);
  });

  it('are closed when what the route names is missing or not ready', () => {
    const to = (host: string) => TCP(`tcp: [{route: [{destination: {host: ${host}}}]}]`);
    expect(of(world(SHOP + to('nobody')), 80)).toBe('NC');
    expect(
      of(world(SHOP + service('empty', 'selector: {a: b}, ports: [{port: 1}]') + to('empty')), 80),
    ).toBe('UH');
  });

  it('leave http routes alone', () => {
    const made = world(SHOP + TCP('tcp: [{route: [{destination: {host: nobody}}]}]'));
    expect(made.plan({ authority: 'shop' }).kind).toBe('forward');
  });
});
