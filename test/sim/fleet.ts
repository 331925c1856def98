// A fleet of rollouts of one shape (Istio subsets, two replicas, steps of 20, 50 and 80 percent without pauses): its
// objects, and what the controller asks of the API server for them.
import type { KubeObject } from '../../src/api/object.ts';
import { ROLLOUTS } from '../../src/api/resources.ts';
import type { Rollout } from '../../src/api/rollout.ts';
import type { KubeClient } from '../../src/kube/client.ts';
import type { HttpRequest } from '../../src/lib/ports.ts';
import { post } from '../support/objects.ts';

export const NAMESPACE = 'default';

/** What bench and tests deploy under that name. */
export function objectsOf(name: string): readonly KubeObject[] {
  const metadata = { name, namespace: NAMESPACE };
  const service = {
    apiVersion: 'v1',
    kind: 'Service',
    metadata,
    spec: { selector: { app: name }, ports: [{ port: 80, targetPort: 8080 }] },
  };
  const virtualService = {
    apiVersion: 'networking.istio.io/v1beta1',
    kind: 'VirtualService',
    metadata,
    spec: {
      hosts: [name],
      http: [
        {
          name: 'primary',
          route: [
            { destination: { host: name, subset: 'stable' }, weight: 100 },
            { destination: { host: name, subset: 'canary' }, weight: 0 },
          ],
        },
      ],
    },
  };
  const destinationRule = {
    apiVersion: 'networking.istio.io/v1beta1',
    kind: 'DestinationRule',
    metadata,
    spec: {
      host: name,
      subsets: [
        { name: 'canary', labels: { app: name } },
        { name: 'stable', labels: { app: name } },
      ],
    },
  };
  return [service, virtualService, destinationRule, rolloutOf(name)];
}

function rolloutOf(name: string): KubeObject & { readonly spec: unknown } {
  return {
    apiVersion: 'argoproj.io/v1alpha1',
    kind: 'Rollout',
    metadata: { name, namespace: NAMESPACE, labels: { app: name } },
    spec: {
      replicas: 2,
      revisionHistoryLimit: 2,
      selector: { matchLabels: { app: name } },
      template: {
        metadata: { labels: { app: name } },
        spec: {
          containers: [{ name: 'app', image: imageOf(1), ports: [{ containerPort: 8080 }] }],
        },
      },
      strategy: {
        canary: {
          scaleDownDelaySeconds: 1,
          trafficRouting: {
            istio: {
              virtualService: { name, routes: ['primary'] },
              destinationRule: { name, canarySubsetName: 'canary', stableSubsetName: 'stable' },
            },
          },
          steps: [{ setWeight: 20 }, { setWeight: 50 }, { setWeight: 80 }],
        },
      },
    },
  };
}

function imageOf(version: number): string {
  return `ghcr.io/ssup2/mock-go-server:${version}.0.0`;
}

export async function deploy(client: KubeClient, name: string): Promise<void> {
  for (const object of objectsOf(name)) await post(client, NAMESPACE, object);
}

export async function update(client: KubeClient, name: string, version: number): Promise<void> {
  await client.patch(
    { resource: ROLLOUTS, namespace: NAMESPACE, name },
    {
      type: 'json',
      body: [
        { op: 'replace', path: '/spec/template/spec/containers/0/image', value: imageOf(version) },
      ],
    },
  );
}

/** Whether all of `version` is done and known. */
export function isHealthyAt({ spec, status, metadata }: Rollout, version: number): boolean {
  return (
    status?.phase === 'Healthy' &&
    status.observedGeneration === String(metadata.generation ?? 0) &&
    status.stableRS === status.currentPodHash &&
    spec.template?.spec?.containers?.[0]?.image === imageOf(version)
  );
}

/** Requests by verb and resource, watches left out; Events apart. */
export class RequestCount {
  readonly by = new Map<string, number>();
  events = 0;

  see(request: HttpRequest): void {
    const kind = kindOfRequest(request);
    if (kind === undefined) return;
    if (kind.endsWith(' events')) this.events += 1;
    else this.by.set(kind, (this.by.get(kind) ?? 0) + 1);
  }

  get total(): number {
    return [...this.by.values()].reduce((sum, one) => sum + one, 0);
  }

  clear(): void {
    this.by.clear();
    this.events = 0;
  }
}

/** `PATCH rollouts/status`; undefined for watches. */
function kindOfRequest({ method, path }: HttpRequest): string | undefined {
  const url = new URL(path, 'http://server');
  if (url.searchParams.get('watch') === 'true') return undefined;
  const [, , resource = '', , subresource] = url.pathname
    .replace(/^\/(?:api\/v1|apis\/[^/]+\/[^/]+)/, '')
    .replace(/^\/(?!namespaces\/)/, '/-/-/')
    .replace(/^\//, '')
    .split('/');
  return `${method} ${resource}${subresource === undefined ? '' : `/${subresource}`}`;
}
