// The machine's kubectl against the sandbox in real time: every command that its users type.
import { request } from 'node:http';
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/host/clock.ts';
import { systemCompression } from '../../src/host/compression.ts';
import { systemDialer } from '../../src/host/dialer.ts';
import { systemListener } from '../../src/host/listener.ts';
import { seededRandom } from '../../src/lib/random.ts';
import { milliseconds } from '../../src/lib/time.ts';
import { createSandbox, type Sandbox } from '../../src/sandbox/sandbox.ts';
import { type Reachable, reachable } from '../support/https.ts';

let sandbox: Sandbox;
let reach: Reachable;

beforeAll(async () => {
  sandbox = createSandbox({
    clock: systemClock,
    random: seededRandom('kubectl'),
    listener: systemListener,
    dialer: systemDialer,
    compression: systemCompression,
    podStartDelay: milliseconds(20),
    podStopDelay: milliseconds(20),
    onProblem: (what, error) => {
      throw new Error(`${what}: ${error.message}`);
    },
  });
  await sandbox.start();
  reach = await reachable(sandbox);
});

afterAll(async () => {
  await reach.close();
  await sandbox.stop();
});

const DOCUMENT = fileURLToPath(
  new URL(
    '../../examples/mock-server-canary-istio-destinationrule-analysistemplate-experiment.yaml',
    import.meta.url,
  ),
);
const MOCK = 'ghcr.io/ssup2/mock-go-server:1.0.0';

/** Output of a command that must succeed. */
async function ok(line: string, stdin?: string): Promise<string> {
  const { code, stdout, stderr } = await reach.kubectl(line.split(' '), stdin);
  expect({ line, code, stderr: code === 0 ? '' : stderr }).toEqual({ line, code: 0, stderr: '' });
  return stdout;
}

/** What a command says that must fail. */
async function refused(line: string, stdin?: string): Promise<string> {
  const { code, stderr } = await reach.kubectl(line.split(' '), stdin);
  expect({ line, isRefused: code !== 0 }).toEqual({ line, isRefused: true });
  return stderr;
}

