// What the API server stores of a pod template under either form of the kinds, and the hash that follows from it.
import { describe, expect, it } from 'vitest';
import { toYaml } from '../lib/yaml.ts';
import type { OpenApi } from '../schema/open-api.ts';
import { defaulted } from '../schema/structural/defaults.ts';
import { pruned } from '../schema/structural/prune.ts';
import { type CrdForm, crds } from './crds.ts';
import { podTemplateHash } from './hash.ts';
import type { PodTemplateSpec } from './kubernetes.ts';

const FORMS: readonly CrdForm[] = ['full', 'slim'];

interface Version {
  readonly schema: { readonly openAPIV3Schema: OpenApi };
}

function schemaOf(form: CrdForm, plural: string): OpenApi {
  const crd = crds(form).find(({ metadata }) => metadata.name.startsWith(`${plural}.`));
  const { versions } = crd!.spec as { readonly versions: readonly Version[] };
  return versions[0]!.schema.openAPIV3Schema;
}

function stored(form: CrdForm, template: object): PodTemplateSpec {
  const schema = schemaOf(form, 'rollouts');
  const posted: { readonly spec: { readonly template: PodTemplateSpec } } = { spec: { template } };
  return pruned(schema, defaulted(schema, posted)).spec.template;
}

const TEMPLATE = {
  metadata: { labels: { app: 'web' }, name: 'not kept' },
  spec: {
    initContainers: [
      {
        name: 'setup',
        image: 'setup:v1',
        env: [
          { name: 'A', valueFrom: { fileKeyRef: { volumeName: 'v', path: 'p', key: 'k' } } },
          { name: 'B', value: 'b' },
        ],
      },
    ],
    containers: [
      {
        name: 'app',
        image: 'app:v1',
        ports: [{ containerPort: 80 }, { containerPort: 53, protocol: 'UDP' }],
        livenessProbe: { grpc: { port: 9000 } },
        resources: { limits: { cpu: 1, memory: '1Gi' } },
      },
    ],
    volumes: [{ name: 'v', emptyDir: {} }],
  },
};

describe('pod templates in the kinds', () => {
  it.each(FORMS)('%s: what enters the hash is filled in', (form) => {
    const { spec } = stored(form, TEMPLATE);
    expect(spec?.initContainers?.[0]).toMatchObject({
      env: [{ valueFrom: { fileKeyRef: { optional: false } } }, { name: 'B', value: 'b' }],
    });
    expect(spec?.containers?.[0]).toMatchObject({
      ports: [{ protocol: 'TCP' }, { protocol: 'UDP' }],
      livenessProbe: { grpc: { service: '' } },
    });
  });

  it('are stored alike under both forms, with the same hash', () => {
    const [full, slim] = FORMS.map((form) => stored(form, TEMPLATE));
    expect(slim).toEqual(full);
    const hashes = [full, slim].map((one) => podTemplateHash(one ?? {}, { form: 'legacy' }));
    expect(hashes[0]).toBe(hashes[1]);
  });

  it.each(FORMS)('%s: metadata is labels and annotations', (form) => {
    expect(stored(form, TEMPLATE).metadata).toEqual({ labels: { app: 'web' } });
  });

  it('slim: everything else is left as it is', () => {
    const { templates } = schemaOf('slim', 'experiments').properties?.['spec']?.properties ?? {};
    const spec = templates?.items?.properties?.['template']?.properties?.['spec'];
    expect(spec?.['x-kubernetes-preserve-unknown-fields']).toBe(true);
    const rest = (form: CrdForm) => Object.keys(schemaOf(form, 'rollouts').properties ?? {});
    expect(rest('slim')).toEqual(rest('full'));
    const analysis = (form: CrdForm) => schemaOf(form, 'analysistemplates');
    expect(analysis('slim')).toEqual(analysis('full'));
  });

  it('slim takes less than half of the room', () => {
    const size = (form: CrdForm) => crds(form).map(toYaml).join('').length;
    expect(size('slim') * 2).toBeLessThan(size('full'));
  });
});
