// What users get for manifests that are wrong, with the controller running: one sentence, where the reference says it.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type LocalCluster, startLocalCluster } from '../../src/cli/local-cluster.ts';
import { SILENT } from '../../src/controller/log.ts';
import { systemClock } from '../../src/host/clock.ts';
import { systemFiles } from '../../src/host/files.ts';
import { systemProcesses } from '../../src/host/processes.ts';
import { seededRandom } from '../../src/lib/random.ts';
import { milliseconds } from '../../src/lib/time.ts';
import { manifest } from '../support/kubectl.ts';

/** Processes are slow where many run beside each other. */
const LONG = { timeout: 90_000 } as const;

let cluster: LocalCluster;
let folder: string;

beforeAll(async () => {
  folder = await systemFiles.temporaryFolder('slipway-test-');
  cluster = await startLocalCluster({
    clock: systemClock,
    random: seededRandom('bad input'),
    files: systemFiles,
    env: () => undefined,
    log: SILENT,
    program: { node: process.execPath, script: '', runtime: '', platform: '' },
    folder,
    port: 0,
    propagationDelay: milliseconds(0),
  });
}, LONG.timeout);

afterAll(async () => {
  await cluster.stop();
  await systemFiles.remove(folder);
}, LONG.timeout);

function kubectl(line: string, stdin?: string) {
  return systemProcesses.run({
    command: 'kubectl',
    args: line.split(' '),
    env: { KUBECONFIG: cluster.kubeconfig, KUBECACHEDIR: `${folder}/cache` },
    ...(stdin === undefined ? {} : { stdin }),
  });
}

const BASE = {
  selector: { matchLabels: { app: 'a' } },
  template: {
    metadata: { labels: { app: 'a' } },
    spec: { containers: [{ name: 'a', image: 'example.com/a' }] },
  },
};

function rollout(name: string, spec: object): string {
  const whole = { ...BASE, ...spec };
  return manifest('argoproj.io/v1alpha1', 'Rollout', { metadata: { name }, spec: whole });
}

function steps(...list: readonly object[]): object {
  return { strategy: { canary: { steps: list } } };
}

describe.concurrent('a manifest', LONG, () => {
  it.each([
    {
      reason: 'that is no YAML',
      text: 'a: [',
      expected:
        'error: error parsing STDIN: error converting YAML to JSON: yaml: line 1: did not find',
    },
    {
      reason: 'that is a text',
      text: 'rollout',
      expected:
        'error: error validating "STDIN": error validating data: invalid object to validate',
    },
    {
      reason: 'of an unknown kind',
      text: manifest('argoproj.io/v1alpha1', 'Rolout', { metadata: { name: 'a' } }),
      expected:
        'error: resource mapping not found for name: "a" namespace: "" from "STDIN": no matches for ' +
        'kind "Rolout" in version "argoproj.io/v1alpha1"\nensure CRDs are installed first\n',
    },
    {
      reason: 'with a field that is not there',
      text: rollout('a', { replicaz: 3 }),
      expected:
        'Error from server (BadRequest): error when creating "STDIN": Rollout in version "v1alpha1" ' +
        'cannot be handled as a Rollout: strict decoding error: unknown field "spec.replicaz"\n',
    },
    {
      reason: 'with a field in the wrong place',
      text: rollout('a', steps({ setWeigth: 20 })),
      expected: 'strict decoding error: unknown field "spec.strategy.canary.steps[0].setWeigth"\n',
    },
    {
      reason: 'with a value of the wrong type',
      text: rollout('a', { replicas: 'three' }),
      expected:
        'The Rollout "a" is invalid: spec.replicas: Invalid value: "three": spec.replicas in body ' +
        'must be of type integer: "string"\n',
    },
    {
      reason: 'with a name that is none',
      text: rollout('A_1', {}),
      expected:
        'The Rollout "A_1" is invalid: metadata.name: Invalid value: "A_1": a lowercase RFC',
    },
  ])('$reason is refused, and nothing is made', async ({ text, expected }) => {
    const { code, stdout, stderr } = await kubectl('apply -f -', text);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toContain(expected);
    expect((await kubectl('get rollout a A_1 --ignore-not-found')).stdout).toBe('');
  });

  it('with a field that is not there is taken with a warning, if the user wants it so', async () => {
    const { code, stderr, stdout } = await kubectl(
      'apply --validate=warn -f -',
      rollout('warned', { replicaz: 3 }),
    );
    expect({ code, stderr, stdout }).toEqual({
      code: 0,
      stderr: 'Warning: unknown field "spec.replicaz"\n',
      stdout: 'rollout.argoproj.io/warned created\n',
    });
  });
});

describe.concurrent('a Rollout that is well formed and wrong', LONG, () => {
  it.each([
    {
      name: 'two-kinds',
      spec: steps({ setWeight: 10, pause: {} }),
      message:
        'spec.strategy.steps[0]: Invalid value: "step.Experiment: false step.Pause: true ' +
        'step.SetWeight: true step.Analysis: false": Step must have one of the following set: ' +
        'experiment, setWeight, setCanaryScale, plugin or pause',
    },
    {
      name: 'weight-120',
      spec: steps({ setWeight: 120 }),
      message:
        'spec.strategy.steps[0].setWeight: Invalid value: 120: SetWeight needs to be between 0 and 100',
    },
    {
      name: 'two-strategies',
      spec: { strategy: { canary: {}, blueGreen: { activeService: 'a' } } },
      message:
        'spec.strategy.strategy: Invalid value: "blueGreen: true canary: true": Multiple Strategies ' +
        'can not be listed',
    },
    {
      name: 'no-service',
      spec: { strategy: { canary: { stableService: 'nowhere', canaryService: 'nowhere-else' } } },
      message:
        'spec.strategy.canary.stableService: Invalid value: "nowhere": service "nowhere" not found',
    },
  ])('$name is told in its condition', async ({ name, spec, message }) => {
    expect((await kubectl('apply -f -', rollout(name, spec))).code).toBe(0);
    const wait = await kubectl(`wait rollout/${name} --for=condition=InvalidSpec --timeout=20s`);
    expect(wait).toEqual({
      code: 0,
      stdout: `rollout.argoproj.io/${name} condition met\n`,
      stderr: '',
    });
    const { stdout } = await kubectl(
      `get rollout ${name} -o jsonpath={.status.phase}|{.status.message}|{.status.replicas}`,
    );
    expect(stdout).toContain(`Degraded|InvalidSpec: The Rollout "${name}" is invalid: `);
    expect(stdout).toContain(message);
    expect((await kubectl(`get replicasets -l app=${name} -o name`)).stdout).toBe('');
  });
});
