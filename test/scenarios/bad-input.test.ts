import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connect } from '../../src/cli/connect.ts';
import type { Context, Values } from '../../src/cli/command.ts';
import { runCommandLine } from '../../src/cli/dispatch.ts';
import { rootCommand } from '../../src/cli/root.ts';
import type { KubeObject } from '../../src/api/object.ts';
import type { RolloutSpec } from '../../src/api/rollout.ts';
import { systemClock } from '../../src/host/clock.ts';
import { systemFiles } from '../../src/host/files.ts';
import { systemListener } from '../../src/host/listener.ts';
import { systemProcesses } from '../../src/host/processes.ts';
import { cancellation } from '../../src/lib/clock.ts';
import { ProcessError, type Processes } from '../../src/lib/ports.ts';
import { bodyOf } from '../../src/lib/bytes.ts';
import { runPlugin } from '../support/command-line.ts';
import { post } from '../support/objects.ts';
import { isHealthy, service, type Strategy, type Web, withWeb } from './web.ts';

// What is wrong is said once, where the reference says it, and nothing is half done: the controller's part (condition,
// event, `get rollout`, `status`) and the command line's (one sentence, exit code 1).

const STEPS = [{ setWeight: 20 }, { pause: {} }];

function virtualService(name: string, route: string): KubeObject {
  const destination = (subset: string) => ({ destination: { host: 'web', subset } });
  return {
    apiVersion: 'networking.istio.io/v1beta1',
    kind: 'VirtualService',
    metadata: { name, namespace: 'default' },
    spec: {
      hosts: ['web'],
      http: [
        {
          name: route,
          route: [
            { ...destination('stable'), weight: 100 },
            { ...destination('canary'), weight: 0 },
          ],
        },
      ],
    },
  } as KubeObject;
}

function destinationRule(): KubeObject {
  return {
    apiVersion: 'networking.istio.io/v1beta1',
    kind: 'DestinationRule',
    metadata: { name: 'web', namespace: 'default' },
    spec: {
      host: 'web',
      subsets: ['stable', 'canary'].map((name) => ({ name, labels: { app: 'web' } })),
    },
  } as KubeObject;
}

function template(name: string, metrics: readonly unknown[] = []): KubeObject {
  return {
    apiVersion: 'argoproj.io/v1alpha1',
    kind: 'AnalysisTemplate',
    metadata: { name, namespace: 'default' },
    spec: { metrics },
  } as KubeObject;
}

function routed(canarySubsetName = 'canary', more: object = {}): Strategy {
  return {
    canary: {
      steps: STEPS,
      trafficRouting: {
        istio: {
          virtualService: { name: 'web', routes: ['primary'] },
          destinationRule: { name: 'web', canarySubsetName, stableSubsetName: 'stable' },
        },
      },
      ...more,
    },
  };
}

function canary(more: NonNullable<Strategy['canary']>): Strategy {
  return { canary: more };
}

function withStep(step: object): Strategy {
  return canary({ steps: [{ setWeight: 20 }, step] });
}

interface Row {
  readonly what: string;
  readonly strategy: Strategy;
  readonly spec?: Partial<RolloutSpec>;
  readonly objects?: readonly KubeObject[];
  readonly error: string;
  /** What makes it good again without a change of the Rollout. */
  readonly remedy?: KubeObject;
}

const KINDS =
  'Step must have one of the following set: experiment, setWeight, setCanaryScale, plugin or pause';
const VIRTUAL_SERVICE =
  'spec.strategy.canary.trafficRouting.istio.virtualService.name: Invalid value: "web"';

