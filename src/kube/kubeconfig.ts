// Where the API server is and who we are: kubeconfig files as kubectl reads them, or the service account of a pod
// (https://kubernetes.io/docs/concepts/configuration/organize-cluster-access-kubeconfig/).
// Entry point: `loadKubeconfig`.
import { base64, fromBase64, utf8, utf8Text } from '../lib/bytes.ts';
import type { Clock, Files, Headers, Processes } from '../lib/ports.ts';
import { type Instant, later, parseInstant, seconds } from '../lib/time.ts';
import { parseYaml } from '../lib/yaml.ts';
import { ConfigError } from './config-error.ts';

export interface Connection {
  readonly server: string;
  readonly authorityPem?: string;
  readonly clientCertPem?: string;
  readonly clientKeyPem?: string;
  readonly insecure: boolean;
  readonly serverName?: string;
  readonly proxyUrl?: string;
  /** Of the context; `default` if it has none. */
  readonly namespace: string;
  /** Authorization and impersonation, asked for before each request since tokens expire. */
  readonly headers: () => Promise<Headers>;
}

/** What flags override. */
export interface Overrides {
  readonly kubeconfig?: string;
  readonly context?: string;
  readonly cluster?: string;
  readonly user?: string;
  readonly server?: string;
  readonly namespace?: string;
  readonly token?: string;
  readonly authorityFile?: string;
  readonly certificateFile?: string;
  readonly keyFile?: string;
  readonly insecure?: boolean;
  readonly serverName?: string;
  readonly as?: string;
  readonly asGroups?: readonly string[];
  readonly asUid?: string;
}

export interface KubeconfigPorts {
  readonly files: Files;
  readonly processes: Processes;
  readonly clock: Clock;
  readonly env: (name: string) => string | undefined;
}

interface Named<T> {
  readonly name: string;
  readonly value: T;
}

interface Cluster {
  readonly server?: string;
  readonly 'certificate-authority'?: string;
  readonly 'certificate-authority-data'?: string;
  readonly 'insecure-skip-tls-verify'?: boolean;
  readonly 'tls-server-name'?: string;
  readonly 'proxy-url'?: string;
}

interface Exec {
  readonly command: string;
  readonly apiVersion?: string;
  readonly args?: readonly string[] | null;
  readonly env?: readonly { readonly name: string; readonly value: string }[] | null;
  readonly installHint?: string;
}

interface User {
  readonly 'client-certificate'?: string;
  readonly 'client-certificate-data'?: string;
  readonly 'client-key'?: string;
  readonly 'client-key-data'?: string;
  readonly token?: string;
  readonly tokenFile?: string;
  readonly username?: string;
  readonly password?: string;
  readonly exec?: Exec;
}

interface Context {
  readonly cluster?: string;
  readonly user?: string;
  readonly namespace?: string;
}

interface Config {
  readonly clusters: readonly Named<Cluster>[];
  readonly users: readonly Named<User>[];
  readonly contexts: readonly Named<Context>[];
  readonly current: string;
}

const EMPTY: Config = { clusters: [], users: [], contexts: [], current: '' };
const SERVICE_ACCOUNT = '/var/run/secrets/kubernetes.io/serviceaccount';

/** The connection that kubeconfig, environment and flags describe. Throws `ConfigError`. */
export async function loadKubeconfig(
  ports: KubeconfigPorts,
  overrides: Overrides,
): Promise<Connection> {
  const config = await readConfig(ports, overrides);
  if (config === undefined && overrides.server === undefined) {
    const inside = await inCluster(ports, overrides);
    if (inside !== undefined) return inside;
    throw new ConfigError(
      'no configuration has been provided: name a kubeconfig with --kubeconfig or KUBECONFIG, ' +
        'or an API server with --server',
    );
  }
  return connectionOf(ports, config ?? EMPTY, overrides);
}

