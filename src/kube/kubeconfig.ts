// Where the API server is and who we are: kubeconfig files as kubectl reads them, or the service account of a pod.
// Files are parsed in `kubeconfig-file.ts`. Entry point: `loadKubeconfig`.
import { ConfigError } from './config-error.ts';
import type { Credentials } from './credentials.ts';
import {
  type Chosen,
  credentialsOf,
  type KubeconfigPorts,
  type Overrides,
  readFile,
  trustOf,
} from './identity.ts';
import {
  type Cluster,
  type Config,
  type Entry,
  isEmpty,
  merged,
  parseKubeconfig,
  type User,
} from './kubeconfig-file.ts';

export interface Connection {
  readonly server: string;
  /** Where the address comes from, for messages. */
  readonly source: string;
  readonly authorityPem?: string;
  readonly insecure: boolean;
  readonly serverName?: string;
  readonly proxyUrl?: string;
  /** Of the context; `default` if it has none. */
  readonly namespace: string;
  readonly credentials: Credentials;
}

const SERVICE_ACCOUNT = '/var/run/secrets/kubernetes.io/serviceaccount';

/** The connection that kubeconfig, environment and flags describe. Throws `ConfigError`. */
export async function loadKubeconfig(
  ports: KubeconfigPorts,
  overrides: Overrides,
): Promise<Connection> {
  const { config, missing } = await readConfig(ports, overrides);
  if (isEmpty(config) && overrides.server === undefined) {
    const inside = await inCluster(ports, overrides);
    if (inside !== undefined) return inside;
    throw nothingFound(config.files, missing);
  }
  return connectionOf(ports, config, overrides);
}

function nothingFound(empty: readonly string[], missing: readonly string[]): ConfigError {
  const looked = [
    ...missing.map((path) => `${path} does not exist`),
    ...empty.map((path) => `${path} is empty`),
  ];
  const found = looked.length === 0 ? '' : ` (${looked.join(', ')})`;
  return new ConfigError(
    `no configuration has been provided${found}: name a kubeconfig with --kubeconfig or KUBECONFIG, ` +
      'or an API server with --server',
  );
}

interface Found {
  readonly config: Config;
  readonly missing: readonly string[];
}

/** Files in the order of their precedence; those of a list that do not exist are passed over. */
async function readConfig(
  { files, env }: KubeconfigPorts,
  { kubeconfig = '' }: Overrides,
): Promise<Found> {
  const variable = env('KUBECONFIG') ?? '';
  const home = env('HOME') ?? '';
  const standard = home === '' ? [] : [files.join(home, '.kube', 'config')];
  const listed = variable === '' ? standard : variable.split(':').filter((path) => path !== '');
  const paths = kubeconfig === '' ? [...new Set(listed)] : [kubeconfig];
  const found: Config[] = [];
  const missing: string[] = [];
  for (const path of paths) {
    const text = await readFile(files, path, `the kubeconfig ${path}`);
    if (text !== undefined) found.push(parseKubeconfig(path, text));
    else if (kubeconfig === '') missing.push(path);
    else {
      throw new ConfigError(`the kubeconfig ${path} does not exist: --kubeconfig names it`);
    }
  }
  return { config: merged(found), missing };
}

function named<T>(
  what: string,
  list: readonly Entry<T>[],
  name: string,
  { files }: Config,
): Entry<T> {
  const found = list.find((one) => one.name === name);
  if (found !== undefined) return found;
  const names = list.map((one) => one.name).join(', ');
  const place = files.length === 0 ? 'there is no kubeconfig' : `${files.join(', ')} has`;
  const there = files.length === 0 ? '' : names === '' ? ' none' : ` ${names}`;
  throw new ConfigError(`${what} "${name}" does not exist: ${place}${there}`);
}

interface Picked {
  readonly contextName: string;
  readonly namespace: string | undefined;
  readonly cluster: Entry<Cluster> | undefined;
  readonly user: Entry<User> | undefined;
}