describe('kubectl', () => {
  it('discovers and explains', async () => {
    expect(await ok('api-resources')).toContain('rollouts');
    expect(await ok('explain rollout.spec.strategy.canary')).toContain('steps');
    expect(await ok('explain deployment.spec')).toContain('replicas');
    expect(await ok('auth can-i create rollouts')).toBe('yes\n');
    expect(await ok('auth whoami')).toContain('slipway-admin');
    expect(await ok('version')).toContain('Server Version: v1.34');
  });

  it('creates and shows in every form', async () => {
    await ok('create namespace forms');
    await ok('create configmap one -n forms --from-literal=a=b');
    await ok('create secret generic two -n forms --from-literal=k=v');
    expect(await ok('get configmap one -n forms -o jsonpath={.data.a}')).toBe('b');
    expect(await ok('get secret two -n forms -o jsonpath={.data.k}')).toBe('dg==');
    expect(await ok('get configmap -n forms -o name')).toBe('configmap/one\n');
    expect(await ok('get configmap one -n forms -o yaml')).toContain('kind: ConfigMap');
    expect(await ok('get configmap one -n forms -o json')).toContain('"kind": "ConfigMap"');
    expect(await ok('get configmap -A -o custom-columns=N:.metadata.name')).toContain('one');
    expect(await ok('get configmap -n forms --show-labels')).toContain('LABELS');
    expect(await ok('get configmap -n forms -o wide')).toContain('DATA');
    expect(await ok('describe configmap one -n forms')).toContain('Name:         one');
    await ok('delete namespace forms');
    expect(await refused('get namespace forms')).toContain('namespaces "forms" not found');
  });

  it('applies on the client and on the server, and tells the difference', async () => {
    await ok('create namespace apply');
    await ok(`apply -n apply -f ${DOCUMENT}`);
    expect(await ok(`apply -n apply -f ${DOCUMENT}`)).toContain('unchanged');
    await ok(`diff -n apply -f ${DOCUMENT}`);
    await ok(`apply -n apply --server-side --force-conflicts -f ${DOCUMENT}`);
    expect(await ok('get rollout mock-server -n apply -o jsonpath={.spec.replicas}')).toBe('5');
    expect(await refused(`create -n apply -f ${DOCUMENT}`)).toContain('already exists');
    const config = (value: string) =>
      JSON.stringify({
        apiVersion: 'v1',
        kind: 'ConfigMap',
        metadata: { name: 'owned', namespace: 'apply' },
        data: { a: value },
      });
    await ok('apply --server-side --field-manager=one -f -', config('1'));
    const conflict = await refused('apply --server-side --field-manager=two -f -', config('2'));
    expect(conflict).toContain('conflict with "one": .data.a');
    await ok('apply --server-side --field-manager=two --force-conflicts -f -', config('2'));
  });

  it('changes: scale, label, annotate, every patch type, edit, replace', async () => {
    await ok('create namespace change');
    await ok(`create -n change -f ${DOCUMENT}`);
    await ok('scale rollout mock-server -n change --replicas=3');
    expect(await ok('get rollout mock-server -n change -o jsonpath={.spec.replicas}')).toBe('3');
    await ok('label rollout mock-server -n change tier=web');
    await ok('annotate rollout mock-server -n change note=x');
    expect(await ok('get rollout -n change -l tier=web -o name')).toContain('mock-server');
    await ok(`patch rollout mock-server -n change --type=merge -p {"spec":{"paused":true}}`);
    await ok(
      `patch rollout mock-server -n change --type=json -p [{"op":"remove","path":"/spec/paused"}]`,
    );
    expect(await refused('patch rollout mock-server -n change -p {"spec":{}}')).toContain(
      'not supported',
    );
    await ok(`patch service mock-server -n change -p {"spec":{"selector":{"x":"y"}}}`);
    const edited = await reach.kubectl(
      ['edit', 'rollout', 'mock-server', '-n', 'change'],
      undefined,
      { KUBE_EDITOR: 'sed -i s/web$/front/' },
    );
    expect(edited.code).toBe(0);
    const live = await ok('get rollout mock-server -n change -o json');
    await ok('replace -f -', live.replace('"replicas": 3', '"replicas": 4'));
    const stale = live.replace('"replicas": 3', '"replicas": 2');
    expect(await refused('replace -f -', stale)).toContain('the object has been modified');
  });

  it('runs Deployments: rollout status, history, undo, logs, exec', async () => {
    await ok('create namespace run');
    await ok(`create deployment web -n run --image=${MOCK} --port=8080 --replicas=2`);
    await ok('rollout status deployment/web -n run --timeout=10s');
    await ok('set image deployment/web -n run mock-go-server=ghcr.io/ssup2/mock-go-server:2.0.0');
    await ok('rollout status deployment/web -n run --timeout=10s');
    expect(await ok('rollout history deployment/web -n run')).toContain('2');
    await ok('rollout undo deployment/web -n run');
    await ok('rollout status deployment/web -n run --timeout=10s');
    await ok('wait -n run --for=condition=Available deployment/web --timeout=5s');
    expect(await ok('logs -n run deploy/web')).toContain('mock server 1.0.0 listens on 8080');
    expect(await ok('exec -n run deploy/web -- hostname')).toContain('web-');
    expect(await ok('exec -i shell -- cat', 'typed')).toBe('typed');
    const { code, stderr } = await reach.kubectl(['exec', 'shell', '--', 'sh', '-c', 'exit 3']);
    expect({ code, stderr: stderr.trim() }).toEqual({
      code: 3,
      stderr: 'command terminated with exit code 3',
    });
    expect(await refused('exec shell -- nc localhost')).toContain('nc: not found');
    expect(await ok('events -n run')).toContain('ScalingReplicaSet');
    expect(await ok('get events -n run')).toContain('SuccessfulCreate');
  });

  it('deletes with and without what belongs to it', async () => {
    await ok('create namespace gone');
    await ok(`create deployment web -n gone --image=${MOCK}`);
    await ok('rollout status deployment/web -n gone --timeout=10s');
    await ok('delete deployment web -n gone --cascade=orphan');
    expect(await ok('get rs -n gone -o name')).toContain('web-');
    await ok('delete rs -n gone --all --cascade=foreground');
    await ok('wait -n gone --for=delete pod --all --timeout=5s');
    expect(await ok('get pods -n gone -o name')).toBe('');
  });

  it('forwards a port to a pod', async () => {
    await ok('create namespace ports');
    await ok(`create deployment web -n ports --image=${MOCK} --port=8080`);
    await ok('rollout status deployment/web -n ports --timeout=10s');
    const child = spawn('kubectl', ['port-forward', '-n', 'ports', 'deploy/web', ':8080'], {
      env: { ...process.env, KUBECONFIG: reach.kubeconfig },
    });
    try {
      const port = await new Promise<string>((resolve, reject) => {
        child.stdout.on('data', (chunk: Buffer) => {
          const found = /127\.0\.0\.1:(\d+)/.exec(chunk.toString());
          if (found !== null) resolve(found[1] ?? '');
        });
        child.on('exit', () => reject(new Error('port-forward ended')));
      });
      expect(await get(`http://127.0.0.1:${port}/version`)).toContain('"version":"1.0.0"');
      expect(await get(`http://127.0.0.1:${port}/status/503`)).toContain('503');
    } finally {
      child.kill();
    }
  });

  it('watches until something happens', async () => {
    await ok('create namespace watch');
    const child = spawn('kubectl', ['get', 'configmaps', '-n', 'watch', '-w', '-o', 'name'], {
      env: { ...process.env, KUBECONFIG: reach.kubeconfig },
    });
    try {
      const seen = new Promise<void>((resolve) => {
        child.stdout.on('data', (chunk: Buffer) => {
          if (chunk.toString().includes('configmap/late')) resolve();
        });
      });
      await ok('create configmap late -n watch --from-literal=a=b');
      await seen;
    } finally {
      child.kill();
    }
  });

  it('is told what is wrong in one sentence', async () => {
    const rollout = (spec: unknown) =>
      JSON.stringify({
        apiVersion: 'argoproj.io/v1alpha1',
        kind: 'Rollout',
        metadata: { name: 'bad' },
        spec,
      });
    expect(await refused('apply -f -', rollout({ replicaz: 3 }))).toContain(
      'strict decoding error: unknown field "spec.replicaz"',
    );
    expect(await refused('apply -f -', rollout({ replicas: 'three' }))).toContain(
      'spec.replicas in body must be of type integer: "string"',
    );
    expect(
      await refused('apply -f -', '{"apiVersion":"x/v1","kind":"Nothing","metadata":{"name":"a"}}'),
    ).toContain('no matches for kind "Nothing" in version "x/v1"');
    expect(await refused('apply -f -', 'a: [')).toContain('error');
    expect(await refused('get rollout nobody')).toContain(
      'rollouts.argoproj.io "nobody" not found',
    );
  });
});

function get(url: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const sent = request(url, { agent: false }, (response) => {
      let text = '';
      response.on('data', (chunk: Buffer) => {
        text += chunk.toString();
      });
      response.on('end', () => resolve(text));
    });
    sent.on('error', reject);
    sent.end();
  });
}
