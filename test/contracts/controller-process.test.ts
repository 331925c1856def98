// `slipway controller` as a process of its own: it says when it is ready, waits for a server that is not there, and
// ends cleanly on SIGTERM.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/host/clock.ts';
import { systemListener } from '../../src/host/listener.ts';
import type { Listening } from '../../src/lib/ports.ts';
import { seededRandom } from '../../src/lib/random.ts';
import { toYaml } from '../../src/lib/yaml.ts';
import { createSandbox, type Sandbox } from '../../src/sandbox/sandbox.ts';

const PROGRAM = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));

let folder: string;
let child: ChildProcess | undefined;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'slipway-process-'));
});

afterEach(() => {
  child?.kill('SIGKILL');
  child = undefined;
});
afterAll(() => rm(folder, { recursive: true }));

/** Starts a controller on the server; gives what it says, line by line, and what it ends with. */
async function controllerOn(server: string) {
  const name = 'c';
  const kubeconfig = join(folder, 'kubeconfig');
  const text = toYaml({
    clusters: [{ name, cluster: { server } }],
    users: [{ name, user: { token: 't' } }],
    contexts: [{ name, context: { cluster: name, user: name } }],
    'current-context': name,
  });
  await writeFile(kubeconfig, text);
  const started = spawn(process.execPath, [PROGRAM, 'controller', '--kubeconfig', kubeconfig], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { ...process.env, KUBECONFIG: '', NODE_NO_WARNINGS: '1' },
  });
  child = started;
  let said = '';
  const waiting = new Set<() => void>();
  started.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    said += chunk;
    for (const look of waiting) look();
  });
  const exited = once(started, 'exit') as Promise<[code: number | null, signal: string | null]>;
  const says = (words: RegExp): Promise<void> => {
    const { promise, resolve } = Promise.withResolvers<void>();
    const look = (): void => {
      if (words.test(said)) resolve();
    };
    waiting.add(look);
    look();
    const ended = exited.then(() => {
      throw new Error(`it ended and never said ${String(words)}: ${said}`);
    });
    return Promise.race([promise, ended]);
  };
  return { says, exited, said: () => said, terminate: () => started.kill('SIGTERM') };
}

describe('slipway controller', () => {
  let sandbox: Sandbox;
  let listening: Listening;

  beforeAll(async () => {
    const onProblem = (what: string, error: Error): void => {
      throw new Error(what, { cause: error });
    };
    const random = seededRandom('process');
    sandbox = createSandbox({ clock: systemClock, random, onProblem });
    await sandbox.start();
    listening = await systemListener.listen({ handler: sandbox.api });
  });

  afterAll(async () => {
    await listening.close();
    await sandbox.stop();
  });

  it('ends with 0 within five seconds after SIGTERM', async () => {
    const controller = await controllerOn(`http://127.0.0.1:${listening.port}`);
    await controller.says(/msg=ready/);
    const begin = performance.now();
    controller.terminate();
    expect(await controller.exited).toEqual([0, null]);
    expect(performance.now() - begin).toBeLessThan(5000);
    expect(controller.said()).toMatch(/msg=stopping/);
  });

  it('waits for a server that is not there, says why, and ends on SIGTERM all the same', async () => {
    const gone = await systemListener.listen({ handler: sandbox.api });
    await gone.close();
    const controller = await controllerOn(`http://127.0.0.1:${gone.port}`);
    await controller.says(/cannot reach http:\S+, the server of cluster .+ECONNREFUSED/);
    const begin = performance.now();
    controller.terminate();
    expect(await controller.exited).toEqual([0, null]);
    expect(performance.now() - begin).toBeLessThan(5000);
  });
});
