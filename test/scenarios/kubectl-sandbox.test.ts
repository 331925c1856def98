// `slipway sandbox` as users start and end it, with the machine's kubectl.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect, createServer, type AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemFiles } from '../../src/host/files.ts';
import { systemProcesses } from '../../src/host/processes.ts';
import { bundledProgram, type Program, type Started } from '../support/program.ts';

/** Processes are slow where many run beside each other. */
const LONG = { timeout: 90_000 } as const;

let program: Program;

beforeAll(async () => {
  program = await bundledProgram();
}, LONG.timeout);

afterAll(() => program.close(), LONG.timeout);

interface Sandbox extends Started {
  readonly kubeconfig: string;
  readonly port: number;
  kubectl(line: string, stdin?: string): Promise<string>;
}

async function sandbox(...flags: readonly string[]): Promise<Sandbox> {
  const started = program.start(['sandbox', ...flags]);
  await started.prints(/Ctrl-C ends it\./);
  const [, port = ''] = await started.prints(/API server +https:\/\/127\.0\.0\.1:(\d+)/);
  const [, kubeconfig = ''] = await started.prints(/export KUBECONFIG=(\S+)/);
  return {
    ...started,
    kubeconfig,
    port: Number(port),
    kubectl: async (line, stdin) => {
      const { code, stdout, stderr } = await systemProcesses.run({
        command: 'kubectl',
        args: line.split(' '),
        env: { KUBECONFIG: kubeconfig, KUBECACHEDIR: `${program.folder}/cache-${port}` },
        ...(stdin === undefined ? {} : { stdin }),
      });
      expect({ line, code, stderr: code === 0 ? '' : stderr }).toEqual({
        line,
        code: 0,
        stderr: '',
      });
      return stdout;
    },
  };
}

function isOpen(port: number): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const socket = connect({ port, host: '127.0.0.1' });
  socket.on('connect', () => {
    socket.destroy();
    resolve(true);
  });
  socket.on('error', () => resolve(false));
  return promise;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

function configMaps(count: number): string {
  const items = Array.from({ length: count }, (_, index) => ({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: `map-${index}`, namespace: 'default' },
    data: { filling: 'x'.repeat(2000) },
  }));
  return JSON.stringify({ apiVersion: 'v1', kind: 'List', items });
}

