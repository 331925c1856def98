// A Rollout whose template is a Deployment's.
import { expect } from 'vitest';
import type { Deployment } from '../../../src/api/kubernetes.ts';
import { DEPLOYMENTS } from '../../../src/api/resources.ts';
import { templated, type WebAnywhere } from '../web.ts';
import { healthy, paused, podsOf, sized, STOP, type Story } from './told.ts';

const NAME = 'old';

function onDeployment(scaleDown: string): Story['options'] {
  const deployment = {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: NAME },
    spec: { replicas: 2, ...templated('app:v1') },
  };
  return {
    replicas: 2,
    strategy: { canary: { steps: [{ setWeight: 50 }, STOP] } },
    workloadRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: NAME, scaleDown },
    objects: [deployment],
  };
}

async function deployed({ client, namespace }: WebAnywhere): Promise<number> {
  const ref = { resource: DEPLOYMENTS, namespace, name: NAME };
  return (await client.get<Deployment>(ref)).spec.replicas ?? 0;
}

export const WORKLOAD_STORIES: readonly Story[] = [
  {
    name: 'a Deployment gives its pods to the Rollout, and its new template is an update',
    options: onDeployment('onsuccess'),
    tell: async (web) => {
      await healthy(web);
      await web.until('the Deployment is scaled down', async () => (await deployed(web)) === 0);
      const { client, namespace } = web;
      const { template } = templated('app:v2');
      await client.patch(
        { resource: DEPLOYMENTS, namespace, name: NAME },
        { type: 'merge', body: { spec: { template: { spec: template.spec } } } },
      );
      await paused(web, 1);
      await web.run('promote', 'web');
      await healthy(web);
      await sized(web, { 'app:v2': 2 });
      expect(await deployed(web)).toBe(0);
    },
  },
  {
    name: 'a Deployment that is never scaled down keeps its pods beside the Rollout',
    options: onDeployment('never'),
    tell: async (web) => {
      await healthy(web);
      expect(await deployed(web)).toBe(2);
      await web.until('pods of both', async () => {
        return (await podsOf(web, 'app:v1')).length === 4;
      });
    },
  },
];
