// Rollouts whose template comes from another workload (rollout.md 3.11), as their users live with them.
import { describe, expect, it } from 'vitest';
import type { Deployment, ReplicaSet } from '../../src/api/kubernetes.ts';
import type { Json, KubeObject } from '../../src/api/object.ts';
import { DEPLOYMENTS, POD_TEMPLATES, REPLICA_SETS } from '../../src/api/resources.ts';
import type { Rollout, RolloutSpec } from '../../src/api/rollout.ts';
import { bodyOf, utf8 } from '../../src/lib/bytes.ts';
import { startCluster } from '../support/cluster.ts';
import { runPlugin } from '../support/command-line.ts';
import { post } from '../support/objects.ts';
import { isHealthy, isPaused, templated, type Web, type WebOptions, withWeb } from './web.ts';

type WorkloadRef = NonNullable<RolloutSpec['workloadRef']>;

const NAMESPACE = 'default';

function deployment(image = 'app:v1', replicas = 3): Deployment {
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'old', namespace: NAMESPACE },
    spec: { replicas, ...templated(image) },
  };
}

function podTemplate(): KubeObject & { readonly template: object } {
  const { template } = templated('app:v1');
  return { apiVersion: 'v1', kind: 'PodTemplate', metadata: { name: 'old' }, template };
}

const CANARY = {
  canary: { maxSurge: 1, maxUnavailable: 0, steps: [{ setWeight: 50 }, { pause: {} }] },
};

function refTo(kind: string, scaleDown?: string): WorkloadRef {
  const apiVersion = kind === 'PodTemplate' ? 'v1' : 'apps/v1';
  return { apiVersion, kind, name: 'old', ...(scaleDown === undefined ? {} : { scaleDown }) };
}

/** A Rollout of three pods on a Deployment of three. */
function onDeployment(scaleDown?: string, more: Partial<WebOptions> = {}): WebOptions {
  const workloadRef = refTo('Deployment', scaleDown);
  return { strategy: CANARY, replicas: 3, workloadRef, objects: [deployment()], ...more };
}

async function patchWorkload({ cluster }: Web, body: Json, resource = DEPLOYMENTS): Promise<void> {
  await cluster.client.patch(
    { resource, namespace: NAMESPACE, name: 'old' },
    { type: 'merge', body },
  );
}

function ofImage(image: string): Json {
  return { spec: { template: { spec: templated(image).template.spec } } };
}

async function deployed({ cluster }: Web): Promise<number> {
  const ref = { resource: DEPLOYMENTS, namespace: NAMESPACE, name: 'old' };
  return (await cluster.client.get<Deployment>(ref)).spec.replicas ?? 0;
}

/** Pods wanted by the Rollout's own sets, by image. */
function sizes(web: Web): Readonly<Record<string, number>> {
  const own = web
    .sets()
    .filter(({ metadata }) => metadata.ownerReferences?.[0]?.kind === 'Rollout');
  const image = ({ spec }: ReplicaSet) => spec.template?.spec?.containers?.[0]?.image ?? '';
  return Object.fromEntries(own.map((set) => [image(set), set.spec.replicas ?? 0]));
}

interface Status {
  readonly conditions?: readonly { readonly type: string; readonly status: string }[];
}

function podsOf({ cluster }: Web): readonly (KubeObject & { readonly status?: Status })[] {
  const pods = cluster.sandbox.store.list('/pods', NAMESPACE);
  return pods.filter(({ metadata }) => metadata.labels?.['app'] === 'web');
}

function readyPods(web: Web): number {
  return podsOf(web).filter(
    ({ metadata, status }) =>
      metadata.deletionTimestamp === undefined &&
      status?.conditions?.some(({ type, status: value }) => type === 'Ready' && value === 'True'),
  ).length;
}

function podNames(web: Web): readonly string[] {
  return podsOf(web).map(({ metadata }) => metadata.name);
}

async function invalidText(web: Web): Promise<string | undefined> {
  const { conditions = [] } = (await web.rollout()).status ?? {};
  return conditions.find(({ type }) => type === 'InvalidSpec')?.message;
}