/** Files in the order of their precedence; those that do not exist are passed over. */
async function readConfig(
  { files, env }: KubeconfigPorts,
  { kubeconfig }: Overrides,
): Promise<Config | undefined> {
  const isNamed = kubeconfig !== undefined && kubeconfig !== '';
  const variable = env('KUBECONFIG') ?? '';
  const home = env('HOME') ?? '';
  const standard = home === '' ? [] : [files.join(home, '.kube', 'config')];
  const listed = variable === '' ? standard : variable.split(':').filter((path) => path !== '');
  const paths = isNamed ? [kubeconfig] : listed;
  const found: Config[] = [];
  for (const path of paths) {
    const text = await files.read(path);
    if (text === undefined) {
      if (isNamed) throw new ConfigError(`the kubeconfig ${path} does not exist`);
      continue;
    }
    found.push(parsed(path, text));
  }
  return found.length === 0 ? undefined : merged(found);
}

function parsed(path: string, text: string): Config {
  const yaml = parseYaml(text);
  if (!yaml.ok) throw new ConfigError(`the kubeconfig ${path} is not YAML: ${yaml.error}`);
  const [document] = yaml.documents;
  if (document === undefined || document === null) return EMPTY;
  if (typeof document !== 'object') {
    throw new ConfigError(`the kubeconfig ${path} is no configuration`);
  }
  const folder = path.replace(/[^/]*$/, '');
  const raw = document as Readonly<Record<string, unknown>>;
  return {
    clusters: entries<Cluster>(raw['clusters'], 'cluster').map((one) =>
      resolved(one, folder, ['certificate-authority']),
    ),
    users: entries<User>(raw['users'], 'user').map((one) =>
      resolved(one, folder, ['client-certificate', 'client-key', 'tokenFile']),
    ),
    contexts: entries<Context>(raw['contexts'], 'context'),
    current: typeof raw['current-context'] === 'string' ? raw['current-context'] : '',
  };
}

function entries<T>(list: unknown, member: string): readonly Named<T>[] {
  if (!Array.isArray(list)) return [];
  const items: readonly unknown[] = list;
  return items.flatMap((item) => {
    if (typeof item !== 'object' || item === null) return [];
    const { name, [member]: value } = item as Readonly<Record<string, unknown>>;
    return typeof name === 'string' ? [{ name, value: (value ?? {}) as T }] : [];
  });
}

/** Paths in a file are relative to it. */
function resolved<T extends object>(
  { name, value }: Named<T>,
  folder: string,
  members: readonly string[],
): Named<T> {
  const changed = members.flatMap((member) => {
    const path = (value as Readonly<Record<string, unknown>>)[member];
    const isRelative = typeof path === 'string' && path !== '' && !path.startsWith('/');
    return isRelative ? [[member, folder + path] as const] : [];
  });
  return { name, value: { ...value, ...Object.fromEntries(changed) } };
}

/** The first file that says something wins. */
function merged(configs: readonly Config[]): Config {
  const all = <T>(of: (config: Config) => readonly Named<T>[]): readonly Named<T>[] => {
    const seen = new Map<string, Named<T>>();
    for (const one of configs.flatMap(of)) if (!seen.has(one.name)) seen.set(one.name, one);
    return [...seen.values()];
  };
  return {
    clusters: all((config) => config.clusters),
    users: all((config) => config.users),
    contexts: all((config) => config.contexts),
    current: configs.find((config) => config.current !== '')?.current ?? '',
  };
}

function named<T>(list: readonly Named<T>[], name: string | undefined): T | undefined {
  return list.find((one) => one.name === name)?.value;
}

interface Chosen {
  readonly cluster: Cluster;
  readonly user: User;
  readonly server: string;
  readonly namespace: string;
}

function chosen(config: Config, overrides: Overrides): Chosen {
  const wanted = overrides.context ?? '';
  const contextName = wanted === '' ? config.current : wanted;
  const context = named(config.contexts, contextName);
  if (context === undefined && contextName !== '') {
    throw new ConfigError(`context "${contextName}" does not exist`);
  }
  const clusterName = overrides.cluster ?? context?.cluster;
  const cluster = named(config.clusters, clusterName) ?? {};
  return {
    cluster,
    user: named(config.users, overrides.user ?? context?.user) ?? {},
    server: serverOf(overrides.server ?? cluster.server, { contextName, clusterName }),
    namespace: overrides.namespace ?? context?.namespace ?? 'default',
  };
}

