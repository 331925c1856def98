// What is installed, and for whom.
import { describe, expect, it } from 'vitest';
import { installObjects, type InstallOptions } from './objects.ts';
import type { Manifest } from './manifest.ts';
import type { Rule } from './rules.ts';

function installed(options: Partial<InstallOptions> = {}): readonly Manifest[] {
  return installObjects({
    namespace: 'argo-rollouts',
    image: 'slipway:v1',
    crds: 'full',
    isNamespaced: false,
    instance: '',
    secretsIn: [],
    ...options,
  }) as unknown as readonly Manifest[];
}

function kinds(objects: readonly Manifest[]): readonly string[] {
  return objects.map(({ kind, metadata }) => `${kind} ${metadata.name}`);
}

const CLUSTER_SCOPED = new Set([
  'Namespace',
  'CustomResourceDefinition',
  'ClusterRole',
  'ClusterRoleBinding',
]);

function resources(objects: readonly Manifest[], kind: string): readonly string[] {
  return objects
    .filter((object) => object.kind === kind)
    .flatMap((object) => (object['rules'] as readonly Rule[]).flatMap((rule) => rule.resources));
}

describe('what is installed', () => {
  it('comes in an order in which it can be created', () => {
    const order = installed({ crds: 'none' });
    expect(kinds(order)).toEqual([
      'Namespace argo-rollouts',
      'ServiceAccount argo-rollouts',
      'ClusterRole argo-rollouts',
      'ClusterRoleBinding argo-rollouts',
      'Role argo-rollouts',
      'RoleBinding argo-rollouts',
      'ClusterRole argo-rollouts-aggregate-to-view',
      'ClusterRole argo-rollouts-aggregate-to-edit',
      'ClusterRole argo-rollouts-aggregate-to-admin',
      'ConfigMap argo-rollouts-config',
      'Service argo-rollouts-metrics',
      'Deployment argo-rollouts',
    ]);
  });

  it('has the five kinds, unless somebody else has them', () => {
    const count = (crds: InstallOptions['crds']) =>
      installed({ crds }).filter(({ kind }) => kind === 'CustomResourceDefinition').length;
    expect([count('full'), count('slim'), count('none')]).toEqual([5, 5, 0]);
  });

  it('is in the namespace that is asked for, and so is the account that the rights go to', () => {
    const objects = installed({ namespace: 'delivery', crds: 'none' });
    for (const { kind, metadata, subjects } of objects) {
      if (!CLUSTER_SCOPED.has(kind)) expect(metadata.namespace).toBe('delivery');
      if (subjects !== undefined) expect(subjects).toMatchObject([{ namespace: 'delivery' }]);
    }
  });

  it('for one namespace nothing of it is beyond that namespace, the kinds and roles for people apart', () => {
    const beyond = (crds: InstallOptions['crds']) =>
      installed({ isNamespaced: true, crds })
        .filter(({ kind }) => CLUSTER_SCOPED.has(kind))
        .map(({ kind }) => kind);
    expect(beyond('none')).toEqual([]);
    expect([...new Set(beyond('full'))]).toEqual(['CustomResourceDefinition', 'ClusterRole']);
    const [deployment] = installed({ isNamespaced: true, crds: 'none' }).slice(-1);
    expect(deployment).toMatchObject({
      spec: { template: { spec: { containers: [{ args: ['controller', '--namespaced'] }] } } },
    });
  });

  it('reads Secrets where that is asked for, and nowhere else', () => {
    for (const isNamespaced of [false, true]) {
      const plain = installed({ isNamespaced });
      for (const kind of ['Role', 'ClusterRole']) {
        expect(resources(plain, kind)).not.toContain('secrets');
      }
    }
    const asked = installed({ secretsIn: ['shop', 'pay'] });
    const roles = asked.filter(({ metadata }) => metadata.name === 'argo-rollouts-secrets');
    expect(roles.map(({ kind, metadata }) => `${kind} ${metadata.namespace}`)).toEqual([
      'Role shop',
      'RoleBinding shop',
      'Role pay',
      'RoleBinding pay',
    ]);
    expect(resources(asked, 'ClusterRole')).not.toContain('secrets');
  });

  it('an instance shares with others only what is the same for all of them', () => {
    const keys = (instance: string) =>
      new Map(
        installed({ instance, secretsIn: ['argo-rollouts'] }).map((object) => {
          const { kind, metadata } = object;
          return [`${kind} ${metadata.namespace ?? ''} ${metadata.name}`, object] as const;
        }),
      );
    const [plain, canary] = [keys(''), keys('canary')];
    const shared = [...canary].filter(([key]) => plain.has(key));
    expect(shared.map(([key]) => key).filter((key) => !key.startsWith('Custom'))).toEqual([
      'Namespace  argo-rollouts',
      'ClusterRole  argo-rollouts-aggregate-to-view',
      'ClusterRole  argo-rollouts-aggregate-to-edit',
      'ClusterRole  argo-rollouts-aggregate-to-admin',
      'ConfigMap argo-rollouts argo-rollouts-config',
    ]);
    for (const [key, object] of shared) expect(object).toEqual(plain.get(key));
  });

  it('an instance is driven by its own account, told by its argument, and selected by its own labels', () => {
    const objects = installed({ instance: 'canary', crds: 'none', secretsIn: ['shop'] });
    const name = 'argo-rollouts-canary';
    for (const { subjects } of objects) {
      if (subjects !== undefined) expect(subjects).toMatchObject([{ name }]);
    }
    const selector = { 'app.kubernetes.io/name': name };
    expect(objects.slice(-2)).toMatchObject([
      { kind: 'Service', metadata: { name: `${name}-metrics` }, spec: { selector } },
      {
        kind: 'Deployment',
        metadata: { name },
        spec: {
          selector: { matchLabels: selector },
          template: {
            metadata: { labels: selector },
            spec: {
              serviceAccountName: name,
              containers: [{ args: ['controller', '--instance-id', 'canary'] }],
            },
          },
        },
      },
    ]);
  });

  it('no rule has a wildcard', () => {
    const rules = installed().flatMap((object) => (object['rules'] as readonly Rule[]) ?? []);
    const words = rules.flatMap((rule) => [...rule.apiGroups, ...rule.resources, ...rule.verbs]);
    expect(words).not.toContain('*');
  });
});
