// From kubeconfig and flags to a client (cli.md 1.1).
import { createTransport } from '../host/transport.ts';
import type { KubeconfigPorts, Overrides } from '../kube/identity.ts';
import { loadKubeconfig } from '../kube/kubeconfig.ts';
import type { Transport } from '../lib/ports.ts';
import { type Duration, parseDuration } from '../lib/time.ts';
import { CommandError, type Connected, type Values } from './command.ts';
import { sessionOver } from './session.ts';

function overridesOf(flags: Values): Overrides {
  const texts = {
    kubeconfig: 'kubeconfig',
    context: 'context',
    cluster: 'cluster',
    user: 'user',
    server: 'server',
    namespace: 'namespace',
    token: 'token',
    authorityFile: 'certificate-authority',
    certificateFile: 'client-certificate',
    keyFile: 'client-key',
    serverName: 'tls-server-name',
    as: 'as',
    asUid: 'as-uid',
  } as const;
  const given = Object.entries(texts).flatMap(([member, name]) =>
    flags.text(name) === '' ? [] : [[member, flags.text(name)] as const],
  );
  return {
    ...Object.fromEntries(given),
    ...(flags.has('insecure-skip-tls-verify')
      ? { insecure: flags.bool('insecure-skip-tls-verify') }
      : {}),
    asGroups: flags.list('as-group'),
  };
}

/** As kubectl reads it: seconds, or a duration with units; undefined for none. */
export function requestTimeout(flags: Values): Duration | undefined {
  const text = flags.text('request-timeout');
  const parsed = parseDuration(/^\d+$/.test(text) ? `${text}s` : text);
  if (!parsed.ok) {
    throw new CommandError(
      `--request-timeout ${text}: write it as in 30, 30s or 2m; 0 is no limit`,
    );
  }
  return parsed.duration > 0 ? parsed.duration : undefined;
}

/** From this verbosity on each request is told, as kubectl does. */
const TELLS_REQUESTS = 6;

export interface ConnectOptions {
  readonly ports: KubeconfigPorts;
  readonly flags: Values;
  readonly userAgent: string;
  /** Takes lines for the user's eyes. */
  readonly report: (line: string) => void;
  /** What every request goes through. */
  readonly through?: (send: Transport) => Transport;
}

/** Connects lazily: nothing is sent before the first request. Throws `ConfigError`, `CommandError`. */
export async function connect(options: ConnectOptions): Promise<Connected> {
  const { ports, flags, userAgent, report, through } = options;
  const limit = requestTimeout(flags);
  const { namespace, ...connection } = await loadKubeconfig(ports, overridesOf(flags));
  return sessionOver({
    transport: createTransport(connection).send,
    clock: ports.clock,
    namespace,
    server: connection.server,
    userAgent,
    ...(through === undefined ? {} : { through }),
    ...(limit === undefined ? {} : { requestTimeout: limit }),
    ...(flags.int('kloglevel') < TELLS_REQUESTS ? {} : { onRequest: report }),
  });
}