function serverOf(
  server: string | undefined,
  {
    contextName,
    clusterName = '',
  }: { readonly contextName: string; readonly clusterName?: string | undefined },
): string {
  if (server !== undefined && server !== '') return server;
  throw new ConfigError(
    contextName === ''
      ? 'the kubeconfig has no current context: choose one with --context'
      : `cluster "${clusterName}" of context "${contextName}" names no server`,
  );
}

async function connectionOf(
  ports: KubeconfigPorts,
  config: Config,
  overrides: Overrides,
): Promise<Connection> {
  const { cluster, user, server, namespace } = chosen(config, overrides);
  const tls = await tlsOf(ports, { cluster, user, overrides });
  const proxy = cluster['proxy-url'];
  return {
    server,
    ...tls,
    ...(proxy === undefined ? {} : { proxyUrl: proxy }),
    namespace,
    headers: headersOf(ports, user, overrides),
  };
}

interface Parts {
  readonly cluster: Cluster;
  readonly user: User;
  readonly overrides: Overrides;
}

type Tls = Pick<
  Connection,
  'authorityPem' | 'clientCertPem' | 'clientKeyPem' | 'insecure' | 'serverName'
>;

async function tlsOf(ports: KubeconfigPorts, { cluster, user, overrides }: Parts): Promise<Tls> {
  const authority = await pem(ports, {
    file: overrides.authorityFile ?? cluster['certificate-authority'],
    data: overrides.authorityFile === undefined ? cluster['certificate-authority-data'] : undefined,
  });
  const cert = await pem(ports, {
    file: overrides.certificateFile ?? user['client-certificate'],
    data: overrides.certificateFile === undefined ? user['client-certificate-data'] : undefined,
  });
  const key = await pem(ports, {
    file: overrides.keyFile ?? user['client-key'],
    data: overrides.keyFile === undefined ? user['client-key-data'] : undefined,
  });
  const serverName = overrides.serverName ?? cluster['tls-server-name'];
  return {
    insecure: overrides.insecure ?? cluster['insecure-skip-tls-verify'] ?? false,
    ...(authority === undefined ? {} : { authorityPem: authority }),
    ...(cert === undefined ? {} : { clientCertPem: cert }),
    ...(key === undefined ? {} : { clientKeyPem: key }),
    ...(serverName === undefined ? {} : { serverName }),
  };
}

/** Data before file, as kubectl has it. */
async function pem(
  { files }: KubeconfigPorts,
  { file, data }: { readonly file: string | undefined; readonly data: string | undefined },
): Promise<string | undefined> {
  if (data !== undefined && data !== '') {
    const bytes = fromBase64(data);
    if (bytes === undefined)
      throw new ConfigError('the kubeconfig has certificate data that is not base64');
    return utf8Text(bytes);
  }
  if (file === undefined || file === '') return undefined;
  const text = await files.read(file);
  if (text === undefined) throw new ConfigError(`the certificate file ${file} does not exist`);
  return text;
}

function impersonation({ as, asGroups = [], asUid }: Overrides): Headers {
  return {
    ...(as === undefined || as === '' ? {} : { 'impersonate-user': as }),
    ...(asGroups.length === 0 ? {} : { 'impersonate-group': asGroups.join(',') }),
    ...(asUid === undefined || asUid === '' ? {} : { 'impersonate-uid': asUid }),
  };
}

