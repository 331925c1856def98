// From kubeconfig and flags to a client (cli.md 1.1).
import { createTransport } from '../host/transport.ts';
import { createClient } from '../kube/client.ts';
import { type KubeconfigPorts, loadKubeconfig, type Overrides } from '../kube/kubeconfig.ts';
import { instant, parseHttpDate } from '../lib/time.ts';
import type { Connected, Values } from './command.ts';

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

/** Connects lazily: nothing is sent before the first request. Throws `ConfigError`. */
export async function connect(
  ports: KubeconfigPorts,
  flags: Values,
  userAgent: string,
): Promise<Connected> {
  const { namespace, headers, ...connection } = await loadKubeconfig(ports, overridesOf(flags));
  const transport = createTransport({ ...connection, headers });
  const client = createClient({ transport: transport.send, userAgent });
  return {
    client,
    namespace,
    server: connection.server,
    headers,
    serverNow: async () => {
      const answer = await client.raw('GET', '/version');
      return parseHttpDate(answer.headers['date'] ?? '') ?? instant(ports.clock.now());
    },
  };
}
