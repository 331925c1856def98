// `slipway install | kubectl apply -f -` on a real API server, and the controller with the rights of what was installed:
// on a cluster of its own, because kinds and ClusterRoles are everybody's.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { CRDS } from '../../src/api/resources.ts';
import { createClient, type KubeClient } from '../../src/kube/client.ts';
import { parseYaml } from '../../src/lib/yaml.ts';
import { runPlugin } from '../support/command-line.ts';
import { systemClock } from '../../src/host/clock.ts';
import { DOCUMENT } from '../support/kubectl.ts';
import { bundledProgram, type Program } from '../support/program.ts';
import { askedWith, forbiddenIn, writesIn } from './audit.ts';
import { transportOf } from './control-plane.ts';
import {
  endCleanly,
  type Installed,
  kubectl,
  kubectlOk,
  type Place,
  printed,
  startInstalled,
  wayToPrometheus,
} from './installed.ts';
import { until } from './real.ts';
import { startTestCluster, type TestCluster } from './test-cluster.ts';

const IMAGE = ['--image', 'registry.example.com/slipway:v1'];
const NAME = 'mock-server';
const LONG = 400_000;

let folder: string;
let program: Program;
let cluster: TestCluster;
let reach: Awaited<ReturnType<typeof transportOf>>;
let client: KubeClient;
let prometheus: Awaited<ReturnType<typeof wayToPrometheus>>;

beforeAll(async () => {
  folder = mkdtempSync(`${tmpdir()}/slipway-install-`);
  program = await bundledProgram();
  cluster = await startTestCluster(folder, (line) => process.stderr.write(`${line}\n`));
  reach = await transportOf(cluster.kubeconfig);
  client = createClient({ transport: reach.send, userAgent: 'test' });
  prometheus = await wayToPrometheus(cluster.prometheus);
  // The cluster comes with them; here they are to come from the installation.
  const { items } = await client.listAll(CRDS);
  const ours = items.filter(({ metadata }) => metadata.name.endsWith('.argoproj.io'));
  await ok('delete', 'customresourcedefinitions', ...ours.map(({ metadata }) => metadata.name));
}, LONG);

afterAll(async () => {
  await program.close();
  await prometheus.close();
  reach.close();
  await cluster.stop();
  rmSync(folder, { recursive: true, force: true });
}, LONG);

function ok(...words: readonly string[]): Promise<string> {
  return kubectlOk(cluster.kubeconfig, words);
}

interface Printed {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
}

function documents(text: string): readonly Printed[] {
  const parsed = parseYaml(text);
  if (!parsed.ok) throw new Error(parsed.error);
  return parsed.documents as readonly Printed[];
}

/** Of every object of the text, with its name: whatever is written changes it. */
async function versions(text: string): Promise<string> {
  const output =
    '-o=jsonpath={range .items[*]}{.kind} {.metadata.name} {.metadata.generation}{"\\n"}';
  return kubectlOk(cluster.kubeconfig, ['get', '-f', '-', output], text);
}

/** Applies what is printed, sees that it is what is there, and that applying it again changes nothing. */
async function install(...flags: readonly string[]): Promise<void> {
  const text = await printed(program, [...flags, ...IMAGE]);
  const count = documents(text).length;
  const run = (...words: readonly string[]) => kubectlOk(cluster.kubeconfig, words, text);
  const tried = await run('apply', '--dry-run=server', '--validate=strict', '-f', '-');
  expect(tried.match(/\(server dry run\)$/gm)).toHaveLength(count);
  const applied = await run('apply', '--validate=strict', '-f', '-');
  expect(applied.trim().split('\n')).toHaveLength(count);
  const difference = await kubectl(cluster.kubeconfig, ['diff', '-f', '-'], text);
  expect(difference).toEqual({ code: 0, out: '', err: '' });
  const before = await versions(text);
  const again = (await run('apply', '-f', '-')).trim().split('\n');
  expect(again.filter((line) => !line.endsWith(' unchanged'))).toEqual([]);
  expect(await versions(text)).toBe(before);
}

/** A namespace in which only pods may be that keep the strictest standard. */
async function restricted(namespace: string): Promise<void> {
  const label = 'pod-security.kubernetes.io/enforce=restricted';
  await ok('label', '--overwrite', 'namespace', namespace, label);
}

async function plugin(namespace: string, ...words: readonly string[]): Promise<void> {
  const on = { sandbox: { api: reach.send }, clock: systemClock };
  const { code, err } = await runPlugin(on, namespace, words);
  expect({ words, code, err }).toEqual({ words, code: 0, err: '' });
}

function phaseIs(namespace: string, phase: string): Promise<string> {
  const condition = `--for=jsonpath={.status.phase}=${phase}`;
  return ok('-n', namespace, 'wait', condition, `rollout/${NAME}`, '--timeout=180s');
}

