// How a connection is trusted and who we are on it: authorities, client certificates and credentials of the chosen
// cluster and user, from data, files and flags. Which ones are chosen is `kubeconfig.ts`'s affair.
import { base64, fromBase64, utf8, utf8Text } from '../lib/bytes.ts';
import type { Files } from '../lib/ports.ts';
import { ConfigError } from './config-error.ts';
import {
  basic,
  bearer,
  type Credential,
  type Credentials,
  fileToken,
  fixedCredentials,
  impersonation,
  withMore,
} from './credentials.ts';
import { execCredentials, type ExecPorts } from './exec-plugin.ts';
import type { Cluster, User } from './kubeconfig-file.ts';

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

export interface KubeconfigPorts extends ExecPorts {
  readonly files: Files;
  readonly env: (name: string) => string | undefined;
}

export interface Chosen {
  readonly server: string;
  /** Where the server is named, for messages. */
  readonly source: string;
  readonly cluster: Cluster;
  /** Where the user is described, for messages. */
  readonly where: string;
  readonly user: User;
  readonly namespace: string;
}

export interface Trust {
  readonly authorityPem?: string;
  readonly insecure: boolean;
}

/** A flag that switches verification off overrides the file's authority; in a file the two exclude each other. */
export async function trustOf(
  ports: KubeconfigPorts,
  { cluster, source }: Chosen,
  overrides: Overrides,
): Promise<Trust> {
  const insecure = overrides.insecure ?? cluster.insecure ?? false;
  const authorityPem = await pem(ports, {
    file: overrides.authorityFile ?? cluster.authorityFile,
    data: overrides.authorityFile === undefined ? cluster.authorityData : undefined,
    field: 'certificate-authority',
    where: overrides.authorityFile === undefined ? source : 'the flags',
  });
  if (authorityPem === undefined) return { insecure };
  if (!insecure) return { insecure, authorityPem };
  if (overrides.insecure === true) return { insecure };
  throw new ConfigError(
    `${source} has both certificate-authority and insecure-skip-tls-verify: take one of them away`,
  );
}

interface PemPlace {
  readonly file: string | undefined;
  readonly data: string | undefined;
  readonly field: string;
  readonly where: string;
}

/** Data before file, as kubectl has it. */
async function pem(
  { files }: KubeconfigPorts,
  { file, data, field, where }: PemPlace,
): Promise<string | undefined> {
  if (data !== undefined) {
    const bytes = fromBase64(data);
    if (bytes === undefined) {
      throw new ConfigError(`${field}-data of ${where} is not base64: encode the PEM text`);
    }
    return checkedPem(utf8Text(bytes), `${field}-data of ${where}`);
  }
  if (file === undefined) return undefined;
  const what = `${field} ${file} of ${where}`;
  const text = await readFile(files, file, what);
  if (text !== undefined) return checkedPem(text, what);
  throw new ConfigError(`${what} does not exist: put the PEM file there or change the path`);
}

function checkedPem(text: string, what: string): string {
  if (text.includes('-----BEGIN ')) return text;
  throw new ConfigError(`${what} is no PEM: it must have a line -----BEGIN ...-----`);
}

interface Given extends Trust {
  readonly overrides: Overrides;
}

export async function credentialsOf(
  ports: KubeconfigPorts,
  picked: Chosen,
  given: Given,
): Promise<Credentials> {
  const { overrides } = given;
  const { user } = picked;
  const acting: Credential['headers'] = impersonation({
    as: overrides.as ?? user.as ?? '',
    uid: overrides.asUid ?? user.asUid ?? '',
    groups:
      (overrides.asGroups ?? []).length > 0 ? (overrides.asGroups ?? []) : (user.asGroups ?? []),
    ...(user.asExtra === undefined ? {} : { extra: user.asExtra }),
  });
  const isForOther =
    (overrides.asGroups ?? []).length > 0 ||
    overrides.asUid !== undefined ||
    user.asUid !== undefined;
  if (isForOther && acting['impersonate-user'] === undefined) {
    throw new ConfigError('a group or uid is impersonated, but no user: add --as or the field as');
  }
  const pair = await clientPair(ports, picked, overrides);
  return withMore(whoOf(ports, picked, given), { headers: acting, ...pair });
}

async function clientPair(
  ports: KubeconfigPorts,
  { user, where }: Chosen,
  { certificateFile, keyFile }: Overrides,
): Promise<Pick<Credential, 'certPem' | 'keyPem'>> {
  const certPem = await pem(ports, {
    file: certificateFile ?? user.certificateFile,
    data: certificateFile === undefined ? user.certificateData : undefined,
    field: 'client-certificate',
    where: certificateFile === undefined ? where : 'the flags',
  });
  const keyPem = await pem(ports, {
    file: keyFile ?? user.keyFile,
    data: keyFile === undefined ? user.keyData : undefined,
    field: 'client-key',
    where: keyFile === undefined ? where : 'the flags',
  });
  if (certPem === undefined && keyPem === undefined) return {};
  if (certPem !== undefined && keyPem !== undefined) return { certPem, keyPem };
  const [has, lacks] =
    keyPem === undefined
      ? ['client-certificate', 'client-key']
      : ['client-key', 'client-certificate'];
  throw new ConfigError(`${where} has a ${has} but no ${lacks}: add ${lacks} or ${lacks}-data`);
}

/** A token flag, a token file, a token, a plugin, a password: the first that is there. */
function whoOf(
  ports: KubeconfigPorts,
  { cluster, server, user, where }: Chosen,
  given: Given,
): Credentials {
  const { token, tokenFile, exec, username, password = '' } = user;
  if (given.overrides.token !== undefined) return fixedCredentials(bearer(given.overrides.token));
  if (token !== undefined && username !== undefined) {
    throw new ConfigError(`${where} has both token and username: take one of them away`);
  }
  if (user.hasAuthProvider === true) {
    throw new ConfigError(
      `auth-provider of ${where} is no longer supported: use exec in its place`,
    );
  }
  if (tokenFile !== undefined) {
    const more = token === undefined ? { where } : { where, fallback: token };
    return fileToken(ports.files, tokenFile, more);
  }
  if (token !== undefined) return fixedCredentials(bearer(token));
  if (exec !== undefined) {
    return execCredentials(ports, { exec, where, cluster: execCluster(server, cluster, given) });
  }
  return fixedCredentials(username === undefined ? { headers: {} } : basic(username, password));
}

/** The cluster as plugins are told of it (`spec.cluster` of ExecCredential). */
function execCluster(server: string, cluster: Cluster, { authorityPem, insecure }: Trust) {
  return {
    server,
    ...(cluster.serverName === undefined ? {} : { 'tls-server-name': cluster.serverName }),
    ...(insecure ? { 'insecure-skip-tls-verify': true } : {}),
    ...(authorityPem === undefined
      ? {}
      : { 'certificate-authority-data': base64(utf8(authorityPem)) }),
    ...(cluster.proxyUrl === undefined ? {} : { 'proxy-url': cluster.proxyUrl }),
    config: cluster.execConfig ?? null,
  };
}

/** Undefined if there is none; a folder, or a file that we may not read, is told. */
export async function readFile(
  files: Files,
  path: string,
  what: string,
): Promise<string | undefined> {
  try {
    return await files.read(path);
  } catch (error) {
    const cause = error instanceof Error ? error.message : String(error);
    throw new ConfigError(`${what} cannot be read: ${cause}`, { cause: error });
  }
}
