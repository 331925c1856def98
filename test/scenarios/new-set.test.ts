// The ReplicaSet of a template: refused by the API server, or found where no Rollout has been.
import { describe, expect, it } from 'vitest';
import type { Experiment } from '../../src/api/experiment.ts';
import { EXPERIMENTS, ROLLOUTS } from '../../src/api/resources.ts';
import type { Rollout } from '../../src/api/rollout.ts';
import { utf8, utf8Text } from '../../src/lib/bytes.ts';
import type { HttpRequest } from '../../src/lib/ports.ts';
import { post } from '../support/objects.ts';
import { refusal } from '../support/scripted-server.ts';
import { isHealthy, service, withWeb } from './web.ts';

const WORD = 'the script says Forbidden';

function createsSet({ method, path }: HttpRequest): boolean {
  return method === 'POST' && path.includes('/replicasets');
}

describe('a ReplicaSet that the API server refuses', () => {
  it('is told once, and made when it may be', async () => {
    const quota = { isFull: false };
    let tries = 0;
    await withWeb(
      {
        strategy: { canary: {} },
        intercept: (request, next) => {
          if (!createsSet(request) || !quota.isFull) return next(request);
          tries += 1;
          return Promise.resolve(refusal(403, 'Forbidden'));
        },
      },
      async (web) => {
        await web.until('healthy', isHealthy);
        quota.isFull = true;
        await web.setImage('app:v2');
        await web.seconds(60);
        const progressing = (await web.rollout()).status?.conditions?.find(
          ({ type }) => type === 'Progressing',
        );
        expect(progressing).toMatchObject({ status: 'False', reason: 'ReplicaSetCreateError' });
        expect(progressing?.message).toMatch(
          /^Failed to create new replica set "web-\w+": the script/,
        );
        expect(web.told('ReplicaSetCreateError')).toEqual([progressing?.message]);
        expect(tries).toBeGreaterThan(3);
        expect(tries).toBeLessThan(20);
        expect(web.sizes()).toEqual({ 'app:v1': 2 });

        quota.isFull = false;
        await web.until('updated', () => web.sizes()['app:v2'] === 2);
        await web.until('healthy', isHealthy);
      },
    );
  });

  it('fails the template of an Experiment that needs it', async () => {
    const quota = { isFull: false };
    await withWeb(
      {
        strategy: {
          canary: {
            canaryService: 'canary',
            stableService: 'stable',
            steps: [{ experiment: { templates: [{ name: 'probe', specRef: 'canary' }] } }],
          },
        },
        objects: [service('canary'), service('stable')],
        intercept: async (request, next) => {
          if (!createsSet(request) || !quota.isFull) return next(request);
          return refusal(403, 'Forbidden');
        },
      },
      async (web) => {
        await web.until('healthy', isHealthy);
        // The set of the new template is made first; that of the experiment is refused.
        await web.setImage('app:v2');
        await web.until('the set', () => web.sets().length === 2);
        quota.isFull = true;
        await web.until('aborted', ({ status }) => status?.abort === true);
        const { items } = await web.cluster.client.list<Experiment>(EXPERIMENTS, {
          namespace: 'default',
        });
        expect(items.map(({ status }) => status?.templateStatuses?.[0])).toMatchObject([
          { status: 'Error', message: `Failed to create ReplicaSet for template 'probe': ${WORD}` },
        ]);
        expect(web.told('ReplicaSetCreateError')).toHaveLength(1);
      },
    );
  });
});

it('a ReplicaSet that is there before the Rollout is told of as found', async () => {
  const reasons: string[] = [];
  await withWeb(
    {
      strategy: { canary: {} },
      onRequest: ({ method, path, body }) => {
        if (method !== 'PATCH' || !path.endsWith('/rollouts/web/status')) return;
        const [, reason] =
          /"reason":"(\w*NewReplicaSet\w*)"/.exec(utf8Text(body ?? utf8(''))) ?? [];
        if (reason !== undefined) reasons.push(reason);
      },
    },
    async (web) => {
      await web.until('healthy', isHealthy);
      const { metadata, spec } = await web.rollout();
      const ref = { resource: ROLLOUTS, namespace: 'default', name: 'web' };
      await web.cluster.client.delete(ref, { propagationPolicy: 'Orphan' });
      await web.seconds(5);
      const pods = web.sizes();
      reasons.length = 0;
      const { name, namespace = '' } = metadata;
      await post(web.cluster.client, namespace, {
        apiVersion: 'argoproj.io/v1alpha1',
        kind: 'Rollout',
        metadata: { name, namespace },
        spec,
      } as Rollout);
      await web.until('healthy', isHealthy);
      expect(reasons).toEqual(['FoundNewReplicaSet', 'NewReplicaSetAvailable']);
      expect(web.sizes()).toEqual(pods);
      expect(web.sets()).toHaveLength(1);
    },
  );
});
