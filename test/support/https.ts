// A test's cluster made reachable for the real kubectl.
import { systemFiles } from '../../src/host/files.ts';
import { systemListener } from '../../src/host/listener.ts';
import { serverCertificate } from '../../src/host/certificate.ts';
import { systemProcesses } from '../../src/host/processes.ts';
import { base64, utf8 } from '../../src/lib/bytes.ts';
import type { ProcessExit } from '../../src/lib/ports.ts';
import { toYaml } from '../../src/lib/yaml.ts';
import type { Sandbox } from '../../src/sandbox/sandbox.ts';

export interface Reachable {
  readonly kubeconfig: string;
  readonly folder: string;
  /** Runs the machine's kubectl against the cluster. */
  kubectl(
    args: readonly string[],
    stdin?: string,
    env?: Readonly<Record<string, string>>,
  ): Promise<ProcessExit>;
  close(): Promise<void>;
}

/** Serves the sandbox's API over TLS on a port of its own. */
export async function reachable(sandbox: Sandbox): Promise<Reachable> {
  const folder = await systemFiles.temporaryFolder('slipway-test-');
  const certificate = await serverCertificate({
    names: ['localhost'],
    addresses: ['127.0.0.1'],
    nowMs: Date.now(),
  });
  const listening = await systemListener.listen({
    handler: sandbox.api,
    upgrade: sandbox.upgrade,
    tls: certificate,
  });
  const name = 'test';
  const cluster = {
    server: `https://127.0.0.1:${listening.port}`,
    'certificate-authority-data': base64(utf8(certificate.authorityPem)),
  };
  const kubeconfig = `${folder}/kubeconfig`;
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name, cluster }],
    users: [{ name, user: { token: 'test' } }],
    contexts: [{ name, context: { cluster: name, user: name } }],
    'current-context': name,
  };
  await systemFiles.write(kubeconfig, toYaml(config), { private: true });
  return {
    kubeconfig,
    folder,
    kubectl: (args, stdin, env = {}) =>
      systemProcesses.run({
        command: 'kubectl',
        args,
        env: { KUBECONFIG: kubeconfig, KUBECACHEDIR: `${folder}/cache`, TERM: 'dumb', ...env },
        ...(stdin === undefined ? {} : { stdin }),
      }),
    close: async () => {
      await listening.close();
      await systemFiles.remove(folder);
    },
  };
}
