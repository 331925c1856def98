// The machine's kubectl runs things: Deployments, Jobs, single pods; it reads their logs, runs commands in them,
// waits for them and forwards ports to them.
import { Agent, request } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Kubectl, MOCK, SHELL, startKubectl } from '../support/kubectl.ts';

/** Processes are slow where many run beside each other. */
const LONG = { timeout: 90_000 } as const;

let kubectl: Kubectl;

beforeAll(async () => {
  kubectl = await startKubectl();
}, LONG.timeout);

afterAll(() => kubectl.close(), LONG.timeout);

describe.concurrent('a Deployment', LONG, () => {
  it('rolls out, back, on and again, and stands still while it is paused', async () => {
    const { ok, refused } = kubectl;
    await ok('create namespace rolls');
    const deployment = 'deployment/web -n rolls';
    const settled = () => ok(`rollout status ${deployment} --timeout=20s`);
    await ok(`create deployment web -n rolls --image=${MOCK} --port=8080 --replicas=2`);
    await settled();
    const image = MOCK.replace('1.0.0', '2.0.0');
    await ok(`set image ${deployment} mock-go-server=${image}`);
    expect(await settled()).toContain('deployment "web" successfully rolled out');
    expect(await ok(`rollout history ${deployment}`)).toMatch(/\n1 +<none>\n2 +<none>\n/);
    expect(await ok(`rollout history ${deployment} --revision=2`)).toContain(image);
    await ok(`rollout undo ${deployment} --to-revision=1`);
    await settled();
    expect(await ok('get deployment web -n rolls -o wide')).toContain(MOCK);
    await ok(`rollout restart ${deployment}`);
    await settled();
    await ok(`rollout pause ${deployment}`);
    expect(await refused(`rollout restart ${deployment}`)).toContain(
      "can't restart paused deployment",
    );
    await ok(`set env ${deployment} A=B`);
    expect(await ok(`rollout status ${deployment} --watch=false`)).toContain(
      '0 out of 2 new replicas',
    );
    await ok(`rollout resume ${deployment}`);
    await settled();
    await ok(`scale ${deployment} --replicas=3`);
    await ok(`wait ${deployment} --for=jsonpath={.status.availableReplicas}=3 --timeout=20s`);
    await ok(`wait ${deployment} --for=condition=Available --timeout=20s`);
    expect(await refused(`rollout undo ${deployment} --to-revision=99`)).toContain(
      'unable to find specified revision 99 in history',
    );
  });
});

describe.concurrent('a Job', LONG, () => {
  it('is run once and completes', async () => {
    const { ok } = kubectl;
    await ok(`create job done --image=${SHELL} -- sh -c`.split(' ').concat('echo one; echo two'));
    await ok('wait --for=condition=complete job/done --timeout=20s');
    expect(await ok('logs job/done')).toBe('one\ntwo\n');
    expect(await ok('get job done')).toMatch(
      /^NAME +STATUS +COMPLETIONS +DURATION +AGE\ndone +Complete +1\/1 /,
    );
  });
});

describe.concurrent('a pod', LONG, () => {
  it('is run and shows what it prints', async () => {
    const { ok, refused } = kubectl;
    const run = (name: string, script: string, ...flags: readonly string[]) =>
      ok([...`run ${name} --image=${SHELL}`.split(' '), ...flags, '--', 'sh', '-c', script]);
    await run('prints', 'echo one; echo two; sleep 1; echo three', '--restart=Never');
    // It may be over before the wait begins; its address stays.
    await ok('wait --for=jsonpath={.status.podIP} pod/prints --timeout=20s');
    const follow = kubectl.start('logs -f prints');
    expect(await follow.exit).toBe(0);
    expect(follow.out()).toBe('one\ntwo\nthree\n');
    expect(await ok('logs prints --tail=1')).toBe('three\n');
    expect(await ok('logs prints --since=1h --timestamps')).toMatch(/^\d{4}-\d\d-\d\dT\S+Z one\n/);
    expect(await refused('logs prints -p')).toBe(
      '1 Error from server (BadRequest): previous terminated container "prints" in pod "prints" not ' +
        'found\n',
    );
    await run('crashes', 'echo once; false');
    await ok(
      'wait --for=jsonpath={.status.containerStatuses[0].restartCount}=1 pod/crashes --timeout=20s',
    );
    expect(await ok('get pod crashes')).toMatch(/crashes +0\/1 +CrashLoopBackOff +1 \(\d+s ago\)/);
    await ok('run nobody --image=does-not-exist/x');
    await ok(
      'wait pod/nobody --timeout=20s --for=jsonpath={.status.containerStatuses[0].state.waiting.reason}=ErrImagePull',
    );
    expect(await refused('logs nobody')).toContain(
      'container "nobody" in pod "nobody" is waiting to start: trying and failing to pull image',
    );
  });

  it('is attached to while it runs', async () => {
    const text = await kubectl.ok([
      ...`run attached -i --rm --restart=Never --image=${SHELL} --`.split(' '),
      'sh',
      '-c',
      'sleep 1; echo hello',
    ]);
    expect(text).toContain('hello\n');
  });

  it('is waited for', async () => {
    const { ok, refused } = kubectl;
    await ok('wait --for=condition=Ready pod/shell --timeout=20s');
    await ok('wait --for=delete pod/never-was --timeout=1s');
    expect(await refused('wait --for=condition=Foo pod/shell --timeout=1s')).toBe(
      '1 error: timed out waiting for the condition on pods/shell\n',
    );
  });
});