describe('scaleDown', () => {
  it('never: the Deployment keeps its pods', async () => {
    await withWeb(onDeployment('never'), async (web) => {
      await web.until('healthy', isHealthy);
      await web.seconds(60);
      expect(await deployed(web)).toBe(3);
    });
  });

  it('onsuccess: the Deployment goes when the first version is Healthy, and not before', async () => {
    await withWeb(onDeployment('onsuccess', { podStartMs: 5000 }), async (web) => {
      await web.seconds(4);
      expect(await deployed(web)).toBe(3);
      await web.until('healthy', isHealthy);
      await web.seconds(1);
      expect(await deployed(web)).toBe(0);
      expect(sizes(web)).toEqual({ 'app:v1': 3 });
    });
  });

  it('onsuccess: of a blue-green, too', async () => {
    const strategy = { blueGreen: { activeService: 'web-active', previewService: 'web-preview' } };
    await withWeb(onDeployment('onsuccess', { strategy }), async (web) => {
      await web.until('healthy', isHealthy);
      await web.seconds(1);
      expect(await deployed(web)).toBe(0);
    });
  });

  it('progressively: there are never fewer pods ready than are wanted', async () => {
    await withWeb({ ...onDeployment(), workloadRef: refTo('Job') }, async (web) => {
      await web.seconds(5);
      expect(readyPods(web)).toBe(3);
      let fewest = 3;
      web.cluster.sandbox.store.observe(() => {
        fewest = Math.min(fewest, readyPods(web));
      });
      await web.patch({
        spec: { workloadRef: { kind: 'Deployment', scaleDown: 'progressively' } },
      });
      await web.until('healthy', isHealthy);
      await web.seconds(5);
      expect(await deployed(web)).toBe(0);
      expect(readyPods(web)).toBe(3);
      expect(fewest).toBe(3);
    });
  });

  it('progressively: a pod that is lost while it is the first version is made up for', async () => {
    await withWeb(onDeployment('progressively', { podStartMs: 4000 }), async (web) => {
      await web.until('healthy', isHealthy);
      await web.seconds(5);
      expect(await deployed(web)).toBe(0);
      const [pod = ''] = podNames(web);
      await web.cluster.client.raw('DELETE', `/api/v1/namespaces/default/pods/${pod}`);
      await web.seconds(2);
      expect(await deployed(web)).toBe(1);
      await web.until('healthy', isHealthy);
      await web.seconds(5);
      expect(await deployed(web)).toBe(0);
    });
  });

  it.each(['onsuccess', 'progressively'])(
    "%s: from the second version on the Deployment is its user's",
    async (mode) => {
      await withWeb(onDeployment(mode), async (web) => {
        await web.until('healthy', isHealthy);
        await web.seconds(5);
        await patchWorkload(web, ofImage('app:v2'));
        await web.until('paused', isPaused);
        await web.run('abort', 'web');
        await web.seconds(5);
        await patchWorkload(web, { spec: { replicas: 2 } });
        await web.seconds(30);
        expect(await deployed(web)).toBe(2);
        expect((await web.rollout()).status?.abort).toBe(true);
      });
    },
  );

  it('a Deployment that must not be scaled does not hold up the Rollout, and is tried again', async () => {
    const state = { isForbidden: true, tries: 0 };
    const options = onDeployment('progressively', {
      intercept: (request, next) => {
        const isScaling = request.method === 'PATCH' && request.path.includes('/deployments/');
        if (!isScaling || !state.isForbidden) return next(request);
        state.tries += 1;
        const body = { kind: 'Status', status: 'Failure', reason: 'Forbidden', code: 403 };
        return Promise.resolve({
          status: 403,
          headers: {},
          body: bodyOf(utf8(JSON.stringify(body))),
        });
      },
    });
    await withWeb(options, async (web) => {
      await web.until('healthy', isHealthy);
      await web.seconds(60);
      expect(isHealthy(await web.rollout())).toBe(true);
      expect(await deployed(web)).toBe(3);
      expect(state.tries).toBeGreaterThan(3);
      expect(state.tries).toBeLessThan(40);
      state.isForbidden = false;
      await web.seconds(11);
      expect(await deployed(web)).toBe(0);
    });
  });
});

