// One kubeconfig file as data, checked field by field, and several of them merged
// (https://kubernetes.io/docs/concepts/configuration/organize-cluster-access-kubeconfig/).
import { parseYaml } from '../lib/yaml.ts';
import { ConfigError } from './config-error.ts';

/** A named part of a file. */
export interface Entry<T> {
  readonly name: string;
  readonly file: string;
  readonly value: T;
}

export interface Cluster {
  readonly server?: string;
  readonly authorityFile?: string;
  readonly authorityData?: string;
  readonly insecure?: boolean;
  readonly serverName?: string;
  readonly proxyUrl?: string;
  /** What the cluster has to say to credential plugins. */
  readonly execConfig?: unknown;
}

export interface Exec {
  readonly command: string;
  readonly apiVersion: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly interactiveMode: string;
  readonly installHint?: string;
  readonly wantsCluster: boolean;
}

export interface User {
  readonly certificateFile?: string;
  readonly certificateData?: string;
  readonly keyFile?: string;
  readonly keyData?: string;
  readonly token?: string;
  readonly tokenFile?: string;
  readonly username?: string;
  readonly password?: string;
  readonly as?: string;
  readonly asUid?: string;
  readonly asGroups?: readonly string[];
  readonly asExtra?: Readonly<Record<string, readonly string[]>>;
  readonly hasAuthProvider?: boolean;
  readonly exec?: Exec;
}

export interface Context {
  readonly cluster?: string;
  readonly user?: string;
  readonly namespace?: string;
}

export interface Config {
  readonly files: readonly string[];
  readonly clusters: readonly Entry<Cluster>[];
  readonly users: readonly Entry<User>[];
  readonly contexts: readonly Entry<Context>[];
  readonly current: string;
}

export const EMPTY: Config = { files: [], clusters: [], users: [], contexts: [], current: '' };

/** Whether it says nothing at all, as /dev/null does. */
export function isEmpty({ clusters, users, contexts, current }: Config): boolean {
  return current === '' && [clusters, users, contexts].every((list) => list.length === 0);
}

/** The first file that says something wins; entries are taken whole. */
export function merged(configs: readonly Config[]): Config {
  const all = <T>(of: (config: Config) => readonly Entry<T>[]): readonly Entry<T>[] => {
    const seen = new Map<string, Entry<T>>();
    for (const one of configs.flatMap(of)) if (!seen.has(one.name)) seen.set(one.name, one);
    return [...seen.values()];
  };
  return {
    files: configs.flatMap((config) => config.files),
    clusters: all((config) => config.clusters),
    users: all((config) => config.users),
    contexts: all((config) => config.contexts),
    current: configs.find((config) => config.current !== '')?.current ?? '',
  };
}

/** The file's text as data; paths in it are relative to the file. Throws `ConfigError`. */
export function parseKubeconfig(path: string, text: string): Config {
  const yaml = parseYaml(text);
  if (!yaml.ok) throw new ConfigError(`the kubeconfig ${path} is ${yaml.error}`);
  const [document] = yaml.documents;
  if (document === undefined) return { ...EMPTY, files: [path] };
  const fields = new Fields(document, `the kubeconfig ${path}`, '');
  const kind = fields.text('kind') ?? 'Config';
  if (kind !== 'Config') {
    throw new ConfigError(`${path} is a ${kind}, not a kubeconfig: name a file with kind: Config`);
  }
  const folder = path.replace(/[^/]*$/, '');
  return {
    files: [path],
    clusters: entriesOf(fields, path, ['clusters', 'cluster'], (one) => clusterOf(one, folder)),
    users: entriesOf(fields, path, ['users', 'user'], (one) => userOf(one, folder)),
    contexts: entriesOf(fields, path, ['contexts', 'context'], contextOf),
    current: fields.text('current-context') ?? '',
  };
}

function entriesOf<T>(
  fields: Fields,
  file: string,
  [list, member]: readonly [string, string],
  read: (fields: Fields) => T,
): readonly Entry<T>[] {
  return fields.list(list).map((one, index) => {
    const entry = new Fields(one, fields.where, `${list}[${index}].`);
    const name = entry.text('name');
    if (name === undefined) throw entry.wrong('name', 'is missing: give the entry a name');
    return { name, file, value: read(entry.record(member)) };
  });
}

function contextOf(fields: Fields): Context {
  return dropAbsent({
    cluster: fields.text('cluster'),
    user: fields.text('user'),
    namespace: fields.text('namespace'),
  });
}

const EXEC_EXTENSION = 'client.authentication.k8s.io/exec';

function clusterOf(fields: Fields, folder: string): Cluster {
  const extension = fields
    .list('extensions')
    .map((one) => one as { readonly name?: unknown; readonly extension?: unknown } | null)
    .find((one) => one?.name === EXEC_EXTENSION);
  return dropAbsent({
    server: fields.text('server'),
    authorityFile: fields.path('certificate-authority', folder),
    authorityData: fields.text('certificate-authority-data'),
    insecure: fields.flag('insecure-skip-tls-verify'),
    serverName: fields.text('tls-server-name'),
    proxyUrl: fields.text('proxy-url'),
    execConfig: extension?.extension,
  });
}