describe('slipway sandbox', LONG, () => {
  it('says how to point kubectl at it, runs beside another one, and leaves nothing behind while clients watch', async () => {
    const [one, two] = await Promise.all([sandbox(), sandbox()]);
    expect(one.port).not.toBe(two.port);
    expect(one.out()).toContain('kubectl get pods');
    await one.kubectl('create configmap only-here --from-literal=a=b');
    expect(await one.kubectl('get configmap -o name')).toBe('configmap/only-here\n');
    expect(await two.kubectl('get configmap -o name')).toBe('');
    await one.kubectl('wait --for=condition=Ready pod/shell --timeout=20s');
    const env = { ...process.env, KUBECONFIG: one.kubeconfig };
    const watch = spawn('kubectl', ['get', 'pods', '-w'], { env });
    const follow = spawn('kubectl', ['logs', '-f', 'shell'], { env });
    await Promise.all([once(watch.stdout, 'data'), once(follow.stdout, 'data')]);
    const ended = [once(watch, 'close'), once(follow, 'close')];
    expect(await one.end('SIGINT')).toBe(0);
    watch.kill();
    await Promise.all(ended);
    expect(await two.end('SIGTERM')).toBe(0);
    expect(one.err() + two.err()).toBe('');
    expect([isAlive(one.pid), isAlive(two.pid)]).toEqual([false, false]);
    expect([await isOpen(one.port), await isOpen(two.port)]).toEqual([false, false]);
    expect(await systemFiles.list(program.temporary)).toEqual(['.keep']);
  });

  it('goes on where it was stopped, also where it was killed', async () => {
    const first = await sandbox('--persist', 'state');
    expect(first.kubeconfig).toBe(`${program.folder}/state/kubeconfig`);
    await first.kubectl(
      'create deployment web --image=ghcr.io/ssup2/mock-go-server:1.0.0 --port=8080',
    );
    await first.kubectl('rollout status deployment/web --timeout=20s');
    const uid = await first.kubectl('get deployment web -o jsonpath={.metadata.uid}');
    expect(await first.end()).toBe(0);

    const second = await sandbox('--persist', 'state');
    expect(await second.kubectl('get deployment web -o jsonpath={.metadata.uid}')).toBe(uid);
    await second.kubectl('rollout status deployment/web --timeout=20s');
    const env = { ...process.env, KUBECONFIG: second.kubeconfig };
    const writing = spawn('kubectl', ['create', '-f', '-'], { env });
    let told = '';
    const isUnderWay = Promise.withResolvers<undefined>();
    writing.stdout.on('data', (chunk: Buffer) => {
      told += chunk.toString();
      if (told.split('\n').length > 20) isUnderWay.resolve(undefined);
    });
    writing.stdin.on('error', () => undefined);
    writing.stdin.end(configMaps(500));
    const isWritten = once(writing, 'close');
    await isUnderWay.promise;
    await second.end('SIGKILL');
    await isWritten;

    const third = await sandbox('--persist', 'state');
    const names = [...told.matchAll(/configmap\/(map-\d+) created/g)].map(([, name]) => name);
    const { items } = JSON.parse(await third.kubectl('get configmaps -o json')) as {
      readonly items: readonly {
        readonly metadata: { readonly name: string };
        readonly data: { readonly filling: string };
      }[];
    };
    const kept = new Map(items.map(({ metadata, data }) => [metadata.name, data.filling.length]));
    expect(names.length).toBeGreaterThan(19);
    expect(names.length).toBeLessThan(500);
    expect(names.filter((name = '') => kept.get(name) !== 2000)).toEqual([]);
    await third.kubectl('create configmap after --from-literal=a=b');
    await third.kubectl('rollout status deployment/web --timeout=20s');

    const beside = program.start(['sandbox', '--persist', 'state']);
    expect(await beside.exit).toBe(1);
    expect(beside.err()).toBe(
      `Error: --persist: ${program.folder}/state/state.sqlite cannot be opened: another process ` +
        'is using it: choose another folder\n',
    );
    expect(await third.end()).toBe(0);
  });

  it('says in one sentence that the port is in use', async () => {
    const other = createServer();
    other.listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port } = other.address() as AddressInfo;
    const refused = program.start(['sandbox', '--port', String(port)]);
    expect(await refused.exit).toBe(1);
    expect({ out: refused.out(), err: refused.err() }).toEqual({
      out: '',
      err: `Error: --port: 127.0.0.1:${port} is in use by another program: choose another port\n`,
    });
    other.close();
    expect(await systemFiles.list(program.temporary)).toEqual(['.keep']);
  });

  it('says in one sentence that the folder cannot be used', async () => {
    await systemFiles.write(`${program.folder}/file`, 'no folder');
    const refused = program.start(['sandbox', '--persist', 'file/state']);
    expect(await refused.exit).toBe(1);
    expect(refused.out()).toBe('');
    expect(refused.err()).toMatch(
      /^Error: --persist: \S+\/file\/state\/state\.sqlite cannot be opened: ENOTDIR: .*: choose another folder\n$/,
    );
  });

  it('says in one sentence that the folder holds something else', async () => {
    await systemFiles.write(`${program.folder}/foreign/state.sqlite`, 'x'.repeat(8192));
    const refused = program.start(['sandbox', '--persist', 'foreign']);
    expect(await refused.exit).toBe(1);
    expect(refused.err()).toMatch(
      /^Error: --persist: \S+ cannot be opened: file is not a database: choose another folder\n$/,
    );
  });
});
