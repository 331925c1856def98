import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Cluster, startCluster } from '../../../test/support/cluster.ts';
import { type Ran, runPlugin } from '../../../test/support/command-line.ts';
import { post } from '../../../test/support/objects.ts';
import type { Json, KubeObject } from '../../api/object.ts';
import {
  ANALYSIS_RUNS,
  DEPLOYMENTS,
  EXPERIMENTS,
  REPLICA_SETS,
  ROLLOUTS,
} from '../../api/resources.ts';
import type { Rollout } from '../../api/rollout.ts';
import { bodyOf, utf8, utf8Text } from '../../lib/bytes.ts';
import type { HttpRequest, HttpResponse } from '../../lib/ports.ts';
import { instant } from '../../lib/time.ts';

// What each command sends and prints (cli.md 2), against the sandbox with its controller stopped: nothing but the
// command changes anything.

const START = Date.UTC(2026, 0, 1);
const NAMESPACE = 'shop';
let cluster: Cluster;

beforeAll(async () => {
  cluster = await startCluster({ start: instant(START) });
  await Promise.all([cluster.controller.stop(), cluster.advance(1000)]);
  await cluster.client.create(
    { group: '', version: 'v1', kind: 'Namespace', plural: 'namespaces', namespaced: false },
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name: NAMESPACE } },
  );
});
afterAll(() => cluster.stop());

const TEMPLATE = {
  metadata: { labels: { app: 'web' } },
  spec: { containers: [{ name: 'web', image: 'web:1' }] },
};
const CANARY = { canary: { steps: [{ setWeight: 20 }, { pause: {} }, { setWeight: 60 }] } };
const SELECTOR = { matchLabels: { app: 'web' } };

interface Given {
  readonly name?: string;
  readonly spec?: Json;
  readonly status?: Json;
}

/** The object as it is to be found, status included. */
async function given({ name = 'web', spec = {}, status }: Given): Promise<void> {
  const object = {
    apiVersion: 'argoproj.io/v1alpha1',
    kind: 'Rollout',
    metadata: { name },
    spec: {
      selector: SELECTOR,
      strategy: CANARY,
      template: TEMPLATE,
      ...(spec as Record<string, unknown>),
    },
  };
  await post(cluster.client, NAMESPACE, object);
  if (status === undefined) return;
  const ref = { resource: ROLLOUTS, namespace: NAMESPACE, name };
  await cluster.client.patch(ref, { type: 'merge', body: { status }, subresource: 'status' });
}

async function clear(): Promise<void> {
  for (const resource of [ROLLOUTS, EXPERIMENTS, ANALYSIS_RUNS, DEPLOYMENTS, REPLICA_SETS]) {
    const { items } = await cluster.client.listAll<KubeObject>(resource, { namespace: NAMESPACE });
    for (const { metadata } of items) {
      await cluster.client.delete({ resource, namespace: NAMESPACE, name: metadata.name });
    }
  }
  await cluster.advance(2000);
}

interface Sent extends Ran {
  /** Requests that change something, in short. */
  readonly writes: readonly string[];
}

const KINDS: Readonly<Record<string, string>> = {
  'application/merge-patch+json': 'merge ',
  'application/json-patch+json': 'json ',
};

