// What the controller asks the API server for, beside what `slipway install` grants it: nothing is missing, and nothing
// is granted that it never asks for. Every other scenario fails too if it asks for more (test/support/cluster.ts).
import { describe, expect, it } from 'vitest';
import type { AnalysisRun } from '../../src/api/analysis.ts';
import type { Deployment } from '../../src/api/kubernetes.ts';
import type { KubeObject } from '../../src/api/object.ts';
import {
  ANALYSIS_RUNS,
  DEPLOYMENTS,
  EXPERIMENTS,
  LEASES,
  REPLICA_SETS,
  ROLLOUTS,
  SERVICES,
} from '../../src/api/resources.ts';
import type { Experiment } from '../../src/api/experiment.ts';
import type { Rollout } from '../../src/api/rollout.ts';
import {
  clusterRules,
  homeRules,
  ownershipRule,
  secretRules,
  watchedRules,
} from '../../src/cli/install/rules.ts';
import { openPlugins } from '../../src/cli/plugins.ts';
import { SILENT } from '../../src/controller/log.ts';
import { systemFiles } from '../../src/host/files.ts';
import { createClient, type KubeClient } from '../../src/kube/client.ts';
import { becomeLeader } from '../../src/kube/leadership.ts';
import { cancellation } from '../../src/lib/clock.ts';
import type { Transport } from '../../src/lib/ports.ts';
import { seededRandom } from '../../src/lib/random.ts';
import { seconds } from '../../src/lib/time.ts';
import { type Cluster, type ClusterOptions, startCluster } from '../support/cluster.ts';
import { correctedObjects } from '../support/document.ts';
import { post } from '../support/objects.ts';
import { allowing, askedOf, forbidden, grantsFor, textsOf } from '../support/rights.ts';
import { isHealthy, isPaused, templated, withWeb } from './web.ts';
import { passUntil } from './story.ts';

const NAMESPACE = 'default';
const CANARY = { canary: { steps: [{ setWeight: 50 }, { pause: {} }] } };

type Asked = ReadonlySet<string>;

/** Canary by Istio's subsets with an experiment and analyses; the first creates arrive twice. */
async function document(): Promise<Asked> {
  const cluster = await startCluster({ intercept: repeatFirstCreates() });
  for (const object of correctedObjects()) await post(cluster.client, NAMESPACE, object);
  const ref = { resource: ROLLOUTS, namespace: NAMESPACE, name: 'mock-server' };
  const rollout = () => cluster.client.get<Rollout>(ref);
  await passUntil(cluster, 'deployed', async () => isHealthy(await rollout()));
  const image = 'ghcr.io/ssup2/mock-go-server:2.0.0';
  const container = { name: 'mock-server', image, ports: [{ containerPort: 8080 }] };
  const spec = { template: { spec: { containers: [container] } } };
  await cluster.client.patch(ref, { type: 'merge', body: { spec } });
  await passUntil(cluster, 'measured', async () => {
    const runs = await cluster.client.list<AnalysisRun>(ANALYSIS_RUNS, { namespace: NAMESPACE });
    return runs.items.some(({ status }) => (status?.metricResults ?? []).length > 0);
  });
  // The experiment ends, and is removed with its runs as history.
  await cluster.client.patch(ref, { type: 'merge', body: FORGETFUL });
  const abort = {
    type: 'merge',
    body: { status: { abort: true } },
    subresource: 'status',
  } as const;
  await cluster.client.patch(ref, abort);
  await cluster.advance(180_000);
  await cluster.stop();
  return cluster.rights.asked;
}

const FORGETFUL = {
  spec: {
    revisionHistoryLimit: 0,
    analysis: { successfulRunHistoryLimit: 0, unsuccessfulRunHistoryLimit: 0 },
  },
};

/** Sends the first create of each kind twice, as a proxy does that has lost the answer. */
function repeatFirstCreates(): NonNullable<ClusterOptions['intercept']> {
  const kinds = [REPLICA_SETS, SERVICES, EXPERIMENTS, ANALYSIS_RUNS];
  const left = new Set(kinds.map(({ plural }) => plural));
  return async (request, next) => {
    const asked = askedOf(request);
    if (asked?.verb === 'create' && left.delete(asked.resource)) await next(request);
    return next(request);
  };
}