describe.concurrent('kubectl exec', LONG, () => {
  it('runs commands and ends as they do', async () => {
    const { ok, refused } = kubectl;
    await ok('wait --for=condition=Ready pod/shell --timeout=20s');
    expect(await ok('exec shell -- hostname')).toBe('shell\n');
    expect(await ok('exec -i shell -- cat', 'typed')).toBe('typed');
    expect(await ok('exec -i -t shell -- echo tty')).toContain('tty');
    expect(await ok(['exec', 'shell', '--', 'sh', '-c', 'echo $HOSTNAME; true'])).toBe('shell\n');
    expect(await refused(['exec', 'shell', '--', 'sh', '-c', 'exit 3'])).toBe(
      '3 command terminated with exit code 3\n',
    );
    expect(await refused('exec shell -- nc localhost')).toMatch(
      /^127 nc: not found: pods of the sandbox's builtin runner know [^\n]+\ncommand terminated with exit code 127\n$/,
    );
    expect(await refused('exec shell -c other -- true')).toBe(
      '1 Error from server (BadRequest): container other is not valid for pod shell\n',
    );
    expect(await refused('exec never-was -- true')).toContain('pods "never-was" not found');
  });

  it('tells the containers of a pod apart', async () => {
    const { ok } = kubectl;
    await ok('create deployment pair --image=example.com/first --image=example.com/second');
    await ok('rollout status deployment/pair --timeout=20s');
    expect(await ok('exec deploy/pair -c second -- hostname')).toMatch(/^pair-/);
    expect(await ok('logs deploy/pair -c second')).toContain('image example.com/second is not');
    // kubectl asks for them in any order.
    const all = await ok('logs deploy/pair --all-containers');
    expect(all).toContain('image example.com/first is not');
    expect(all).toContain('image example.com/second is not');
    expect(await ok('logs -l app=pair --prefix -c first')).toMatch(/^\[pod\/pair-\S+\/first\] /);
  });
});

describe.concurrent('kubectl port-forward', LONG, () => {
  it('carries many connections and big answers to a pod and to a Service', async () => {
    const { ok } = kubectl;
    await ok(`create deployment ported --image=${MOCK} --port=8080`);
    await ok('expose deployment ported --port=80 --target-port=8080');
    await ok('rollout status deployment/ported --timeout=20s');
    const forwards = ['deploy/ported', 'svc/ported'].map((name) => {
      const port = name.startsWith('svc') ? ':80' : ':8080';
      return kubectl.start(`port-forward ${name} ${port}`);
    });
    for (const forward of forwards) {
      const [, port = ''] = await forward.prints(/127\.0\.0\.1:(\d+)/);
      const url = `http://127.0.0.1:${port}`;
      const answers = await Promise.all(Array.from({ length: 8 }, () => fetched(`${url}/version`)));
      expect(answers.filter(({ text }) => !text.includes('"version":"1.0.0"'))).toEqual([]);
      expect((await fetched(`${url}/status/503`)).status).toBe(503);
      const big = await fetched(`${url}/status/200`, 'x'.repeat(2_000_000));
      expect(big.status).toBe(200);
      expect(await kept(`${url}/version`, 1500)).toBeGreaterThan(65_536);
      const cut = fetched(`${url}/reset-before-response/1`, 'x'.repeat(2_000_000));
      await expect(cut).rejects.toThrow();
      expect((await fetched(`${url}/version`)).status).toBe(200);
      const waiting = fetched(`${url}/delay/60000`);
      await Promise.all([expect(waiting).rejects.toThrow(), forward.end()]);
    }
  });

  it('says that nothing listens', async () => {
    await kubectl.ok('wait --for=condition=Ready pod/shell --timeout=20s');
    const forward = kubectl.start('port-forward pod/shell :9');
    const [, port = ''] = await forward.prints(/127\.0\.0\.1:(\d+)/);
    await expect(fetched(`http://127.0.0.1:${port}/`)).rejects.toThrow();
    await forward.end();
    expect(forward.err()).toContain('pod shell does not listen on port 9');
  });
});

function fetched(
  url: string,
  body?: string,
  agent: Agent | false = false,
): Promise<{ readonly status: number; readonly text: string }> {
  return new Promise((resolve, reject) => {
    const sent = request(url, { agent, method: body === undefined ? 'GET' : 'POST' });
    sent.on('response', (response) => {
      let text = '';
      response.on('data', (chunk: Buffer) => {
        text += chunk.toString();
      });
      response.on('end', () => resolve({ status: response.statusCode ?? 0, text }));
    });
    sent.on('error', reject);
    sent.end(body);
  });
}

/** Bytes of so many answers that come one after the other over one connection. */
async function kept(url: string, times: number): Promise<number> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  let bytes = 0;
  for (let time = 0; time < times; time += 1) {
    const { text } = await fetched(url, undefined, agent);
    bytes += text.length;
  }
  agent.destroy();
  return bytes;
}