/** The user's document becomes Healthy, and its update begins with an experiment that is analysed. */
async function document(namespace: string, label = 'team=shop'): Promise<void> {
  const text = await ok('label', '--local', '-f', DOCUMENT, '-o', 'json', label);
  await kubectlOk(cluster.kubeconfig, ['-n', namespace, 'apply', '-f', '-'], text);
  await phaseIs(namespace, 'Healthy');
  await plugin(namespace, 'set', 'image', NAME, `${NAME}=ghcr.io/ssup2/mock-go-server:2.0.0`);
  await until('its experiment is analysed', async () => {
    const path = '-o=jsonpath={.items[*].status.phase}';
    return (await ok('-n', namespace, 'get', 'analysisruns', path)) === 'Running';
  });
}

/** The update is let through before its end. */
async function promoted(namespace: string): Promise<void> {
  await plugin(namespace, 'promote', NAME, '--full');
  await phaseIs(namespace, 'Healthy');
  await until('no set but the new one has pods', async () => {
    const path = '-o=jsonpath={range .items[?(@.spec.replicas>0)]}{..image}{end}';
    const images = await ok('-n', namespace, 'get', 'replicasets', '-l', `app=${NAME}`, path);
    return images === 'ghcr.io/ssup2/mock-go-server:2.0.0';
  });
}

/** Ends it, and sees what it was: useful, and never refused. */
async function neverRefused(controller: Installed): Promise<void> {
  await endCleanly(controller);
  const asked = askedWith(cluster.auditLog, controller.token);
  expect(forbiddenIn(asked)).toEqual([]);
  expect(controller.err()).not.toMatch(/forbidden|cannot have the lease/);
  const written = new Set(writesIn(asked, []).map(({ resource }) => resource));
  for (const resource of ['leases', 'rollouts/status', 'replicasets', 'analysisruns', 'events']) {
    expect(written).toContain(resource);
  }
}

/** The installed Deployment has its pods, under the restricted standard. */
async function runs({ namespace, name }: Place): Promise<void> {
  const deployment = `deployment/${name}`;
  await ok('-n', namespace, 'rollout', 'status', deployment, '--timeout=60s');
  const path = '-o=jsonpath={.status.availableReplicas}';
  expect(await ok('-n', namespace, 'get', deployment, path)).toBe('2');
}

function placeOf(namespace: string, name = 'argo-rollouts'): Place {
  return { kubeconfig: cluster.kubeconfig, namespace, name };
}

const running: Installed[] = [];

async function startIn(place: Place): Promise<Installed> {
  const env = { HTTP_PROXY: prometheus.url };
  const controller = await startInstalled(program, place, { env });
  running.push(controller);
  return controller;
}

// What a test that failed has left would have the Lease of the next one's.
afterEach(async () => {
  for (const controller of running.splice(0)) await controller.end('SIGKILL');
});

async function spaceOf(name: string): Promise<string> {
  await ok('create', 'namespace', name);
  return name;
}

describe('slipway install on a real API server', { timeout: LONG }, () => {
  it.each(['full', 'slim'])('for the whole cluster, with %s kinds', async (crds) => {
    const place = placeOf('argo-rollouts');
    await restricted(place.namespace);
    await install('--crds', crds);
    await runs(place);
    const controller = await startIn(place);
    await controller.leads();
    const space = await spaceOf(`${crds}-kinds`);
    await document(space);
    // Without data it is taken back, as the document tells.
    if (crds === 'full') {
      await phaseIs(space, 'Degraded');
      await plugin(space, 'retry', 'rollout', NAME);
    }
    await promoted(space);
    await neverRefused(controller);
  });

  it('for one namespace, with nothing beyond it', async () => {
    // An administrator has the kinds installed before.
    await install('--crds', 'full');
    const space = await spaceOf('shop');
    await restricted(space);
    const place = placeOf(space);
    await install('--namespaced', '-n', space, '--crds', 'none');
    await runs(place);
    // The document's own pods do not keep that standard.
    await ok('label', 'namespace', space, 'pod-security.kubernetes.io/enforce-');
    const controller = await startIn(place);
    await controller.leads();
    await expect(
      ok('auth', 'can-i', 'list', 'rollouts', '-A', ...asAccount(place)),
    ).rejects.toThrow(/ended with 1/);
    await document(space);
    await promoted(space);
    await neverRefused(controller);
  });

  it('for an instance beside another controller, each with its own objects', async () => {
    await install('--crds', 'full');
    await install('--instance-id', 'canary', '--crds', 'none');
    const [plain, canary] = [
      placeOf('argo-rollouts'),
      placeOf('argo-rollouts', 'argo-rollouts-canary'),
    ];
    await runs(canary);
    const [first, second] = [await startIn(plain), await startIn(canary)];
    // Both lead: each has a Lease of its own.
    await Promise.all([first.leads(), second.leads()]);
    const space = await spaceOf('instances');
    const label = 'argo-rollouts.argoproj.io/controller-instance-id=canary';
    await document(space, label);
    await promoted(space);
    await neverRefused(second);
    await endCleanly(first);
    const asked = askedWith(cluster.auditLog, first.token);
    expect(forbiddenIn(asked)).toEqual([]);
    expect(writesIn(asked, ['leases']).filter(({ namespace }) => namespace === space)).toEqual([]);
  });
});

function asAccount({ namespace, name }: Place): readonly string[] {
  return [`--as=system:serviceaccount:${namespace}:${name}`];
}
