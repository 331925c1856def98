// etcd, kube-apiserver and kube-controller-manager on free ports of this machine. Entry point: `startControlPlane`.
import { generateKeyPairSync } from 'node:crypto';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { serverCertificate } from '../../src/host/certificate.ts';
import { systemClock, systemRandom } from '../../src/host/clock.ts';
import { systemFiles } from '../../src/host/files.ts';
import { createTransport } from '../../src/host/transport.ts';
import { createClient } from '../../src/kube/client.ts';
import { loadKubeconfig } from '../../src/kube/kubeconfig.ts';
import { systemProcesses } from '../../src/host/processes.ts';
import { base64, utf8 } from '../../src/lib/bytes.ts';
import type { Transport } from '../../src/lib/ports.ts';
import { uuid } from '../../src/lib/random.ts';
import { toYaml } from '../../src/lib/yaml.ts';
import type { Programs } from './binaries.ts';
import { freePorts, type Part, startPart } from './processes.ts';

export interface ControlPlane {
  readonly server: string;
  /** Of an administrator. */
  readonly kubeconfig: string;
  /** Of the controller that is tested: what it asks is counted in `auditLog`. */
  readonly controllerKubeconfig: string;
  readonly auditLog: string;
  stop(): Promise<void>;
}

/** The name of the controller's user, which the audit policy counts. */
const CONTROLLER = 'slipway-controller';

/** Without the node's: nobody renews leases of nodes here, and it would taint them. */
const CONTROLLERS = [
  'deployment-controller',
  'replicaset-controller',
  'job-controller',
  'cronjob-controller',
  'garbage-collector-controller',
  'namespace-controller',
  'endpoints-controller',
  'endpointslice-controller',
  'serviceaccount-controller',
  'ttl-after-finished-controller',
  'pod-garbage-collector-controller',
  'daemonset-controller',
  'disruption-controller',
  'horizontal-pod-autoscaler-controller',
];

const AUDIT_POLICY = {
  apiVersion: 'audit.k8s.io/v1',
  kind: 'Policy',
  omitStages: ['RequestReceived'],
  rules: [
    { level: 'Metadata', users: [CONTROLLER] },
    // Controllers as they are installed, each with a token of its own.
    { level: 'Metadata', userGroups: ['system:serviceaccounts'] },
    { level: 'None' },
  ],
};

/** A transport as the kubeconfig says, and what closes it. */
export async function transportOf(
  kubeconfig: string,
): Promise<{ readonly send: Transport; readonly server: string; close(): void }> {
  const ports = {
    files: systemFiles,
    processes: systemProcesses,
    clock: systemClock,
    env: (name: string) => process.env[name],
  };
  const connection = await loadKubeconfig(ports, { kubeconfig });
  const transport = createTransport(connection);
  return { send: transport.send, close: () => transport.close(), server: connection.server };
}

export interface ControlPlaneOptions {
  /** Without, there is nobody who acts: what is stored stays as it is. */
  readonly hasControllers?: boolean;
  /** More hands for Kubernetes' own controllers than they have unasked: many namespaces are played in at once. */
  readonly hasManyHands?: boolean;
}

const MANY_HANDS = {
  'concurrent-replicaset-syncs': 40,
  'concurrent-job-syncs': 20,
  'concurrent-namespace-syncs': 20,
};