describe('the template of a workload', () => {
  it('is followed as it changes, and is never written to the Rollout', async () => {
    await withWeb(onDeployment(), async (web) => {
      await web.until('healthy', isHealthy);
      await patchWorkload(web, ofImage('app:v2'));
      await web.until('paused', isPaused);
      await patchWorkload(web, ofImage('app:v3'));
      await web.seconds(5);
      await web.until('paused', isPaused);
      expect(sizes(web)).toEqual({ 'app:v1': 2, 'app:v2': 0, 'app:v3': 2 });
      await web.run('promote', 'web', '--full');
      await web.until('healthy', isHealthy);
      const { spec, status, metadata } = await web.rollout();
      expect(spec.template).toBeUndefined();
      expect(spec.selector).toBeUndefined();
      expect(metadata.annotations?.['rollout.argoproj.io/workload-generation']).toBe('3');
      expect(status?.workloadObservedGeneration).toBe('3');
      expect(status?.selector).toBe('app=web');
      const set = web.sets().find((one) => one.metadata.name.endsWith(status?.stableRS ?? '-'));
      expect(set?.metadata.annotations).toMatchObject({
        'rollout.argoproj.io/revision': '3',
        'rollout.argoproj.io/workload-generation': '3',
      });
      expect(set?.metadata.annotations?.['rollout.argoproj.io/revision-history']).toBeUndefined();
    });
  });

  it('an update of a paused one is not told to be paused', async () => {
    await withWeb(onDeployment(), async (web) => {
      await web.until('healthy', isHealthy);
      await patchWorkload(web, ofImage('app:v2'));
      await web.until('paused', isPaused);
      await web.seconds(5);
      const told: string[] = [];
      const end = web.cluster.sandbox.store.observe((_key, { object }) => {
        if (object.kind !== 'Rollout') return;
        const { conditions = [] } = (object as Rollout).status ?? {};
        const { reason = '' } = conditions.find(({ type }) => type === 'Progressing') ?? {};
        if (told.at(-1) !== reason) told.push(reason);
      });
      await patchWorkload(web, ofImage('app:v3'));
      await web.until('paused again', isPaused);
      await web.seconds(5);
      end();
      expect(told).toEqual([
        'RolloutPaused',
        'NewReplicaSetCreated',
        'ReplicaSetUpdated',
        'RolloutPaused',
      ]);
    });
  });

  it('no new version begins, and no history grows, when a Deployment changes elsewhere', async () => {
    await withWeb(onDeployment(), async (web) => {
      await web.until('healthy', isHealthy);
      const before = web.sets().length;
      await patchWorkload(web, { spec: { replicas: 5, minReadySeconds: 1 } });
      await web.seconds(5);
      expect(web.sets()).toHaveLength(before);
      expect((await web.rollout()).status?.workloadObservedGeneration).toBe('2');
      const histories = web
        .sets()
        .map(({ metadata }) => metadata.annotations?.['rollout.argoproj.io/revision-history']);
      expect(histories).toEqual(histories.map(() => undefined));
      const writes = web.writes.length;
      await web.seconds(60);
      expect(web.writes).toHaveLength(writes);
    });
  });

  it('may come from a PodTemplate, with a selector of the Rollout', async () => {
    const { selector } = templated('app:v1');
    const options = { strategy: CANARY, workloadRef: refTo('PodTemplate', 'onsuccess') };
    await withWeb({ ...options, objects: [podTemplate()], spec: { selector } }, async (web) => {
      await web.until('healthy', isHealthy);
      const changed = { template: { spec: templated('app:v2').template.spec } } as unknown as Json;
      await patchWorkload(web, changed, POD_TEMPLATES);
      await web.until('paused', isPaused);
      expect(sizes(web)).toEqual({ 'app:v1': 1, 'app:v2': 1 });
      expect((await web.rollout()).status?.workloadObservedGeneration).toBe('2');
    });
  });

  it("may come from a ReplicaSet, which stays nobody's", async () => {
    const spec = { replicas: 1, ...templated('app:v1') };
    const object = {
      apiVersion: 'apps/v1',
      kind: 'ReplicaSet',
      metadata: { name: 'old', labels: { app: 'web' } },
      spec,
    };
    const options = { strategy: CANARY, workloadRef: refTo('ReplicaSet', 'onsuccess') };
    await withWeb({ ...options, objects: [object] }, async (web) => {
      await web.until('healthy', isHealthy);
      const old = () => web.sets().find(({ metadata }) => metadata.name === 'old');
      expect(old()?.metadata.ownerReferences).toBeUndefined();
      expect(old()?.spec.replicas).toBe(1);
      await patchWorkload(web, ofImage('app:v2'), REPLICA_SETS);
      await web.until('paused', isPaused);
      expect(sizes(web)).toEqual({ 'app:v1': 1, 'app:v2': 1 });
    });
  });

  it('comes back into the Rollout without a restart of pods', async () => {
    await withWeb(onDeployment('onsuccess'), async (web) => {
      await web.until('healthy', isHealthy);
      await web.seconds(5);
      const pods = podNames(web);
      const sets = web.sets().length;
      await web.patch({ spec: { workloadRef: null, ...templated('app:v1') } });
      await web.seconds(30);
      expect(podNames(web)).toEqual(pods);
      expect(web.sets()).toHaveLength(sets);
      const rollout = await web.rollout();
      expect(rollout.status).toMatchObject({ phase: 'Healthy', observedGeneration: '2' });
      expect(rollout.status?.workloadObservedGeneration).toBeUndefined();
      await patchWorkload(web, ofImage('app:v2'));
      await web.seconds(5);
      expect(sizes(web)).toEqual({ 'app:v1': 3 });
      await web.setImage('app:v3');
      await web.until('paused', isPaused);
      expect(sizes(web)).toEqual({ 'app:v1': 2, 'app:v3': 2 });
    });
  });

  it('goes out of the Rollout without a restart of pods', async () => {
    await withWeb({ strategy: CANARY, objects: [deployment('app:v1', 0)] }, async (web) => {
      await web.until('healthy', isHealthy);
      const pods = podNames(web);
      await web.patch({ spec: { workloadRef: { ...refTo('Deployment') }, template: null } });
      await web.seconds(30);
      expect(podNames(web)).toEqual(pods);
      expect((await web.rollout()).status).toMatchObject({
        phase: 'Healthy',
        workloadObservedGeneration: '1',
      });
    });
  });
});