/** Metadata of roles, a restart, events that are told again, and ReplicaSets that go as history. */
async function basicCanary(): Promise<Asked> {
  const metadata = { canaryMetadata: { labels: { role: 'canary' } } };
  const strategy = { canary: { ...CANARY.canary, ...metadata } };
  let asked: Asked = new Set();
  await withWeb({ strategy, spec: { revisionHistoryLimit: 0 } }, async (web) => {
    await web.until('deployed', isHealthy);
    for (const image of ['app:v2', 'app:v3']) {
      await web.setImage(image);
      await web.until('paused', isPaused);
      await web.run('promote', 'web');
      await web.until('promoted', isHealthy);
      await web.seconds(60);
    }
    await web.run('restart', 'web');
    await web.until('restarted', ({ status, spec }) => status?.restartedAt === spec.restartAt);
    asked = web.cluster.rights.asked;
  });
  return asked;
}

/** Services by role; they are given back when the Rollout is gone. */
async function blueGreen(): Promise<Asked> {
  const blueGreen = { activeService: 'web-active', previewService: 'web-preview' };
  let asked: Asked = new Set();
  await withWeb({ strategy: { blueGreen } }, async (web) => {
    await web.until('deployed', isHealthy);
    await web.cluster.client.delete({ resource: ROLLOUTS, namespace: NAMESPACE, name: 'web' });
    await web.seconds(10);
    asked = web.cluster.rights.asked;
  });
  return asked;
}

const DEPLOYMENT: Deployment = {
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'old', namespace: NAMESPACE },
  spec: { replicas: 2, ...templated('app:v1') },
};

/** The template of another workload, which is scaled down; and that of a PodTemplate. */
async function workloads(): Promise<Asked> {
  const { template } = templated('app:v1');
  const podTemplate = {
    apiVersion: 'v1',
    kind: 'PodTemplate',
    metadata: { name: 'old' },
    template,
  };
  const objects: readonly KubeObject[] = [DEPLOYMENT, podTemplate];
  const workloadRef = { apiVersion: 'apps/v1', kind: 'Deployment', name: 'old' };
  let asked: Asked = new Set();
  await withWeb(
    { strategy: CANARY, workloadRef: { ...workloadRef, scaleDown: 'onsuccess' }, objects },
    async (web) => {
      await web.until('deployed', isHealthy);
      await web.seconds(10);
      const ref = { apiVersion: 'v1', kind: 'PodTemplate', name: 'old' };
      await web.patch({ spec: { workloadRef: ref } });
      await web.seconds(30);
      asked = web.cluster.rights.asked;
    },
  );
  return asked;
}

/** ReplicaSets without an owner get one. */
async function adoption(): Promise<Asked> {
  const cluster = await startCluster();
  const ref = { resource: DEPLOYMENTS, namespace: NAMESPACE, name: 'old' };
  await post(cluster.client, NAMESPACE, DEPLOYMENT);
  await cluster.advance(5000);
  await cluster.client.delete(ref, { propagationPolicy: 'Orphan' });
  await post(cluster.client, NAMESPACE, {
    apiVersion: 'argoproj.io/v1alpha1',
    kind: 'Rollout',
    metadata: { name: 'web', namespace: NAMESPACE },
    spec: { replicas: 2, ...templated('app:v1'), strategy: CANARY },
  } as Rollout);
  await cluster.advance(20_000);
  await cluster.stop();
  return cluster.rights.asked;
}

/** A Secret's value, Jobs that are made, looked at and removed, and a run that does not outlive its time. */
async function analysisRun(): Promise<Asked> {
  const cluster = await startCluster();
  const container = { name: 'main', image: 'check:v1', command: ['true'] };
  const template = { spec: { restartPolicy: 'Never', containers: [container] } };
  const provider = { job: { spec: { backoffLimit: 0, template } } };
  const token = { secretKeyRef: { name: 'vault', key: 'token' } };
  await post(cluster.client, NAMESPACE, {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 'vault' },
    data: { token: 'eA==' },
  } as KubeObject);
  await post(cluster.client, NAMESPACE, {
    apiVersion: 'argoproj.io/v1alpha1',
    kind: 'AnalysisRun',
    metadata: { name: 'check', namespace: NAMESPACE },
    spec: {
      args: [{ name: 'token', valueFrom: token }],
      metrics: [{ name: 'script', provider, interval: '20s', count: 12 }],
      ttlStrategy: { secondsAfterCompletion: 30 },
    },
  } as AnalysisRun);
  await cluster.advance(400_000);
  await cluster.stop();
  return cluster.rights.asked;
}