function shortOf({ method, path, headers, body }: HttpRequest): string {
  const place = path.replace(/^.*\/namespaces\/shop\//, '');
  const kind = KINDS[headers['content-type'] ?? ''] ?? '';
  return method === 'PUT'
    ? `PUT ${place}`
    : `${kind}${place} ${body === undefined ? '' : utf8Text(body)}`;
}

/** Runs a command; `answer` may stand in for the server. */
async function run(
  words: string | readonly string[],
  answer: (request: HttpRequest) => HttpResponse | undefined = () => undefined,
): Promise<Sent> {
  const writes: string[] = [];
  const ran = await runPlugin(
    cluster,
    NAMESPACE,
    typeof words === 'string' ? words.split(' ') : words,
    {
      transport: (request) => {
        if (request.method !== 'GET') writes.push(shortOf(request));
        const instead = answer(request);
        return instead === undefined ? cluster.sandbox.api(request) : Promise.resolve(instead);
      },
    },
  );
  return { ...ran, writes };
}

function done(out: string, ...writes: readonly string[]): Sent {
  return { code: 0, out: `${out}\n`, err: '', writes };
}

function failed(err: string, ...writes: readonly string[]): Sent {
  return { code: 1, out: '', err: `Error: ${err}\n`, writes };
}

beforeEach(clear);

describe('commands that are one patch', () => {
  const STATUS = 'merge rollouts/web/status';
  it.each([
    {
      line: 'pause web',
      out: `rollout 'web' paused`,
      write: 'merge rollouts/web {"spec":{"paused":true}}',
    },
    {
      line: 'abort web',
      out: `rollout 'web' aborted`,
      write: `${STATUS} {"status":{"abort":true}}`,
    },
    {
      line: 'retry rollout web',
      out: `rollout 'web' retried`,
      write: `${STATUS} {"status":{"abort":false}}`,
    },
    {
      line: 'retry ro web',
      out: `rollout 'web' retried`,
      write: `${STATUS} {"status":{"abort":false}}`,
    },
    {
      line: 'restart web',
      out: `rollout 'web' restarts in 0s`,
      write: 'merge rollouts/web {"spec":{"restartAt":"NOW"}}',
    },
    {
      line: 'restart web --in 1m30s',
      out: `rollout 'web' restarts in 1m30s`,
      write: 'merge rollouts/web {"spec":{"restartAt":"NOW+90"}}',
    },
    {
      line: 'restart -i 0.5h web',
      out: `rollout 'web' restarts in 0.5h`,
      write: 'merge rollouts/web {"spec":{"restartAt":"NOW+1800"}}',
    },
  ])('$line', async ({ line, out, write }) => {
    await given({});
    const now = cluster.clock.now();
    const expected = write.replace(
      /NOW(?:\+(\d+))?/,
      (_match, later: string | undefined) =>
        `${new Date(now + Number(later ?? 0) * 1000).toISOString().slice(0, 19)}Z`,
    );
    expect(await run(line)).toEqual(done(out, expected));
  });

  it.each([
    {
      line: 'retry experiment one',
      out: `experiment 'one' retried`,
      write: 'merge experiments/one {"status":null}',
    },
    {
      line: 'terminate experiment one',
      out: `experiment 'one' terminated`,
      write: 'merge experiments/one {"spec":{"terminate":true}}',
    },
    {
      line: 'terminate analysisrun one',
      out: `analysisRun 'one' terminated`,
      write: 'merge analysisruns/one {"spec":{"terminate":true}}',
    },
    {
      line: 'terminate ar one',
      out: `analysisRun 'one' terminated`,
      write: 'merge analysisruns/one {"spec":{"terminate":true}}',
    },
  ])('$line', async ({ line, out, write }) => {
    const metadata = { name: 'one' };
    const apiVersion = 'argoproj.io/v1alpha1';
    const template = { name: 'a', selector: SELECTOR, template: TEMPLATE };
    const experiment = {
      apiVersion,
      kind: 'Experiment',
      metadata,
      spec: { templates: [template] },
    };
    const run1 = {
      apiVersion,
      kind: 'AnalysisRun',
      metadata,
      spec: { metrics: [{ name: 'a', provider: { web: { url: 'http://x' } } }] },
    };
    await post(cluster.client, NAMESPACE, experiment);
    await post(cluster.client, NAMESPACE, run1);
    expect(await run(line)).toEqual(done(out, write));
  });

  it('takes names in order and stops at the first that fails', async () => {
    await given({ name: 'a' });
    await given({ name: 'c' });
    expect(await run('pause a b c')).toEqual({
      code: 1,
      out: `rollout 'a' paused\n`,
      err: 'Error: rollouts.argoproj.io "b" not found\n',
      writes: [
        'merge rollouts/a {"spec":{"paused":true}}',
        'merge rollouts/b {"spec":{"paused":true}}',
      ],
    });
  });

  it.each([
    { line: 'abort web', body: '{"status":{"abort":true}}', out: 'aborted' },
    { line: 'retry rollout web', body: '{"status":{"abort":false}}', out: 'retried' },
  ])(
    '$line patches the object where the kind has no status subresource',
    async ({ line, body, out }) => {
      await given({});
      const ran = await run(line, ({ path }) =>
        path.endsWith('/status') ? notFound() : undefined,
      );
      expect(ran).toEqual(
        done(`rollout 'web' ${out}`, `${STATUS} ${body}`, `merge rollouts/web ${body}`),
      );
    },
  );

  it.each([
    { line: 'pause no', err: 'rollouts.argoproj.io "no" not found' },
    { line: 'abort no', err: 'rollouts.argoproj.io "no" not found' },
    { line: 'retry rollout no', err: 'rollouts.argoproj.io "no" not found' },
    { line: 'restart no', err: 'rollouts.argoproj.io "no" not found' },
    { line: 'promote no', err: 'rollouts.argoproj.io "no" not found' },
    { line: 'undo no', err: 'rollouts.argoproj.io "no" not found' },
    { line: 'set image no a=b', err: 'rollouts.argoproj.io "no" not found' },
    { line: 'retry experiment no', err: 'experiments.argoproj.io "no" not found' },
    { line: 'terminate experiment no', err: 'experiments.argoproj.io "no" not found' },
    { line: 'terminate analysisrun no', err: 'analysisruns.argoproj.io "no" not found' },
    { line: 'get rollout no', err: 'rollout.argoproj.io "no" not found' },
    { line: 'get rollout no -w', err: 'rollout.argoproj.io "no" not found' },
    { line: 'get experiment no', err: 'experiment.argoproj.io "no" not found' },
    { line: 'get experiment no -w', err: 'experiment.argoproj.io "no" not found' },
    { line: 'status no', err: 'rollout.argoproj.io "no" not found' },
    { line: 'status no --watch=false', err: 'rollout.argoproj.io "no" not found' },
  ])('$line: $err', async ({ line, err }) => {
    const { code, out, err: told } = await run(line);
    expect({ code, out, err: told }).toEqual({ code: 1, out: '', err: `Error: ${err}\n` });
  });
});

function notFound(): HttpResponse {
  const status = {
    kind: 'Status',
    status: 'Failure',
    reason: 'NotFound',
    code: 404,
    message: 'no such subresource',
  };
  return { status: 404, headers: {}, body: bodyOf(utf8(JSON.stringify(status))) };
}

const PAUSE = [{ reason: 'CanaryPauseStep', startTime: '2026-01-01T00:00:00Z' }];
const NEW = { currentPodHash: 'b', stableRS: 'a' };

interface Promotion {
  readonly flags?: string;
  readonly spec?: Json;
  readonly status?: Json;
  readonly toStatus?: Json;
  readonly toSpec?: Json;
  /** What servers without the subresource get; as the status patch if absent. */
  readonly unified?: Json;
  readonly reason: string;
}

const PROMOTIONS: readonly Promotion[] = [
  {
    status: { currentStepIndex: 1, pauseConditions: PAUSE, controllerPause: true },
    toStatus: { pauseConditions: null },
    unified: { spec: { paused: false }, status: { pauseConditions: null } },
    reason: 'a pause is ended and the index left alone',
  },
  {
    status: { currentStepIndex: 1 },
    toStatus: { pauseConditions: null, currentStepIndex: 2 },
    unified: { spec: { paused: false }, status: { pauseConditions: null, currentStepIndex: 2 } },
    reason: 'without a pause the next step is taken',
  },
  {
    toStatus: { pauseConditions: null, currentStepIndex: 1 },
    unified: { spec: { paused: false }, status: { pauseConditions: null, currentStepIndex: 1 } },
    reason: 'no index counts as 0',
  },
  {
    status: { currentStepIndex: 3 },
    toStatus: { pauseConditions: null, currentStepIndex: 3 },
    unified: { spec: { paused: false }, status: { pauseConditions: null, currentStepIndex: 3 } },
    reason: 'never beyond the last step',
  },
  {
    spec: { paused: true },
    status: { currentStepIndex: 1, pauseConditions: PAUSE },
    toStatus: { pauseConditions: null },
    toSpec: { paused: false },
    unified: { spec: { paused: false }, status: { pauseConditions: null } },
    reason: 'a pause by hand is ended as well',
  },
  {
    status: {
      currentStepIndex: 1,
      pauseConditions: PAUSE,
      controllerPause: true,
      canary: { currentStepAnalysisRunStatus: { name: 'x', status: 'Inconclusive' } },
    },
    toStatus: { pauseConditions: null, controllerPause: false, currentStepIndex: 2 },
    unified: { spec: { paused: false }, status: { pauseConditions: null } },
    reason: 'past an inconclusive analysis both are needed',
  },
  {
    status: {
      currentStepIndex: 1,
      pauseConditions: PAUSE,
      canary: { currentStepAnalysisRunStatus: { name: 'x', status: 'Inconclusive' } },
    },
    toStatus: { pauseConditions: null },
    unified: { spec: { paused: false }, status: { pauseConditions: null } },
    reason: 'unless the controller did not pause',
  },
  {
    spec: { strategy: { canary: {} } },
    reason: 'without steps there is nothing to do, and that is success',
  },
  {
    spec: { strategy: { canary: {} }, paused: true },
    toSpec: { paused: false },
    reason: 'without steps a pause by hand is ended',
  },
  {
    spec: { strategy: { blueGreen: { activeService: 'web' } } },
    status: { pauseConditions: [{ reason: 'BlueGreenPause', startTime: '2026-01-01T00:00:00Z' }] },
    toStatus: { pauseConditions: null },
    unified: { spec: { paused: false }, status: { pauseConditions: null } },
    reason: 'a blue-green pause is ended',
  },
  {
    spec: { strategy: { blueGreen: { activeService: 'web' } } },
    reason: 'a blue-green that is not paused is left alone',
  },
  {
    flags: '--full',
    status: NEW,
    toStatus: { promoteFull: true },
    unified: { spec: { paused: false }, status: { promoteFull: true } },
    reason: 'all that is left is skipped',
  },
  {
    flags: '--full',
    spec: { paused: true },
    status: NEW,
    toStatus: { promoteFull: true },
    toSpec: { paused: false },
    unified: { spec: { paused: false }, status: { promoteFull: true } },
    reason: 'and the pause by hand with it',
  },
  {
    flags: '--full',
    spec: { paused: true },
    status: { currentPodHash: 'a', stableRS: 'a' },
    toSpec: { paused: false },
    reason: 'where nothing is new only the pause is ended',
  },
];

const DEPRECATED: readonly (Promotion & { readonly told: string })[] = [
  {
    flags: '--skip-current-step',
    status: { currentStepIndex: 1 },
    toStatus: { currentStepIndex: 2 },
    told: 'Flag --skip-current-step has been deprecated, use without the flag instead ex: promote ROLLOUT_NAME\n',
    reason: 'the next step, whatever the pause',
  },
  {
    flags: '-c',
    status: { currentStepIndex: 3, pauseConditions: PAUSE },
    toStatus: { currentStepIndex: 3 },
    told: 'Flag shorthand -c has been deprecated, use without the flag instead ex: promote ROLLOUT_NAME\n',
    reason: 'not beyond the last',
  },
  {
    flags: '--skip-all-steps',
    toStatus: { currentStepIndex: 3 },
    told: 'Flag --skip-all-steps has been deprecated, use --full instead\n',
    reason: 'to the end',
  },
  {
    flags: '-a',
    status: { currentStepIndex: 2 },
    toStatus: { currentStepIndex: 3 },
    told: 'Flag shorthand -a has been deprecated, use --full instead\n',
    reason: 'to the end',
  },
];

function wordsOf({ flags }: Promotion): readonly string[] {
  return ['promote', 'web', ...(flags === undefined ? [] : [flags])];
}

describe('promote', () => {
  it.each(PROMOTIONS)('$flags $reason', async (row) => {
    await given(row);
    const writes = [
      ...(row.toStatus === undefined
        ? []
        : [`merge rollouts/web/status ${JSON.stringify({ status: row.toStatus })}`]),
      ...(row.toSpec === undefined
        ? []
        : [`merge rollouts/web ${JSON.stringify({ spec: row.toSpec })}`]),
    ];
    const word = row.flags === '--full' ? 'fully promoted' : 'promoted';
    expect(await run(wordsOf(row))).toEqual(done(`rollout 'web' ${word}`, ...writes));
  });

  it.each(PROMOTIONS.filter(({ toStatus }) => toStatus !== undefined))(
    '$flags $reason: in one patch where the kind has no status subresource',
    async (row) => {
      await given(row);
      const { code, writes } = await run(wordsOf(row), ({ path }) =>
        path.endsWith('/status') ? notFound() : undefined,
      );
      expect(code).toBe(0);
      expect(writes[1]).toBe(`merge rollouts/web ${JSON.stringify(row.unified)}`);
    },
  );

  it.each(DEPRECATED)('$flags goes away, and still works: $reason', async (row) => {
    await given(row);
    const patch = JSON.stringify({ status: row.toStatus });
    expect(await run(wordsOf(row))).toEqual({
      ...done(`rollout 'web' promoted`, `merge rollouts/web/status ${patch}`),
      err: row.told,
    });
  });

  it.each([
    {
      flags: '--skip-current-step --skip-all-steps',
      spec: {},
      err: 'Cannot use skip-current-step and skip-all-steps flags at the same time',
    },
    {
      flags: '--skip-current-step',
      spec: { strategy: { blueGreen: { activeService: 'web' } } },
      err: 'Cannot skip steps of a bluegreen rollout. Run without a flags',
    },
    {
      flags: '--skip-all-steps',
      spec: { strategy: { canary: {} } },
      err: 'Cannot skip steps of a rollout without steps',
    },
  ])('$flags: $err', async ({ flags, spec, err }) => {
    await given({ spec });
    const ran = await run(`promote web ${flags}`);
    expect({ ...ran, err: ran.err.replaceAll(/^Flag .*\n/gm, '') }).toEqual(failed(err));
  });
});

describe('set image', () => {
  const PODS = {
    metadata: { labels: { app: 'web' }, annotations: { own: 'kept' } },
    spec: {
      initContainers: [{ name: 'setup', image: 'setup:1' }],
      containers: [
        { name: 'web', image: 'web:1', ports: [{ containerPort: 80 }] },
        { name: 'side', image: 'side:1' },
      ],
    },
  };

  async function images(): Promise<readonly (string | undefined)[]> {
    const ref = { resource: ROLLOUTS, namespace: NAMESPACE, name: 'web' };
    const { spec } = await cluster.client.get<Rollout>(ref);
    const pods = spec.template?.spec;
    return [...(pods?.initContainers ?? []), ...(pods?.containers ?? [])].map(({ image }) => image);
  }

  it.each([
    { word: 'web=web:2', after: ['setup:1', 'web:2', 'side:1'], reason: 'one container' },
    { word: 'setup=x/y:3', after: ['x/y:3', 'web:1', 'side:1'], reason: 'an init container' },
    { word: '*=all:4', after: ['all:4', 'all:4', 'all:4'], reason: 'a star is every one' },
  ])('$word: $reason', async ({ word, after }) => {
    await given({ spec: { template: PODS } });
    expect(await run(`set image web ${word}`)).toEqual(
      done('rollout "web" image updated', 'PUT rollouts/web'),
    );
    expect(await images()).toEqual(after);
  });

  it('names the container that there is not, and writes nothing', async () => {
    await given({ spec: { template: PODS } });
    expect(await run('set image web wbe=web:2')).toEqual(
      failed('unable to find container named "wbe"'),
    );
  });

  it('reads and tries again when someone else was faster, five times in all', async () => {
    await given({});
    let conflicts = 0;
    const conflict = (limit: number) => (request: HttpRequest) => {
      if (request.method !== 'PUT' || conflicts >= limit) return undefined;
      conflicts += 1;
      const status = { kind: 'Status', reason: 'Conflict', code: 409, message: 'it has changed' };
      return { status: 409, headers: {}, body: bodyOf(utf8(JSON.stringify(status))) };
    };
    const put = 'PUT rollouts/web';
    expect(await run('set image web web=web:2', conflict(4))).toEqual(
      done('rollout "web" image updated', put, put, put, put, put),
    );
    conflicts = 0;
    expect(await run('set image web web=web:3', conflict(9))).toEqual(
      failed('it has changed', put, put, put, put, put),
    );
  });

  it('changes the Deployment that the rollout takes its template from', async () => {
    await post(cluster.client, NAMESPACE, {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'old' },
      spec: { replicas: 0, selector: SELECTOR, template: TEMPLATE },
    } as KubeObject);
    await given({
      spec: { workloadRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'old' } },
    });
    await cluster.advance(2000);
    expect(await run('set image web web=web:2')).toEqual(
      done('deployment "old" image updated', 'PUT deployments/old'),
    );
  });
});