const ROWS: readonly Row[] = [
  {
    what: 'a step that has two kinds',
    strategy: withStep({ setWeight: 40, pause: {} }),
    error: `spec.strategy.steps[1]: Invalid value: "step.Experiment: false step.Pause: true step.SetWeight: true step.Analysis: false": ${KINDS}`,
  },
  {
    what: 'a step that has none',
    strategy: withStep({}),
    error:
      'spec.strategy.steps[1]: Invalid value: "step.Experiment: true step.Pause: true step.SetWeight: true step.Analysis: true ' +
      `step.SetCanaryScale: true step.SetHeaderRoute: true step.SetMirrorRoute: true step.Plugin: true": ${KINDS}`,
  },
  {
    what: 'a weight of 120',
    strategy: withStep({ setWeight: 120 }),
    error:
      'spec.strategy.steps[1].setWeight: Invalid value: 120: SetWeight needs to be between 0 and 100',
  },
  {
    what: 'a weight below nothing',
    strategy: withStep({ setWeight: -1 }),
    error:
      'spec.strategy.steps[1].setWeight: Invalid value: -1: SetWeight needs to be between 0 and 100',
  },
  {
    what: 'a pause that is no time',
    strategy: withStep({ pause: { duration: 'soon' } }),
    error:
      'spec.strategy.steps[1].pause.duration: Invalid value: -1: Duration needs to be greater than 0',
  },
  {
    what: 'no strategy',
    strategy: {},
    error: `spec.strategy.strategy: Required value: Rollout has missing field '.spec.strategy.canary or .spec.strategy.blueGreen'`,
  },
  {
    what: 'a selector for other pods',
    strategy: canary({ steps: STEPS }),
    spec: { selector: { matchLabels: { app: 'other' } } },
    error:
      'spec.template.metadata.labels: Invalid value: {"app":"web"}: `selector` does not match template `labels`',
  },
  {
    what: 'limits that leave no room',
    strategy: canary({ steps: STEPS, maxSurge: 0, maxUnavailable: '0%' }),
    error:
      'spec.strategy.maxSurge: Invalid value: 0: MaxSurge and MaxUnavailable both can not be zero',
  },
  {
    what: 'a Service that does not exist',
    strategy: canary({ steps: STEPS, stableService: 'web-stable' }),
    error:
      'spec.strategy.canary.stableService: Invalid value: "web-stable": service "web-stable" not found',
    remedy: service('web-stable'),
  },
  {
    what: 'an active Service that does not exist',
    strategy: { blueGreen: { activeService: 'nowhere', previewService: 'web-preview' } },
    error:
      'spec.strategy.blueGreen.activeService: Invalid value: "nowhere": service "nowhere" not found',
    remedy: service('nowhere'),
  },
  {
    what: 'a Service for other pods',
    strategy: canary({ steps: STEPS, canaryService: 'web-other' }),
    objects: [service('web-other', { app: 'other' })],
    error:
      'spec.strategy.canary.canaryService: Invalid value: "web-other": Service "web-other" has unmatch label "app" in rollout',
  },
  {
    what: 'a VirtualService that does not exist',
    strategy: routed(),
    objects: [destinationRule()],
    error: `${VIRTUAL_SERVICE}: virtualservices.networking.istio.io "web" not found`,
    remedy: virtualService('web', 'primary'),
  },
  {
    what: 'a route that does not exist',
    strategy: routed(),
    objects: [virtualService('web', 'secondary'), destinationRule()],
    error: `${VIRTUAL_SERVICE}: Istio VirtualService has invalid HTTP routes. Error: HTTP Route 'primary' is not found in the defined Virtual Service.`,
  },
  {
    what: 'a subset that is in no route',
    strategy: routed('next'),
    objects: [virtualService('web', 'primary'), destinationRule()],
    error: `${VIRTUAL_SERVICE}: Istio VirtualService has invalid HTTP routes. Error: Canary DestinationRule subset 'next' not found in route`,
  },
  {
    what: 'a DestinationRule that does not exist',
    strategy: routed(),
    objects: [virtualService('web', 'primary')],
    error:
      'spec.strategy.canary.trafficRouting.istio.destinationRule.name: Invalid value: "web": destinationrules.networking.istio.io "web" not found',
    remedy: destinationRule(),
  },
  {
    what: 'an AnalysisTemplate that does not exist',
    strategy: withStep({ analysis: { templates: [{ templateName: 'check' }] } }),
    error: `spec.strategy.canary.steps[1].analysis.templates: Invalid value: "check": AnalysisTemplate 'check' not found`,
    remedy: template('check', [{ name: 'a', provider: { web: { url: 'http://127.0.0.1:1' } } }]),
  },
  {
    what: 'a ClusterAnalysisTemplate that does not exist',
    strategy: withStep({
      analysis: { templates: [{ templateName: 'check', clusterScope: true }] },
    }),
    error: `spec.strategy.canary.steps[1].analysis.templates: Invalid value: "check": ClusterAnalysisTemplate 'check' not found`,
  },
  {
    what: 'a background template that does not exist',
    strategy: canary({ steps: STEPS, analysis: { templates: [{ templateName: 'watch' }] } }),
    error: `spec.strategy.canary.analysis.templates: Invalid value: "watch": AnalysisTemplate 'watch' not found`,
    remedy: template('watch', [{ name: 'a', provider: { web: { url: 'http://127.0.0.1:1' } } }]),
  },
  {
    what: 'a template whose metric never ends',
    strategy: withStep({ analysis: { templates: [{ templateName: 'check' }] } }),
    objects: [
      template('check', [
        { name: 'a', interval: '5s', provider: { web: { url: 'http://127.0.0.1:1' } } },
      ]),
    ],
    error:
      'spec.strategy.canary.steps[1].analysis.templates: Invalid value: "check": ' +
      'AnalysisTemplate check has metric a which runs indefinitely. Invalid value for count: <nil>',
  },
];

