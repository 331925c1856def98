// A namespace of its own on the real API server, with our controller on it: what tests there are written with.
import { systemClock } from '../../src/host/clock.ts';
import { createTransport } from '../../src/host/transport.ts';
import { createClient, type KubeClient } from '../../src/kube/client.ts';
import type { KubeObject } from '../../src/api/object.ts';
import { NAMESPACES } from '../../src/api/resources.ts';
import type { Controller } from '../../src/controller/controller.ts';
import { systemProcesses } from '../../src/host/processes.ts';
import { sleep } from '../../src/lib/clock.ts';
import type { Transport } from '../../src/lib/ports.ts';
import { milliseconds } from '../../src/lib/time.ts';
import { type ClusterOptions, controllerOn } from '../support/cluster.ts';
import { type Ran, runPlugin } from '../support/command-line.ts';
import { post } from '../support/objects.ts';
import { transportOf } from './control-plane.ts';
import { clusterFacts } from './facts.ts';

export interface RealOptions
  extends Pick<
    ClusterOptions,
    'metrics' | 'onRequest' | 'intercept' | 'onLog' | 'isUncontrolled' | 'propagationDelayMs'
  > {
  /** Begins the namespace's name. */
  readonly name: string;
}

export interface Real {
  readonly namespace: string;
  readonly client: KubeClient;
  readonly api: Transport;
  /** Creates it in the namespace. */
  post(object: KubeObject): Promise<void>;
  /** `kubectl WORDS` in the namespace; throws when it fails. */
  kubectl(...words: readonly string[]): Promise<string>;
  /** `kubectl argo rollouts WORDS` in the namespace. */
  plugin(...words: readonly string[]): Promise<Ran>;
  /** Starts the controller of a namespace that `isUncontrolled`; resolves when it has looked at everything. */
  control(): Promise<void>;
  /** Ends the controller before the story does; what it had to tell has then been told. */
  end(): Promise<void>;
  /** Ends the controller at once and starts a new one. */
  restart(): Promise<void>;
  /** Asks until it holds; throws with `seen` when it takes too long. */
  until(what: string, holds: () => Promise<boolean>, patienceMs?: number): Promise<void>;
}

const POLL = milliseconds(100);
const PATIENCE_MS = 120_000;
let namespaces = 0;

function uniqueName(name: string): string {
  namespaces += 1;
  return `${name}-${process.pid.toString(36)}-${systemClock.now().toString(36)}-${namespaces}`;
}

export async function until(
  what: string,
  holds: () => Promise<boolean>,
  patienceMs = PATIENCE_MS,
): Promise<void> {
  const end = systemClock.now() + patienceMs;
  while (!(await holds())) {
    if (systemClock.now() > end) throw new Error(`never: ${what}`);
    await sleep(systemClock, POLL);
  }
}

/** Makes the namespace, starts the controller, hands both to `story` and ends them in any case. */
export async function withReal(
  options: RealOptions,
  story: (real: Real) => Promise<void>,
): Promise<void> {
  const { kubeconfig, controllerKubeconfig, prometheus } = clusterFacts();
  const reach = await transportOf(kubeconfig);
  const asController = await transportOf(controllerKubeconfig);
  const client = createClient({ transport: reach.send, userAgent: 'test' });
  const namespace = uniqueName(options.name);
  const metadata = { name: namespace };
  await client.create(NAMESPACES, { apiVersion: 'v1', kind: 'Namespace', metadata });
  const made = (): Controller =>
    controllerOn(
      { prometheus: prometheusAt(prometheus) },
      { clock: systemClock, options, api: asController.send, seed: namespace, namespace },
    );
  let controller = made();
  try {
    const control = async (): Promise<void> => {
      await controller.start();
      await until('at rest', () => Promise.resolve(controller.busy === 0));
    };
    const restart = async (): Promise<void> => {
      await controller.stop();
      controller = made();
      await control();
    };
    if (options.isUncontrolled !== true) await control();
    await story({
      ...realIn(namespace, { client, api: reach.send, kubeconfig }),
      control,
      end: () => controller.stop(),
      restart,
    });
  } finally {
    await controller.stop();
    await client.delete({ resource: NAMESPACES, name: namespace });
    asController.close();
    reach.close();
  }
}

function prometheusAt(server: string): Transport {
  if (server !== '') return createTransport({ server, insecure: false }).send;
  return () =>
    Promise.reject(new Error('this cluster is not ours: where its Prometheus is is not known'));
}

function realIn(
  namespace: string,
  {
    client,
    api,
    kubeconfig,
  }: { readonly client: KubeClient; readonly api: Transport; readonly kubeconfig: string },
): Omit<Real, 'control' | 'end' | 'restart'> {
  return {
    namespace,
    client,
    api,
    post: (object) =>
      post(client, namespace, { ...object, metadata: { ...object.metadata, namespace } }),
    kubectl: async (...words) => {
      const { code, stdout, stderr } = await systemProcesses.run({
        command: 'kubectl',
        args: [...words, '-n', namespace],
        env: { KUBECONFIG: kubeconfig, TERM: 'dumb' },
      });
      if (code !== 0) throw new Error(`kubectl ${words.join(' ')}: ${stderr}`);
      return stdout;
    },
    plugin: (...words) => runPlugin({ sandbox: { api }, clock: systemClock }, namespace, words),
    until,
  };
}
