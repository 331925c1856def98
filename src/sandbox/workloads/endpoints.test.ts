import { expect, it } from 'vitest';
import { startCluster } from '../../../test/support/cluster.ts';
import type { KubeObject } from '../../api/object.ts';
import { ENDPOINT_SLICES, ENDPOINTS, PODS, SERVICES } from '../../api/resources.ts';

interface Slice extends KubeObject {
  readonly endpoints: readonly { readonly targetRef: { readonly name: string } }[];
  readonly ports: readonly { readonly port: number }[];
}

interface Endpoints extends KubeObject {
  readonly subsets: readonly {
    readonly addresses: readonly { readonly targetRef: { readonly name: string } }[];
    readonly ports: readonly { readonly port: number }[];
  }[];
}

it('requests to a named port reach each pod at its own number', async () => {
  const cluster = await startCluster();
  const { client } = cluster;
  const pod = (name: string, containerPort: number) =>
    client.create(PODS, {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name, namespace: 'default', labels: { app: 'shop' } },
      spec: {
        containers: [{ name: 'main', image: 'shop', ports: [{ name: 'web', containerPort }] }],
      },
    } as KubeObject);
  const slices = async () => {
    const { items } = await client.listAll<Slice>(ENDPOINT_SLICES, { namespace: 'default' });
    return items.map(
      ({ endpoints, ports }) =>
        `${endpoints.map(({ targetRef }) => targetRef.name).join()}:${ports.map(({ port }) => port).join()}`,
    );
  };
  await client.create(SERVICES, {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'shop', namespace: 'default' },
    spec: { selector: { app: 'shop' }, ports: [{ port: 80, targetPort: 'web' }] },
  } as KubeObject);
  await pod('a', 8080);
  await pod('b', 9090);
  await pod('c', 8080);
  await cluster.advance(2000);
  expect(await slices()).toEqual(['a,c:8080', 'b:9090']);
  const ref = { resource: ENDPOINTS, namespace: 'default', name: 'shop' };
  const { subsets } = await client.get<Endpoints>(ref);
  expect(subsets.map(({ addresses, ports }) => [addresses.length, ports[0]?.port])).toEqual([
    [2, 8080],
    [1, 9090],
  ]);
  await client.delete({ resource: PODS, namespace: 'default', name: 'b' });
  await cluster.advance(40_000);
  expect(await slices()).toEqual(['a,c:8080']);
  await cluster.stop();
});