describe('undo', () => {
  const HASH = 'rollouts-pod-template-hash';

  async function revisions(uid: string, ...all: readonly (readonly [string, string])[]) {
    for (const [revision, image] of all) {
      const name = `web-${image.replace(':', '-')}`;
      const labels = { app: 'web', [HASH]: image.replace(':', '-') };
      const controller = { apiVersion: 'argoproj.io/v1alpha1', kind: 'Rollout', name: 'web', uid };
      await post(cluster.client, NAMESPACE, {
        apiVersion: 'apps/v1',
        kind: 'ReplicaSet',
        metadata: {
          name,
          labels,
          annotations: revision === '' ? {} : { 'rollout.argoproj.io/revision': revision },
          ownerReferences: [{ ...controller, controller: true, blockOwnerDeletion: true }],
        },
        spec: {
          replicas: 0,
          selector: { matchLabels: labels },
          template: { metadata: { labels }, spec: { containers: [{ name: 'web', image }] } },
        },
      } as unknown as KubeObject);
    }
  }

  async function uidOf(): Promise<string> {
    const ref = { resource: ROLLOUTS, namespace: NAMESPACE, name: 'web' };
    const { metadata } = await cluster.client.get<Rollout>(ref);
    return metadata.uid ?? '';
  }

  const IMAGE = /"image":"([^"]*)"/;

  it.each([
    { flags: '', image: 'web:8', reason: 'the one before the newest' },
    { flags: ' --to-revision=2', image: 'web:7', reason: 'the one that is named' },
    { flags: ' --to-revision 10', image: 'web:8', reason: 'numbers, not texts' },
  ])('undo$flags goes back to $image: $reason', async ({ flags, image }) => {
    await given({});
    await revisions(
      await uidOf(),
      ['2', 'web:7'],
      ['10', 'web:8'],
      ['11', 'web:1'],
      ['x', 'web:0'],
    );
    const { writes, ...ran } = await run(`undo web${flags}`);
    expect(ran).toEqual({ code: 0, out: `rollout 'web' undo\n`, err: '' });
    expect(writes).toHaveLength(1);
    expect(writes[0]).toMatch(/^json rollouts\/web \[\{"op":"replace","path":"\/spec\/template",/);
    expect(IMAGE.exec(writes[0] ?? '')?.[1]).toBe(image);
    expect(writes[0]).not.toContain(HASH);
  });

  it('leaves a template alone that is that of the revision already', async () => {
    await given({});
    await revisions(await uidOf(), ['1', 'web:1'], ['2', 'web:7']);
    expect(await run('undo web --to-revision=1')).toEqual(
      done('skipped rollback (current template already matches revision 1)'),
    );
    expect(await run('undo web')).toEqual(
      done('skipped rollback (current template already matches revision 0)'),
    );
  });

  it('does not go back to what belongs to someone else', async () => {
    await given({});
    await revisions('another', ['1', 'web:7'], ['2', 'web:8']);
    expect(await run('undo web')).toEqual(failed('no revision found for rollout "web"'));
    expect(await run('undo web --to-revision=1')).toEqual(
      failed('unable to find specified revision 1 in history'),
    );
  });

  it('says what the server refused', async () => {
    await given({});
    await revisions(await uidOf(), ['1', 'web:7'], ['2', 'web:1']);
    const refusal = (request: HttpRequest) => {
      if (request.method !== 'PATCH') return undefined;
      const status = { kind: 'Status', reason: 'Forbidden', code: 403, message: 'not you' };
      return { status: 403, headers: {}, body: bodyOf(utf8(JSON.stringify(status))) };
    };
    const { err } = await run('undo web', refusal);
    expect(err).toBe('Error: failed restoring revision 0: not you\n');
  });

  it.each([
    { kind: 'Deployment', write: 'json deployments/old [{"op":"replace","path":"/spec/template",' },
    { kind: 'ReplicaSet', write: 'json replicasets/old [{"op":"replace","path":"/spec/template",' },
    { kind: 'PodTemplate', write: undefined },
  ])('changes the $kind that the rollout takes its template from', async ({ kind, write }) => {
    await given({ spec: { workloadRef: { apiVersion: 'apps/v1', kind, name: 'old' } } });
    await revisions(await uidOf(), ['1', 'web:7'], ['2', 'web:1']);
    if (write !== undefined) {
      await post(cluster.client, NAMESPACE, {
        apiVersion: 'apps/v1',
        kind,
        metadata: { name: 'old' },
        spec: { replicas: 0, selector: SELECTOR, template: TEMPLATE },
      } as KubeObject);
    }
    const { code, writes, err } = await run('undo web');
    if (write === undefined) {
      // The sandbox serves no PodTemplates: what is asked of the server is seen by its refusal.
      expect(err).toMatch(/^Error: failed restoring revision 0: /);
      return;
    }
    expect(code).toBe(0);
    expect(writes[0]?.startsWith(write)).toBe(true);
  });

  it('names a kind of workload that it cannot change', async () => {
    await given({
      spec: { workloadRef: { apiVersion: 'apps/v1', kind: 'StatefulSet', name: 'x' } },
    });
    await revisions(await uidOf(), ['1', 'web:7'], ['2', 'web:1']);
    expect(await run('undo web')).toEqual(
      failed('failed restoring revision 0: workload of type StatefulSet is not supported'),
    );
  });
});
