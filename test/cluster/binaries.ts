// The programs of a real control plane: kube-apiserver and kube-controller-manager are built with Go from
// control-plane/go.mod into .cache, etcd is the machine's. Entry point: `controlPlanePrograms`.
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createHash } from 'node:crypto';
import { isOnPath } from '../support/prometheus.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const source = fileURLToPath(new URL('control-plane', import.meta.url));

/** Where everything of the cluster is kept that is worth keeping. */
export const CACHE = join(root, '.cache/cluster');

export interface Programs {
  readonly etcd: string;
  readonly apiServer: string;
  readonly controllerManager: string;
}

const BUILT = ['kube-apiserver', 'kube-controller-manager'] as const;

/** The version of Kubernetes that go.mod names, such as `v1.34.4`. */
function kubernetesVersion(): string {
  const found = /k8s\.io\/kubernetes (v\d+\.\d+\.\d+)/.exec(
    readFileSync(join(source, 'go.mod'), 'utf8'),
  );
  if (found?.[1] === undefined) throw new Error(`${source}/go.mod names no k8s.io/kubernetes`);
  return found[1];
}

/** What changes whenever the programs must be built anew. */
function stamp(): string {
  const hash = createHash('sha256');
  for (const file of ['go.mod', 'go.sum', 'tools.go'])
    hash.update(readFileSync(join(source, file)));
  return hash.digest('hex');
}

/** Builds what is not built yet; throws with what is missing on this machine. */
export async function controlPlanePrograms(say: (line: string) => void): Promise<Programs> {
  if (!isOnPath('etcd')) {
    throw new Error('the cluster needs etcd on the PATH: on Debian, apt-get install etcd-server');
  }
  const folder = join(CACHE, 'bin');
  const mark = join(folder, 'stamp');
  const isBuilt =
    existsSync(mark) &&
    readFileSync(mark, 'utf8') === stamp() &&
    BUILT.every((name) => existsSync(join(folder, name)));
  if (!isBuilt) {
    mustHaveGo();
    say('building kube-apiserver and kube-controller-manager (once, some minutes) ...');
    mkdirSync(folder, { recursive: true });
    rmSync(mark, { force: true });
    await build(folder);
    writeFileSync(mark, stamp());
  }
  return {
    etcd: 'etcd',
    apiServer: join(folder, 'kube-apiserver'),
    controllerManager: join(folder, 'kube-controller-manager'),
  };
}

/** Throws with the remedy where Go is missing or older than go.mod asks for. */
function mustHaveGo(): void {
  const wanted = /^go (\S+)$/m.exec(readFileSync(join(source, 'go.mod'), 'utf8'))?.[1] ?? '';
  const remedy = `install ${wanted} or later from https://go.dev/dl/`;
  if (!isOnPath('go')) {
    throw new Error(`the cluster is built with Go, which is not on the PATH: ${remedy}`);
  }
  // Asked in that folder: since 1.21 Go fetches the version that go.mod asks for, where it may.
  const { stdout, stderr } = spawnSync('go', ['env', 'GOVERSION'], {
    cwd: source,
    encoding: 'utf8',
  });
  const found = /^go(\S+)/.exec(stdout)?.[1];
  if (found === undefined || isOlder(found, wanted)) {
    const what = found === undefined ? stderr.trim() : `Go ${found} is too old`;
    throw new Error(`the cluster cannot be built: ${what}; ${remedy}, or set GOTOOLCHAIN=auto`);
  }
}

function isOlder(version: string, than: string): boolean {
  return version.localeCompare(than, 'en', { numeric: true }) < 0;
}

async function build(folder: string): Promise<void> {
  const version = kubernetesVersion();
  const [major, minor] = version.slice(1).split('.');
  // Without these the server says that it is v0.0.0, and kubectl complains.
  const set = Object.entries({ gitVersion: version, gitMajor: major, gitMinor: minor });
  const flags = set.map(([name, value]) => `-X k8s.io/component-base/version.${name}=${value}`);
  const packages = BUILT.map((name) => `k8s.io/kubernetes/cmd/${name}`);
  const ldflags = ['-s', '-w', ...flags].join(' ');
  const child = spawn('go', ['build', '-ldflags', ldflags, '-o', `${folder}/`, ...packages], {
    cwd: source,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    said += chunk;
  });
  const [code] = (await once(child, 'close')) as [number | null];
  if (code !== 0) throw new Error(`go build of the control plane ended with ${code}:\n${said}`);
}