describe('a workload that is not to be had', () => {
  it.each<{ readonly why: string; readonly options: Partial<WebOptions>; readonly text: string }>([
    {
      why: 'a Deployment that is missing',
      options: {},
      text: 'deployments.apps "default/old" not found',
    },
    {
      why: 'a ReplicaSet that is missing',
      options: { workloadRef: refTo('ReplicaSet') },
      text: 'replicasets.apps "default/old" not found',
    },
    {
      why: 'a PodTemplate that is missing',
      options: { workloadRef: refTo('PodTemplate') },
      text: 'podtemplates "default/old" not found',
    },
    {
      why: 'another kind',
      options: { workloadRef: refTo('StatefulSet') },
      text: 'workload of type apps/StatefulSet is not supported',
    },
    {
      why: 'another group',
      options: { workloadRef: { ...refTo('Deployment'), apiVersion: 'v1' } },
      text: 'workload of type /Deployment is not supported',
    },
    {
      why: 'a template of its own beside it',
      options: { spec: templated('app:v1') },
      text: 'template must be empty for workload reference rollout',
    },
    {
      why: 'a template without a selector',
      options: {
        workloadRef: refTo('PodTemplate'),
        objects: [podTemplate()],
      },
      text: "spec.selector: Required value: Rollout has missing field '.spec.selector'",
    },
  ])('is told: $why', async ({ options, text }) => {
    await withWeb({ ...onDeployment(), objects: [], ...options }, async (web) => {
      await web.seconds(1);
      expect(await invalidText(web)).toBe(`The Rollout "web" is invalid: ${text}`);
      expect((await web.rollout()).status?.phase).toBe('Degraded');
      const writes = web.writes.length;
      await web.seconds(120);
      expect(web.writes).toHaveLength(writes);
    });
  });

  it('is followed as soon as it is there', async () => {
    await withWeb({ ...onDeployment(), objects: [] }, async (web) => {
      await web.seconds(30);
      await post(web.cluster.client, NAMESPACE, deployment());
      await web.seconds(2);
      expect(await invalidText(web)).toBeUndefined();
      expect(isHealthy(await web.rollout())).toBe(true);
    });
  });

  it('is told as soon as it has gone, and an abort ends all the same', async () => {
    await withWeb(onDeployment(), async (web) => {
      await web.until('healthy', isHealthy);
      await patchWorkload(web, ofImage('app:v2'));
      await web.until('paused', isPaused);
      const ref = { resource: DEPLOYMENTS, namespace: NAMESPACE, name: 'old' };
      await web.cluster.client.delete(ref);
      await web.seconds(1);
      const text = 'The Rollout "web" is invalid: deployments.apps "default/old" not found';
      expect(await invalidText(web)).toBe(text);
      expect(web.told('InvalidSpec')).toEqual([text]);
      await web.run('abort', 'web');
      await web.seconds(10);
      expect(sizes(web)).toEqual({ 'app:v1': 3, 'app:v2': 0 });
      expect((await web.rollout()).status).toMatchObject({ abort: true, selector: 'app=web' });
      await post(web.cluster.client, NAMESPACE, deployment());
      await web.until('healthy', isHealthy);
      expect(await invalidText(web)).toBeUndefined();
    });
  });
});