/** The entries that flags and context name; flags come first. */
function picked(config: Config, overrides: Overrides): Picked {
  const { contexts, clusters, users } = config;
  const find = <T>(what: string, list: readonly Entry<T>[], name = ''): Entry<T> | undefined =>
    name === '' ? undefined : named(what, list, name, config);
  const contextName = overrides.context ?? config.current;
  const { value: context = {} } = find('context', contexts, contextName) ?? {};
  return {
    contextName,
    namespace: overrides.namespace ?? context.namespace,
    cluster: find('cluster', clusters, overrides.cluster ?? context.cluster),
    user: find('user', users, overrides.user ?? context.user),
  };
}

function chosen(config: Config, overrides: Overrides): Chosen {
  const { contextName, namespace = 'default', cluster, user } = picked(config, overrides);
  const flags = 'the flags';
  const source = cluster === undefined ? flags : `cluster "${cluster.name}" of ${cluster.file}`;
  const server = overrides.server ?? cluster?.value.server;
  if (server === undefined) throw noServer(config, contextName, cluster);
  return {
    server: addressOf(server, source),
    source: overrides.server === undefined ? source : 'the flag --server',
    cluster: cluster?.value ?? {},
    where: user === undefined ? flags : `user "${user.name}" of ${user.file}`,
    user: user?.value ?? {},
    namespace,
  };
}

function noServer(
  config: Config,
  contextName: string,
  cluster: Entry<Cluster> | undefined,
): ConfigError {
  if (cluster !== undefined) {
    const where = `cluster "${cluster.name}" of ${cluster.file}`;
    return new ConfigError(`${where} names no server: set its field server`);
  }
  const files = config.files.join(', ');
  if (contextName !== '') {
    return new ConfigError(
      `context "${contextName}" of ${files} names no cluster: set its field cluster`,
    );
  }
  const names = config.contexts.map(({ name }) => name).join(', ');
  return new ConfigError(
    `${files} has no current-context: choose one with --context` +
      (names === '' ? '' : ` (there are ${names})`),
  );
}

function addressOf(server: string, source: string): string {
  if (/^https?:\/\/[^/?#\s]+/.test(server)) return server;
  throw new ConfigError(
    `server ${JSON.stringify(server)} of ${source} is no address: write it as https://HOST:PORT`,
  );
}

async function connectionOf(
  ports: KubeconfigPorts,
  config: Config,
  overrides: Overrides,
): Promise<Connection> {
  const choice = chosen(config, overrides);
  const { server, source, cluster, namespace } = choice;
  const serverName = overrides.serverName ?? cluster.serverName;
  const tls = await trustOf(ports, choice, overrides);
  return {
    server,
    source,
    ...tls,
    ...(serverName === undefined ? {} : { serverName }),
    ...(cluster.proxyUrl === undefined ? {} : { proxyUrl: proxyOf(cluster.proxyUrl, source) }),
    namespace,
    credentials: await credentialsOf(ports, choice, { overrides, ...tls }),
  };
}

function proxyOf(url: string, source: string): string {
  if (/^https?:\/\//.test(url)) return url;
  throw new ConfigError(
    `proxy-url ${JSON.stringify(url)} of ${source} is not supported: name a proxy with http:// or https://`,
  );
}

/** The service account of the pod that we run in; undefined outside of one. */
export async function inCluster(
  ports: KubeconfigPorts,
  overrides: Overrides = {},
): Promise<Connection | undefined> {
  const { env, files } = ports;
  const host = env('KUBERNETES_SERVICE_HOST') ?? '';
  const port = env('KUBERNETES_SERVICE_PORT') ?? '443';
  const tokenFile = `${SERVICE_ACCOUNT}/token`;
  const authorityFile = `${SERVICE_ACCOUNT}/ca.crt`;
  if (host === '' || (await files.read(tokenFile)) === undefined) return undefined;
  const space = env('POD_NAMESPACE') ?? (await files.read(`${SERVICE_ACCOUNT}/namespace`))?.trim();
  const choice: Chosen = {
    server: `https://${host.includes(':') ? `[${host}]` : host}:${port}`,
    source: 'the service account of this pod',
    where: 'the service account of this pod',
    cluster: (await files.read(authorityFile)) === undefined ? {} : { authorityFile },
    user: { tokenFile },
    namespace: overrides.namespace ?? space ?? 'default',
  };
  const { server, source, namespace } = choice;
  const trust = await trustOf(ports, choice, overrides);
  const credentials = await credentialsOf(ports, choice, { overrides, ...trust });
  return { server, source, ...trust, namespace, credentials };
}
