import { describe, expect, it } from 'vitest';
import { meshWorld } from '../../../test/support/mesh.ts';
import type { Caller, GatewayListener } from './plan.ts';

const GATEWAY = `
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: public, namespace: edge}
spec:
  selector: {istio: ingressgateway}
  servers:
  - {port: {number: 80, name: http, protocol: HTTP}, hosts: ['*.example.com', '*/b.test']}
  - {port: {number: 8080, name: other, protocol: HTTP}, hosts: ['*']}
---
`;

function routes(name: string, spec: string): string {
  return `
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: ${name}}
spec: {gateways: [edge/public], ${spec}}
---
`;
}

const FIRST = routes(
  'first',
  `hosts: [shop.example.com], http: [{directResponse: {status: 201}}, {directResponse: {status: 299}}]`,
);
const SECOND = routes(
  'second',
  `hosts: [shop.example.com, '*'],
   http: [{match: [{uri: {prefix: /two}}], directResponse: {status: 202}}]`,
);

function at(listener: GatewayListener | undefined): Caller {
  if (listener === undefined) throw new Error('no listener');
  return { kind: 'gateway', listener };
}

describe('an Istio Gateway', () => {
  it('has one listener for each port', () => {
    const { mesh } = meshWorld(GATEWAY);
    expect(mesh.gateways()).toEqual([
      {
        api: 'istio',
        namespace: 'edge',
        name: 'public',
        port: 80,
        protocol: 'HTTP',
        hosts: ['*.example.com', 'b.test'],
      },
      {
        api: 'istio',
        namespace: 'edge',
        name: 'public',
        port: 8080,
        protocol: 'HTTP',
        hosts: ['*'],
      },
    ]);
  });

  it.each([
    {
      authority: 'shop.example.com',
      path: '/',
      port: 80,
      is: 201,
      reason: 'the route that takes all',
    },
    {
      authority: 'shop.example.com',
      path: '/two',
      port: 80,
      is: 202,
      reason: "a younger object's route before what takes all",
    },
    { authority: 'other.example.com', path: '/two', port: 80, is: 202, reason: 'by a wildcard' },
    { authority: 'other.example.com', path: '/', port: 80, is: 404, reason: 'no route holds' },
    {
      authority: 'elsewhere.test',
      path: '/two',
      port: 80,
      is: 404,
      reason: 'the listener does not take that host',
    },
    {
      authority: 'elsewhere.test',
      path: '/two',
      port: 8080,
      is: 202,
      reason: 'the other listener takes every host',
    },
    {
      authority: 'b.test:80',
      path: '/two',
      port: 80,
      is: 202,
      reason: 'the port in the authority does not count',
    },
  ])('$authority $path at port $port: $is ($reason)', ({ authority, path, port, is }) => {
    const made = meshWorld(GATEWAY + FIRST + SECOND);
    const listener = made.mesh.gateways().find((one) => one.port === port);
    expect(made.plan({ authority, path }, at(listener))).toMatchObject({
      kind: 'respond',
      status: is,
    });
  });

  it('that goes takes its listeners along', () => {
    const made = meshWorld(GATEWAY);
    made.remove('Gateway', 'public', 'edge');
    expect(made.mesh.gateways()).toEqual([]);
  });

  it('knows no Services by itself', () => {
    const made = meshWorld(
      `${GATEWAY}
apiVersion: v1
kind: Service
metadata: {name: mock-server}
spec: {selector: {app: mock-server}, ports: [{port: 80}]}
`,
    );
    const head = { authority: 'mock-server.default.svc.cluster.local' };
    const listener = made.mesh.gateways().find((one) => one.port === 8080);
    expect(made.plan(head, at(listener))).toMatchObject({ status: 404, flags: ['NR'] });
  });
});