describe('the command line, on a workload', () => {
  it('changes its image, undoes, restarts and shows', async () => {
    await withWeb(onDeployment('onsuccess'), async (web) => {
      await web.until('healthy', isHealthy);
      const say = async (...args: string[]) => (await runPlugin(web.cluster, NAMESPACE, args)).out;
      expect(await say('set', 'image', 'web', 'app=app:v2')).toBe(
        'deployment "old" image updated\n',
      );
      await web.until('paused', isPaused);
      expect(await say('undo', 'web')).toBe("rollout 'web' undo\n");
      await web.until('healthy', isHealthy);
      expect(sizes(web)).toEqual({ 'app:v1': 3, 'app:v2': 0 });
      const before = podNames(web);
      await web.seconds(2);
      await web.run('restart', 'web');
      await web.seconds(120);
      expect(podNames(web).filter((name) => before.includes(name))).toEqual([]);
      expect(podNames(web)).toHaveLength(3);
      const shown = await say('get', 'rollout', 'web', '--no-color');
      expect(shown).toContain('Images:          app:v1 (stable)');
      expect(shown).not.toContain('old-');
    });
  });
});

describe('Deployments of others', () => {
  it('are not read before a Rollout names one', async () => {
    const asked: string[] = [];
    const onRequest = ({ path }: { readonly path: string }) => {
      if (/\/(?:deployments|podtemplates)/.test(path)) asked.push(path);
    };
    const cluster = await startCluster({ onRequest });
    await post(cluster.client, NAMESPACE, deployment());
    const { template, ...spec } = { ...templated('app:v1'), strategy: CANARY };
    const metadata = { name: 'web', namespace: NAMESPACE };
    const rollout = { apiVersion: 'argoproj.io/v1alpha1', kind: 'Rollout', metadata };
    await post(cluster.client, NAMESPACE, {
      ...rollout,
      spec: { ...spec, template },
    } as KubeObject);
    await cluster.advance(5000);
    expect(asked).toEqual([]);
    const named = { ...spec, workloadRef: refTo('Deployment') };
    await post(cluster.client, NAMESPACE, {
      ...rollout,
      metadata: { ...metadata, name: 'two' },
      spec: named,
    } as KubeObject);
    await cluster.advance(5000);
    await cluster.stop();
    expect(asked.every((path) => path.includes('/deployments'))).toBe(true);
    expect(asked.length).toBeGreaterThan(0);
  });
});