/** What `get rollout` and `status` say of it. */
async function said({ cluster }: Web) {
  const get = await runPlugin(cluster, 'default', ['get', 'rollout', 'web']);
  const status = await runPlugin(cluster, 'default', ['status', 'web', '--watch=false']);
  return {
    head: get.out.split('\n').slice(2, 4),
    status: { code: status.code, out: status.out, err: status.err },
  };
}

describe('a Rollout with', () => {
  it.each(ROWS)(
    '$what is told so, and nothing is done',
    async ({ strategy, spec, objects, error, remedy }) => {
      await withWeb(
        {
          strategy,
          ...(spec === undefined ? {} : { spec }),
          ...(objects === undefined ? {} : { objects }),
        },
        async (web) => {
          await web.seconds(5);
          const text = `The Rollout "web" is invalid: ${error}`;
          const { status } = await web.rollout();
          expect(
            status?.conditions?.map(({ type, status, reason, message }) => ({
              type,
              status,
              reason,
              message,
            })),
          ).toEqual([
            { type: 'InvalidSpec', status: 'True', reason: 'InvalidSpec', message: text },
          ]);
          expect(await said(web)).toEqual({
            head: ['Status:          ✖ Degraded', `Message:         InvalidSpec: ${text}`],
            status: {
              code: 1,
              out: 'Degraded\n',
              err: `Error: The rollout is in a degraded state with message: InvalidSpec: ${text}\n`,
            },
          });
          expect(web.sets()).toEqual([]);
          const before = web.writes.length;
          await web.seconds(120);
          expect(web.writes.length, 'it is told once').toBe(before);
          if (remedy === undefined) return;
          await post(web.cluster.client, 'default', remedy);
          await web.until('healthy once it is there', isHealthy);
          expect(
            (await web.rollout()).status?.conditions?.some(({ type }) => type === 'InvalidSpec'),
          ).toBe(false);
        },
      );
    },
  );

  it('a spec that is broken later keeps what runs, and goes on when it is good again', async () => {
    await withWeb({ strategy: canary({ steps: STEPS }) }, async (web) => {
      await web.until('healthy', isHealthy);
      const sizes = web.sizes();
      const broken = [{ setWeight: 20 }, { setWeight: 120 }];
      await web.patch({ spec: { strategy: { canary: { steps: broken } } } });
      await web.setImage('app:v2');
      await web.seconds(60);
      expect((await said(web)).head[0]).toBe('Status:          ✖ Degraded');
      expect(web.sizes()).toEqual(sizes);
      await web.patch({ spec: { strategy: { canary: { steps: STEPS } } } });
      await web.until('the pause', ({ status }) => status?.phase === 'Paused');
      expect(web.sizes()).toEqual({ 'app:v1': 2, 'app:v2': 1 });
    });
  });
});

describe('an image that never starts', () => {
  const DEADLINE = { spec: { progressDeadlineSeconds: 60 } };

  it('holds its update up and is told with pod, image and deadline', async () => {
    await withWeb({ strategy: canary({ steps: STEPS }), ...DEADLINE }, async (web) => {
      await web.until('healthy', isHealthy);
      await web.setImage('app:does-not-exist');
      await web.seconds(20);
      const early = await runPlugin(web.cluster, 'default', ['get', 'rollout', 'web']);
      expect(early.out).toMatch(
        /□ web-\S+ +Pod +⚠ (?:ErrImagePull|ImagePullBackOff) +\S+ +ready:0\/1/,
      );
      expect(web.told('Failed').at(0)).toBe('Failed to pull image "app:does-not-exist": not found');
      await web.seconds(120);
      const [set] = web
        .sets()
        .filter(({ spec }) => spec.template?.spec?.containers?.[0]?.image === 'app:does-not-exist');
      const text = `ProgressDeadlineExceeded: ReplicaSet "${set?.metadata.name ?? ''}" has timed out progressing.`;
      expect(await said(web)).toEqual({
        head: ['Status:          ✖ Degraded', `Message:         ${text}`],
        status: {
          code: 1,
          out: 'Degraded\n',
          err: `Error: The rollout is in a degraded state with message: ${text}\n`,
        },
      });
      expect(web.sizes()['app:v1']).toBe(2);
      await web.setImage('app:v2');
      await web.until('the next image goes on', ({ status }) => status?.phase === 'Paused');
    });
  });
});