/** A Service for its pods, which goes when they have gone. */
async function experiment(): Promise<Asked> {
  const cluster = await startCluster();
  const one = { name: 'one', replicas: 1, service: {}, ...templated('app:v1') };
  await post(cluster.client, NAMESPACE, {
    apiVersion: 'argoproj.io/v1alpha1',
    kind: 'Experiment',
    metadata: { name: 'try', namespace: NAMESPACE },
    spec: { duration: '5s', scaleDownDelaySeconds: 5, templates: [one] },
  } as Experiment);
  await cluster.advance(60_000);
  await cluster.stop();
  return cluster.rights.asked;
}

/** Not asked by the controller proper but before it begins: a turn to lead, and plugins. */
async function beginning(): Promise<Asked> {
  const cluster = await startCluster({ isUncontrolled: true });
  const { rights, clock } = cluster;
  const client = seenClient(cluster);
  const home = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'argo-rollouts' } };
  await post(cluster.client, '', home);
  const problems: Error[] = [];
  const leadership = becomeLeader(
    {
      client,
      clock,
      random: seededRandom('rights'),
      namespace: 'argo-rollouts',
      name: 'argo-rollouts-controller-lock',
      identity: 'one',
      leaseDuration: seconds(15),
      renewDeadline: seconds(10),
      retryPeriod: seconds(2),
      onProblem: (error) => problems.push(error),
    },
    cancellation().cancel,
  );
  await cluster.advance(5000);
  await (await leadership)?.giveUp();
  expect(problems).toEqual([]);
  const { spec } = await cluster.client.get<KubeObject & { readonly spec?: object }>({
    resource: LEASES,
    namespace: 'argo-rollouts',
    name: 'argo-rollouts-controller-lock',
  });
  expect(spec).toMatchObject({ holderIdentity: '' });
  const data = { metricProviderPlugins: '[]' };
  await post(cluster.client, 'argo-rollouts', {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'argo-rollouts-config' },
    data,
  } as KubeObject);
  const plugins = await openPlugins({
    client,
    clock,
    files: systemFiles,
    log: SILENT,
    namespace: 'argo-rollouts',
    folder: '.',
    callLimit: seconds(1),
  });
  await plugins.stop();
  await cluster.stop();
  return rights.asked;
}

function seenClient({ sandbox, rights }: Cluster): KubeClient {
  const transport: Transport = (request) => {
    rights.see(request);
    return sandbox.api(request);
  };
  return createClient({ transport, userAgent: 'slipway-controller' });
}

/** Granted without a request of the controller's own. */
const EXCEPTIONS = textsOf([ownershipRule()]);

describe('rights of the controller', () => {
  it('are those that it makes use of, and no others', async () => {
    const stories = [
      document,
      basicCanary,
      blueGreen,
      workloads,
      adoption,
      analysisRun,
      experiment,
      beginning,
    ];
    const asked = new Set<string>();
    for (const story of stories) for (const one of await story()) asked.add(one);
    const rules = [...watchedRules(), ...clusterRules(), ...homeRules(), ...secretRules()];
    const granted = textsOf(rules).filter((one) => !EXCEPTIONS.includes(one));
    expect([...asked].toSorted()).toEqual(granted.toSorted());
  });

  it('of one namespace are enough to watch one', async () => {
    const grants = grantsFor(NAMESPACE);
    const refused = new Set<string>();
    const cluster = await startCluster({
      namespace: NAMESPACE,
      intercept: (request, next) => {
        const asked = askedOf(request);
        if (asked === undefined || allowing(grants, asked).length > 0) return next(request);
        refused.add(request.path);
        return Promise.resolve(forbidden(asked));
      },
    });
    for (const object of correctedObjects()) await post(cluster.client, NAMESPACE, object);
    const ref = { resource: ROLLOUTS, namespace: NAMESPACE, name: 'mock-server' };
    await passUntil(cluster, 'deployed', async () => isHealthy(await cluster.client.get(ref)));
    expect([...refused]).toEqual([]);
    await cluster.stop();
  });
});