function headersOf(
  ports: KubeconfigPorts,
  user: User,
  overrides: Overrides,
): Connection['headers'] {
  const fixed = impersonation(overrides);
  const token = overrides.token ?? user.token ?? '';
  if (token !== '') return () => Promise.resolve({ ...fixed, authorization: `Bearer ${token}` });
  const { tokenFile, exec, username, password = '' } = user;
  if (tokenFile !== undefined && tokenFile !== '') {
    return async () => ({ ...fixed, authorization: `Bearer ${await fileToken(ports, tokenFile)}` });
  }
  if (exec !== undefined) {
    const plugin = new ExecPlugin(ports, exec);
    return async () => ({ ...fixed, authorization: `Bearer ${await plugin.token()}` });
  }
  if (username !== undefined && username !== '') {
    const authorization = `Basic ${base64(utf8(`${username}:${password}`))}`;
    return () => Promise.resolve({ ...fixed, authorization });
  }
  return () => Promise.resolve(fixed);
}

async function fileToken({ files }: KubeconfigPorts, path: string): Promise<string> {
  const text = await files.read(path);
  if (text === undefined) throw new ConfigError(`the token file ${path} does not exist`);
  return text.trim();
}

interface ExecCredential {
  readonly status?: { readonly token?: string; readonly expirationTimestamp?: string };
}

/** A program that gives tokens; asked again shortly before one expires. */
class ExecPlugin {
  readonly #ports: KubeconfigPorts;
  readonly #exec: Exec;
  #token = '';
  #until: Instant | undefined;

  constructor(ports: KubeconfigPorts, exec: Exec) {
    this.#ports = ports;
    this.#exec = exec;
  }

  async token(): Promise<string> {
    const now = this.#ports.clock.now();
    const isFresh = this.#token !== '' && (this.#until === undefined || now < this.#until);
    return isFresh ? this.#token : this.#ask();
  }

  async #ask(): Promise<string> {
    const { command, args, env, apiVersion = 'client.authentication.k8s.io/v1' } = this.#exec;
    const info = { apiVersion, kind: 'ExecCredential', spec: { interactive: false } };
    const own = Object.fromEntries((env ?? []).map(({ name, value }) => [name, value]));
    const { code, stdout, stderr } = await this.#ports.processes.run({
      command,
      args: args ?? [],
      env: { ...own, KUBERNETES_EXEC_INFO: JSON.stringify(info) },
    });
    if (code !== 0) {
      throw new ConfigError(
        `the credential plugin ${command} failed with ${code}: ${stderr.trim()}`,
      );
    }
    const token = this.#parsed(stdout);
    return token;
  }

  #parsed(stdout: string): string {
    const { command } = this.#exec;
    let credential: ExecCredential;
    try {
      credential = JSON.parse(stdout) as ExecCredential;
    } catch (error) {
      throw new ConfigError(`the credential plugin ${command} printed no JSON`, { cause: error });
    }
    const { token = '', expirationTimestamp } = credential.status ?? {};
    if (token === '') throw new ConfigError(`the credential plugin ${command} gave no token`);
    const expires = parseInstant(expirationTimestamp ?? '');
    this.#until = expires === undefined ? undefined : later(expires, seconds(-10));
    this.#token = token;
    return token;
  }
}

/** The service account of the pod that we run in; undefined outside of one. */
async function inCluster(
  ports: KubeconfigPorts,
  overrides: Overrides,
): Promise<Connection | undefined> {
  const { env, files } = ports;
  const host = env('KUBERNETES_SERVICE_HOST') ?? '';
  const port = env('KUBERNETES_SERVICE_PORT') ?? '443';
  if (host === '') return undefined;
  const tokenFile = `${SERVICE_ACCOUNT}/token`;
  if ((await files.read(tokenFile)) === undefined) return undefined;
  const authorityPem = await files.read(`${SERVICE_ACCOUNT}/ca.crt`);
  const namespace = await files.read(`${SERVICE_ACCOUNT}/namespace`);
  const address = host.includes(':') ? `[${host}]` : host;
  return {
    server: `https://${address}:${port}`,
    insecure: false,
    ...(authorityPem === undefined ? {} : { authorityPem }),
    namespace: overrides.namespace ?? namespace?.trim() ?? 'default',
    headers: headersOf(ports, { tokenFile }, overrides),
  };
}
