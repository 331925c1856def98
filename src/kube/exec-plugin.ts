// Credentials from another program
// (https://kubernetes.io/docs/reference/access-authn-authz/authentication/#client-go-credential-plugins).
import type { Clock, Processes } from '../lib/ports.ts';
import { type Instant, later, parseInstant, seconds } from '../lib/time.ts';
import { ConfigError } from './config-error.ts';
import { bearer, type Credential, type Credentials } from './credentials.ts';
import type { Exec } from './kubeconfig-file.ts';

export interface ExecPorts {
  readonly processes: Processes;
  readonly clock: Clock;
  /** Whether somebody sits at the terminal; nobody if absent. */
  readonly isInteractive?: boolean;
}

export interface ExecOptions {
  readonly exec: Exec;
  /** `user "x" of FILE`, for messages. */
  readonly where: string;
  /** The cluster, for plugins that want to know it. */
  readonly cluster: unknown;
}

interface ExecCredential {
  readonly kind?: string;
  readonly apiVersion?: string;
  readonly status?: {
    readonly token?: string;
    readonly clientCertificateData?: string;
    readonly clientKeyData?: string;
    readonly expirationTimestamp?: string;
  };
}

interface Held {
  readonly credential: Credential;
  readonly until: Instant | undefined;
}

/** A credential is asked for anew so much before it expires, since a request takes its time. */
const MARGIN = seconds(-10);

/** Runs the plugin when a credential is needed, once for all that wait, and keeps what it gives until it expires. */
export function execCredentials(ports: ExecPorts, options: ExecOptions): Credentials {
  let held: Held | undefined;
  let asking: Promise<Held> | undefined;
  const ask = async (): Promise<Held> => {
    try {
      held = await askPlugin(ports, options);
      return held;
    } finally {
      asking = undefined;
    }
  };
  return {
    current: async () => {
      const isFresh =
        held !== undefined && (held.until === undefined || ports.clock.now() < held.until);
      if (held !== undefined && isFresh) return held.credential;
      asking ??= ask();
      return (await asking).credential;
    },
    refused: (used) => {
      const { authorization } = used.headers;
      const isHeld = held?.credential.headers['authorization'] === authorization;
      // Another request may have fetched a new one already: then that is tried.
      if (isHeld) held = undefined;
      return true;
    },
  };
}

async function askPlugin(ports: ExecPorts, options: ExecOptions): Promise<Held> {
  const { exec, where, cluster } = options;
  const name = `the credential plugin ${exec.command} (exec of ${where})`;
  const interactive = exec.interactiveMode !== 'Never' && ports.isInteractive === true;
  if (exec.interactiveMode === 'Always' && !interactive) {
    throw new ConfigError(`${name} needs a terminal: interactiveMode is Always, and there is none`);
  }
  const info = {
    apiVersion: exec.apiVersion,
    kind: 'ExecCredential',
    spec: { ...(exec.wantsCluster ? { cluster } : {}), interactive },
  };
  const { code, stdout, stderr } = await run(ports, options, {
    interactive,
    env: { ...exec.env, KUBERNETES_EXEC_INFO: JSON.stringify(info) },
    name,
  });
  if (code !== 0) throw new ConfigError(`${name} failed with ${code}: ${stderr.trim()}`);
  return heldOf(stdout, exec, name);
}

async function run(
  { processes }: ExecPorts,
  { exec }: ExecOptions,
  how: {
    readonly interactive: boolean;
    readonly env: Readonly<Record<string, string>>;
    readonly name: string;
  },
) {
  const { command, args, installHint } = exec;
  const { interactive, env, name } = how;
  try {
    return await processes.run({ command, args, env, interactive });
  } catch (error) {
    const cause = error instanceof Error ? error.message : String(error);
    const hint = installHint === undefined ? 'install it' : installHint.trim();
    throw new ConfigError(`${name} did not run: ${cause}; ${hint}`, { cause: error });
  }
}

function heldOf(stdout: string, exec: Exec, name: string): Held {
  const { apiVersion, kind, status = {} } = parsed(stdout, name);
  if (kind !== 'ExecCredential' || apiVersion !== exec.apiVersion) {
    const given = `${apiVersion ?? 'no version'} ${kind ?? ''}`.trim();
    throw new ConfigError(
      `${name} gave ${given} where ${exec.apiVersion} is configured: set apiVersion to what it speaks`,
    );
  }
  const expires = parseInstant(status.expirationTimestamp ?? '');
  return {
    credential: credentialOf(status, name),
    until: expires === undefined ? undefined : later(expires, MARGIN),
  };
}

function credentialOf(status: NonNullable<ExecCredential['status']>, name: string): Credential {
  const { token = '', clientCertificateData = '', clientKeyData = '' } = status;
  const hasPair = clientCertificateData !== '' && clientKeyData !== '';
  if (token === '' && !hasPair) {
    throw new ConfigError(`${name} gave neither a token nor a certificate with its key`);
  }
  return {
    ...(token === '' ? { headers: {} } : bearer(token)),
    ...(hasPair ? { certPem: clientCertificateData, keyPem: clientKeyData } : {}),
  };
}

function parsed(stdout: string, name: string): ExecCredential {
  try {
    return (JSON.parse(stdout) ?? {}) as ExecCredential;
  } catch (error) {
    throw new ConfigError(`${name} printed no JSON`, { cause: error });
  }
}
