// The controller as it is installed: what `slipway install` prints, applied with kubectl, and processes that have the
// rights of the account that comes with it and no others.
import { readFile, writeFile } from 'node:fs/promises';
import { systemListener } from '../../src/host/listener.ts';
import { systemProcesses } from '../../src/host/processes.ts';
import { createTransport } from '../../src/host/transport.ts';
import type { Program, Started } from '../support/program.ts';
import { until } from './real.ts';

export interface Place {
  /** Of an administrator. */
  readonly kubeconfig: string;
  /** Where the controller is installed. */
  readonly namespace: string;
  /** Its ServiceAccount and its Deployment. */
  readonly name: string;
}

export interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** `kubectl WORDS` with that input. */
export async function kubectl(
  kubeconfig: string,
  words: readonly string[],
  stdin = '',
): Promise<Ran> {
  const env = { KUBECONFIG: kubeconfig, TERM: 'dumb' };
  const { code, stdout, stderr } = await systemProcesses.run({
    command: 'kubectl',
    args: words,
    env,
    stdin,
  });
  return { code, out: stdout, err: stderr };
}

/** Its output; throws when it fails. */
export async function kubectlOk(
  kubeconfig: string,
  words: readonly string[],
  stdin = '',
): Promise<string> {
  const { code, out, err } = await kubectl(kubeconfig, words, stdin);
  if (code !== 0) throw new Error(`kubectl ${words.join(' ')} ended with ${code}: ${err}${out}`);
  return out;
}

/** What `slipway install FLAGS` prints. */
export async function printed(program: Program, flags: readonly string[]): Promise<string> {
  const started = program.start(['install', ...flags]);
  const code = await started.exit;
  if (code !== 0) throw new Error(`slipway install ended with ${code}: ${started.err()}`);
  return started.out();
}

/** Installs it for that namespace and nothing beyond it. */
export async function installForOne(
  program: Program,
  kubeconfig: string,
  namespace: string,
): Promise<Place> {
  const text = await printed(program, ['--namespaced', '-n', namespace, '--crds', 'none']);
  await kubectlOk(kubeconfig, ['apply', '-f', '-'], text);
  return { kubeconfig, namespace, name: 'argo-rollouts' };
}

/** A controller's process, and the token that its requests carry. */
export interface Installed extends Started {
  readonly token: string;
  /** Resolves once it leads and drives what there is. */
  leads(): Promise<void>;
  /** Resolves once it waits for its turn. */
  standsBy(): Promise<void>;
  /** What one of its pages says: `/readyz`, `/metrics`. */
  page(path: string): Promise<string>;
}

export interface StartOptions {
  /** Behind those of the installed Deployment. */
  readonly flags?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Where it reaches the API server, if not where everybody does. */
  readonly server?: string;
}

let started = 0;

/** Starts what the Deployment would start, with a token of the Deployment's account. */
export async function startInstalled(
  program: Program,
  place: Place,
  { flags = [], env = {}, server }: StartOptions = {},
): Promise<Installed> {
  const { kubeconfig, namespace, name } = place;
  const token = (await kubectlOk(kubeconfig, ['create', 'token', name, '-n', namespace])).trim();
  const own = `${program.folder}/kubeconfig-${(started += 1)}`;
  const text = await readFile(kubeconfig, 'utf8');
  const mine = text.replace(/token: .*/, `token: ${token}`);
  await writeFile(
    own,
    server === undefined ? mine : mine.replace(/server: .*/, `server: ${server}`),
  );
  const output = '-o=jsonpath={.spec.template.spec.containers[0].args}';
  const get = ['get', 'deployment', name, '-n', namespace, output];
  const args = JSON.parse(await kubectlOk(kubeconfig, get)) as readonly string[];
  const local = ['--listen-address=127.0.0.1', '--metricsPort=0', '--healthzPort=0'];
  const where = ['--kubeconfig', own, '-n', namespace];
  const process = program.start([...args, ...where, ...local, ...flags], {
    POD_NAMESPACE: namespace,
    ...env,
  });
  const says = async (words: RegExp): Promise<void> => {
    const state = { hasEnded: false };
    const whenEnded = async (): Promise<void> => {
      await process.exit;
      state.hasEnded = true;
    };
    void whenEnded();
    await until(`${String(words)} of a controller`, () => {
      if (words.test(process.err())) return Promise.resolve(true);
      if (state.hasEnded) throw new Error(`it ended and never said so: ${process.err()}`);
      return Promise.resolve(false);
    });
  };
  return {
    ...process,
    token,
    leads: () => says(/msg=ready/),
    standsBy: () => says(/msg=leader /),
    page: async (path) => {
      await says(/msg=listening/);
      const found = /msg=listening metrics=(\S+) health=(\S+)/.exec(process.err());
      const address = path === '/metrics' ? found?.[1] : found?.[2];
      return (await fetch(`http://${address ?? ''}${path}`)).text();
    },
  };
}

/** Ends it as a Deployment does; throws with its last words unless it ends cleanly. */
export async function endCleanly(controller: Installed): Promise<void> {
  const code = await controller.end('SIGTERM');
  if (code !== 0) throw new Error(`it ended with ${code}: ${lastWords(controller)}`);
}

const LAST_LINES = 20;

export function lastWords({ err }: Installed): string {
  return err().trimEnd().split('\n').slice(-LAST_LINES).join('\n');
}

/** A way to the mesh's Prometheus for processes outside of the mesh: what is to be their HTTP_PROXY. */
export async function wayToPrometheus(
  prometheus: string,
): Promise<{ readonly url: string; close(): Promise<void> }> {
  const there = createTransport({ server: prometheus, insecure: false });
  const listening = await systemListener.listen({
    // A proxy is asked for whole addresses.
    handler: (request) =>
      there.send({ ...request, path: request.path.replace(/^http:\/\/[^/]+/, '') }),
  });
  return {
    url: `http://${listening.address}:${listening.port}`,
    close: async () => {
      await listening.close();
      there.close();
    },
  };
}