interface Ended {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** Runs the program as `main.ts` does, on this machine's own files and connections. */
async function program(
  words: readonly string[],
  env: Readonly<Record<string, string>>,
  processes: Processes = systemProcesses,
): Promise<Ended> {
  const printed = { out: '', err: '' };
  const root = rootCommand('slipway');
  const { cancel } = cancellation();
  const variable = (name: string): string | undefined => env[name];
  const ports = { files: systemFiles, processes, clock: systemClock, env: variable };
  const contextWith = (flags: Values): Context => ({
    ...ports,
    flags,
    cancel,
    root: root.name,
    program: { node: process.execPath, script: '', runtime: 'v24.0.0', platform: 'linux/amd64' },
    withFlags: contextWith,
    terminal: {
      out: (text) => {
        printed.out += text;
      },
      err: (text) => {
        printed.err += text;
      },
      isTty: false,
      columns: 80,
    },
    connect: () => connect({ ports, flags, userAgent: 'test', report: () => undefined }),
  });
  const code = await runCommandLine(root, words, contextWith);
  return { code, ...printed };
}

describe('the command line', () => {
  let folder = '';
  beforeAll(async () => {
    folder = await systemFiles.temporaryFolder('slipway-bad-input-');
  });
  afterAll(() => systemFiles.remove(folder));

  async function fileOf(name: string, text: string): Promise<string> {
    const path = systemFiles.join(folder, name);
    await systemFiles.write(path, text);
    return path;
  }

  /** A port of this machine where nobody listens. */
  async function freePort(): Promise<number> {
    const listening = await systemListener.listen({
      handler: () => Promise.resolve({ status: 200, headers: {}, body: bodyOf(new Uint8Array()) }),
    });
    await listening.close();
    return listening.port;
  }

  function kubeconfig(server: string): string {
    return `apiVersion: v1
kind: Config
clusters: [{name: here, cluster: {server: "${server}"}}]
users: [{name: me, user: {token: x}}]
contexts: [{name: one, context: {cluster: here, user: me}}]
current-context: one
`;
  }

  const COMMANDS = [
    ['get', 'rollout', 'web'],
    ['get', 'rollout', 'web', '-w'],
    ['status', 'web'],
    ['list', 'rollouts'],
    ['list', 'rollouts', '-w'],
    ['promote', 'web'],
    ['set', 'image', 'web', 'a=b'],
    ['undo', 'web'],
    ['restart', 'web'],
    ['pause', 'web'],
  ];

  it('names the server that cannot be reached, whatever was asked of it', async () => {
    const server = `https://127.0.0.1:${await freePort()}`;
    const path = await fileOf('refused', kubeconfig(server));
    for (const words of COMMANDS) {
      const { code, out, err } = await program(words, { KUBECONFIG: path });
      expect({ code, out }).toEqual({ code: 1, out: '' });
      expect(err.startsWith(`Error: cannot reach ${server}`), err).toBe(true);
      expect(err.trimEnd().split('\n'), 'one sentence').toHaveLength(1);
    }
  });

  it('names the kubeconfig that does not exist', async () => {
    const path = systemFiles.join(folder, 'nowhere');
    const { code, out, err } = await program(['list', 'rollouts', '--kubeconfig', path], {});
    expect({ code, out }).toEqual({ code: 1, out: '' });
    expect(err).toMatch(/^Error: .*nowhere.*\n$/);
  });

  it('says what to give when there is no kubeconfig at all', async () => {
    const { code, err } = await program(['list', 'rollouts'], { HOME: folder });
    expect(code).toBe(1);
    expect(err).toMatch(/^Error: .*--kubeconfig.*KUBECONFIG.*\n$/);
  });

  it.each([
    { name: 'no YAML', text: 'a: [', words: [], reason: 'what is no YAML' },
    {
      name: 'no context',
      text: kubeconfig('https://127.0.0.1:1'),
      words: ['--context', 'two'],
      reason: 'a context that it does not have',
    },
    { name: 'no server', text: kubeconfig(''), words: [], reason: 'a cluster without a server' },
    {
      name: 'no address',
      text: kubeconfig('not an address'),
      words: [],
      reason: 'a server that is no address',
    },
  ])('says so for a kubeconfig with $reason', async ({ name, text, words }) => {
    const path = await fileOf(name, text);
    const { code, out, err } = await program(['list', 'rollouts', ...words], { KUBECONFIG: path });
    expect({ code, out }).toEqual({ code: 1, out: '' });
    expect(err).toMatch(/^Error: .+\n$/);
    expect(err, 'a sentence, not a trace').not.toMatch(/\n {4}at /);
  });

  async function leftovers(prefix: string): Promise<readonly string[]> {
    const parent = systemFiles.join(folder, '..');
    return ((await systemFiles.list(parent)) ?? []).filter((name) => name.startsWith(prefix));
  }

  it('names the port of the sandbox that is in use, and leaves nothing behind', async () => {
    const handler = () =>
      Promise.resolve({ status: 200, headers: {}, body: bodyOf(new Uint8Array()) });
    const taken = await systemListener.listen({ handler });
    const before = await leftovers('slipway-');
    try {
      expect(await program(['sandbox', '--port', String(taken.port)], {})).toEqual({
        code: 1,
        out: '',
        err: `Error: --port: 127.0.0.1:${taken.port} is in use by another program: choose another port\n`,
      });
      expect(await leftovers('slipway-')).toEqual(before);
    } finally {
      await taken.close();
    }
  });

  it.each([
    { words: ['sandbox', '--port', '70000'], err: /^Error: --port 70000: .+\n$/ },
    { words: ['sandbox', '--mesh-port', '65536'], err: /^Error: --mesh-port 65536: .+\n$/ },
    { words: ['sandbox', '--port', '-1'], err: /^Error: --port -1: .+\n$/ },
    {
      words: ['sandbox', '--port', 'x'],
      err: /^Error: invalid argument "x" for "--port" flag: .+\n$/,
    },
    { words: ['sandbox', '--speed', '0'], err: /^Error: --speed 0: .+\n$/ },
    { words: ['sandbox', '--speed', 'fast'], err: /^Error: --speed fast: .+\n$/ },
    { words: ['demo', '--speed', '-1'], err: /^Error: --speed -1: .+\n$/ },
    { words: ['controller', '--loglevel', 'loud'], err: /^Error: --loglevel "loud" .+\n$/ },
  ])('$words is refused in one sentence', async ({ words, err }) => {
    const ran = await program(words, {});
    expect(ran.code).toBe(1);
    expect(ran.err).toMatch(err);
  });

  it.each([
    { file: 'file', persist: 'file/below', reason: 'a folder that cannot be' },
    { file: 'kept/state.sqlite', persist: 'kept', reason: 'a state that is none' },
  ])('refuses to remember in $reason', async ({ file, ...row }) => {
    await fileOf(file, 'neither a folder nor a database, and long enough to be read as one');
    const persist = systemFiles.join(folder, row.persist);
    const { code, out, err } = await program(['sandbox', '--persist', persist], {});
    expect({ code, out }).toEqual({ code: 1, out: '' });
    expect(
      err.startsWith(`Error: --persist: ${persist}/state.sqlite cannot be opened: `),
      err,
    ).toBe(true);
    expect(err.trimEnd().split('\n'), 'one sentence').toHaveLength(1);
  });

  it('says where to get kubectl when the demo finds none, before it starts anything', async () => {
    const missing: Processes = {
      run: ({ command }) =>
        Promise.reject(new ProcessError('missing', `the program ${command} was not found`)),
    };
    const before = await leftovers('slipway-demo-');
    const { code, out, err } = await program(['demo'], {}, missing);
    expect({ code, out }).toEqual({ code: 1, out: '' });
    expect(err).toMatch(/^Error: kubectl was not found on PATH: install it \(https:\/\/\S+\).*\n$/);
    expect(await leftovers('slipway-demo-')).toEqual(before);
  });

  it('refuses a time limit that is none', async () => {
    const path = await fileOf('limit', kubeconfig('https://127.0.0.1:1'));
    expect(
      await program(['list', 'rollouts', '--request-timeout', 'soon'], { KUBECONFIG: path }),
    ).toEqual({
      code: 1,
      out: '',
      err: 'Error: --request-timeout soon: write it as in 30, 30s or 2m; 0 is no limit\n',
    });
  });
});