function userOf(fields: Fields, folder: string): User {
  const extra = fields.record('as-user-extra');
  const asExtra = extra.names().map((name) => [name, extra.texts(name)] as const);
  return dropAbsent({
    certificateFile: fields.path('client-certificate', folder),
    certificateData: fields.text('client-certificate-data'),
    keyFile: fields.path('client-key', folder),
    keyData: fields.text('client-key-data'),
    token: fields.text('token'),
    tokenFile: fields.path('tokenFile', folder),
    username: fields.text('username'),
    password: fields.text('password'),
    as: fields.text('as'),
    asUid: fields.text('as-uid'),
    asGroups: fields.has('as-groups') ? fields.texts('as-groups') : undefined,
    asExtra: asExtra.length === 0 ? undefined : Object.fromEntries(asExtra),
    hasAuthProvider: fields.has('auth-provider') ? true : undefined,
    exec: fields.has('exec') ? execOf(fields.record('exec'), folder) : undefined,
  });
}

const EXEC_GROUP = 'client.authentication.k8s.io';
const EXEC_VERSIONS = [`${EXEC_GROUP}/v1`, `${EXEC_GROUP}/v1beta1`] as const;
const INTERACTIVE_MODES = ['Never', 'IfAvailable', 'Always'] as const;

function execOf(fields: Fields, folder: string): Exec {
  const command = fields.text('command');
  if (command === undefined) throw fields.wrong('command', 'is missing: name the program');
  const apiVersion = fields.text('apiVersion') ?? '';
  const known = EXEC_VERSIONS.some((one) => one === apiVersion);
  if (!known) throw fields.wrong('apiVersion', `must be ${EXEC_VERSIONS.join(' or ')}`);
  const mode =
    fields.text('interactiveMode') ?? (apiVersion === EXEC_VERSIONS[1] ? 'IfAvailable' : '');
  if (!INTERACTIVE_MODES.some((one) => one === mode)) {
    throw fields.wrong('interactiveMode', `must be one of ${INTERACTIVE_MODES.join(', ')}`);
  }
  const env = fields.list('env').map((one, index) => {
    const variable = fields.item(one, `env[${index}].`);
    const name = variable.text('name');
    if (name === undefined) throw variable.wrong('name', 'is missing');
    return [name, variable.text('value') ?? ''] as const;
  });
  const hint = fields.text('installHint');
  return {
    // Only a command with a slash is a path; others are looked for in PATH.
    command: command.includes('/') ? (fields.path('command', folder) ?? command) : command,
    apiVersion,
    args: fields.texts('args'),
    env: Object.fromEntries(env),
    interactiveMode: mode,
    wantsCluster: fields.flag('provideClusterInfo') ?? false,
    ...(hint === undefined ? {} : { installHint: hint }),
  };
}

type Present<T> = { [K in keyof T]?: Exclude<T[K], undefined> };

function dropAbsent<T extends object>(value: T): Present<T> {
  const entries = Object.entries(value).filter(([, one]) => one !== undefined);
  return Object.fromEntries(entries) as Present<T>;
}

/** Reads members of a YAML mapping by type; a wrong one is told with file and field. Absent is as empty. */
class Fields {
  readonly where: string;
  readonly #prefix: string;
  readonly #record: Readonly<Record<string, unknown>>;

  constructor(value: unknown, where: string, prefix: string) {
    this.where = where;
    this.#prefix = prefix;
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      const field = prefix === '' ? where : `${prefix.replace(/\.$/, '')} of ${where}`;
      throw new ConfigError(`${field} must be a mapping of names to values`);
    }
    this.#record = value as Readonly<Record<string, unknown>>;
  }

  wrong(name: string, what: string): ConfigError {
    return new ConfigError(`${this.#prefix}${name} of ${this.where} ${what}`);
  }

  has(name: string): boolean {
    const value = this.#record[name];
    return value !== undefined && value !== null;
  }

  names(): readonly string[] {
    return Object.keys(this.#record);
  }

  text(name: string): string | undefined {
    if (!this.has(name)) return undefined;
    const value = this.#record[name];
    if (typeof value !== 'string') throw this.wrong(name, 'must be a text: put it into quotes');
    return value === '' ? undefined : value;
  }

  path(name: string, folder: string): string | undefined {
    const path = this.text(name);
    return path === undefined || path.startsWith('/') ? path : folder + path;
  }

  flag(name: string): boolean | undefined {
    if (!this.has(name)) return undefined;
    const value = this.#record[name];
    if (typeof value !== 'boolean') throw this.wrong(name, 'must be true or false');
    return value;
  }

  list(name: string): readonly unknown[] {
    if (!this.has(name)) return [];
    const value = this.#record[name];
    if (!Array.isArray(value)) throw this.wrong(name, 'must be a list');
    return value;
  }

  texts(name: string): readonly string[] {
    return this.list(name).map((one) => {
      if (typeof one !== 'string') throw this.wrong(name, 'must be a list of texts: use quotes');
      return one;
    });
  }

  record(name: string): Fields {
    return this.item(this.has(name) ? this.#record[name] : {}, `${name}.`);
  }

  item(value: unknown, path: string): Fields {
    return new Fields(value, this.where, this.#prefix + path);
  }
}