/** Starts all three, or those two that only keep what they are given; resolves when the API server is ready. */
export async function startControlPlane(
  programs: Programs,
  folder: string,
  { hasControllers = true, hasManyHands = false }: ControlPlaneOptions = {},
): Promise<ControlPlane> {
  const [etcdPort, peerPort, apiPort] = await freePorts(3);
  const data = dataFolder();
  const parts: Part[] = [];
  const stop = async (): Promise<void> => {
    // Last started, first ended: nobody is left without what he talks to.
    for (const part of parts.toReversed()) await part.stop();
    rmSync(data, { recursive: true, force: true });
  };
  try {
    const etcd = `http://127.0.0.1:${etcdPort}`;
    parts.push(startEtcd(programs, { folder, data, url: etcd, peerPort: peerPort ?? 0 }));
    const access = await writeAccess(folder, `https://127.0.0.1:${apiPort}`);
    const apiServer = startPart({
      name: 'kube-apiserver',
      program: programs.apiServer,
      folder,
      args: apiServerFlags(folder, { etcd, port: apiPort ?? 0 }),
    });
    parts.push(apiServer);
    const reach = await transportOf(access.kubeconfig);
    const client = createClient({ transport: reach.send, userAgent: 'cluster' });
    await apiServer.ready(async () => (await client.raw('GET', '/readyz')).text === 'ok');
    reach.close();
    const hands = hasManyHands ? MANY_HANDS : {};
    const { kubeconfig } = access;
    if (hasControllers) parts.push(startControllers(programs, { folder, kubeconfig, hands }));
    return { ...access, auditLog: `${folder}/audit.log`, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

function startControllers(
  programs: Programs,
  options: {
    readonly folder: string;
    readonly kubeconfig: string;
    readonly hands: Readonly<Record<string, number>>;
  },
): Part {
  const { folder, kubeconfig, hands } = options;
  return startPart({
    name: 'kube-controller-manager',
    program: programs.controllerManager,
    folder,
    args: {
      kubeconfig,
      'service-account-private-key-file': `${folder}/service-account.key`,
      'leader-elect': false,
      'secure-port': 0,
      'kube-api-qps': 2000,
      'kube-api-burst': 4000,
      ...hands,
      controllers: CONTROLLERS.join(','),
    },
  });
}

/** etcd waits for its disk with every write: memory is what a test has it on. */
function dataFolder(): string {
  const memory = '/dev/shm';
  return mkdtempSync(`${existsSync(memory) ? memory : tmpdir()}/slipway-etcd-`);
}

function startEtcd(
  programs: Programs,
  options: {
    readonly folder: string;
    readonly data: string;
    readonly url: string;
    readonly peerPort: number;
  },
): Part {
  const { folder, data, url } = options;
  const peer = `http://127.0.0.1:${options.peerPort}`;
  return startPart({
    name: 'etcd',
    program: programs.etcd,
    folder,
    args: {
      'data-dir': data,
      'listen-client-urls': url,
      'advertise-client-urls': url,
      'listen-peer-urls': peer,
      'initial-advertise-peer-urls': peer,
      'initial-cluster': `default=${peer}`,
      'quota-backend-bytes': 8_000_000_000,
    },
  });
}

function apiServerFlags(
  folder: string,
  { etcd, port }: { readonly etcd: string; readonly port: number },
): Readonly<Record<string, string | number>> {
  return {
    'etcd-servers': etcd,
    'secure-port': port,
    'bind-address': '127.0.0.1',
    'tls-cert-file': `${folder}/server.crt`,
    'tls-private-key-file': `${folder}/server.key`,
    'service-account-issuer': 'https://kubernetes.default.svc',
    'service-account-key-file': `${folder}/service-account.key`,
    'service-account-signing-key-file': `${folder}/service-account.key`,
    'token-auth-file': `${folder}/tokens.csv`,
    'authorization-mode': 'RBAC',
    'service-cluster-ip-range': '10.96.0.0/16',
    // Pods would wait for tokens that no kubelet mounts.
    'disable-admission-plugins': 'ServiceAccount',
    // Some clusters have it: who names owners needs rights to them.
    'enable-admission-plugins': 'OwnerReferencesPermissionEnforcement',
    'audit-policy-file': `${folder}/audit-policy.yaml`,
    'audit-log-path': `${folder}/audit.log`,
  };
}

/** Certificate, keys, tokens, policy and the two kubeconfigs. */
async function writeAccess(folder: string, server: string) {
  const { authorityPem, certPem, keyPem } = await serverCertificate({
    names: ['localhost', 'kubernetes.default.svc'],
    addresses: ['127.0.0.1'],
    nowMs: systemClock.now(),
  });
  const serviceAccount = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
  const random = systemRandom();
  const users = [
    { user: 'admin', token: uuid(random), file: `${folder}/kubeconfig` },
    { user: CONTROLLER, token: uuid(random), file: `${folder}/kubeconfig-controller` },
  ] as const;
  const lines = users.map(({ user, token }) => `${token},${user},${user},"system:masters"\n`);
  const secret: Readonly<Record<string, string>> = {
    'server.crt': certPem,
    'server.key': keyPem,
    'service-account.key': serviceAccount.export({ type: 'pkcs1', format: 'pem' }).toString(),
    'tokens.csv': lines.join(''),
    'audit-policy.yaml': toYaml(AUDIT_POLICY),
  };
  for (const [name, text] of Object.entries(secret)) {
    await systemFiles.write(`${folder}/${name}`, text, { private: true });
  }
  for (const { token, file } of users) {
    await systemFiles.write(file, kubeconfigText({ server, authorityPem, token }), {
      private: true,
    });
  }
  const [admin, controller] = users;
  return { server, kubeconfig: admin.file, controllerKubeconfig: controller.file };
}

function kubeconfigText(access: {
  readonly server: string;
  readonly authorityPem: string;
  readonly token: string;
}): string {
  const name = 'slipway-test';
  const authority = base64(utf8(access.authorityPem));
  return toYaml({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [
      { name, cluster: { server: access.server, 'certificate-authority-data': authority } },
    ],
    users: [{ name, user: { token: access.token } }],
    contexts: [{ name, context: { cluster: name, user: name, namespace: 'default' } }],
    'current-context': name,
  });
}
