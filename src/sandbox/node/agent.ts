// The sandbox's node: it takes the pods, runs them with the builtin runner, and answers for their logs, commands and
// ports. Entry point: `createNode`.
import type { Pod } from '../../api/kubernetes.ts';
import type { KubeObject } from '../../api/object.ts';
import { NODES, PODS } from '../../api/resources.ts';
import type { KubeClient } from '../../kube/client.ts';
import { ApiError } from '../../kube/errors.ts';
import type { EventRecorder } from '../../kube/events.ts';
import type { WatchCache } from '../../kube/watch-cache.ts';
import { bodyOf, utf8 } from '../../lib/bytes.ts';
import {
  type Body,
  type ByteStream,
  type Clock,
  type Dialer,
  type Duration,
  type Listener,
  type Listening,
  type Transport,
  TransportError,
} from '../../lib/ports.ts';
import { formatInstant, later, seconds } from '../../lib/time.ts';
import type { PodStreams } from '../apiserver/pod-streams.ts';
import { badRequest } from '../apiserver/status-error.ts';
import { runCommand } from './commands.ts';
import type { PodNetwork } from './network.ts';
import { PodRunner } from './pod-runner.ts';
import { HOST_IP } from './pod-status.ts';
import type { Work } from './pod-traffic.ts';

export interface NodeOptions {
  readonly client: KubeClient;
  readonly pods: WatchCache<Pod>;
  readonly clock: Clock;
  readonly events: EventRecorder;
  /** For ports of pods; without them connections are refused. */
  readonly listener?: Listener;
  readonly dialer?: Dialer;
  /** From being bound to running, and from being deleted to being gone. */
  readonly startDelay: Duration;
  readonly stopDelay: Duration;
  /** What a pod's commands reach. */
  readonly network: (pod: Pod) => PodNetwork;
  readonly onProblem: (what: string, error: Error) => void;
}

export interface Node {
  readonly streams: PodStreams;
  /** What listens at a pod's address; undefined: connections are refused. */
  server(address: string, port: number): Transport | undefined;
  /** What the server of a pod has done; undefined if the pod is not here. */
  work(pod: Pod): Work | undefined;
  /** Registers the node. */
  start(): Promise<void>;
  stop(): Promise<void>;
}

const NODE_NAME = 'slipway';
const GRACE_SECONDS = 30;

/** What pods may use: they are only simulated, so there is plenty. */
const ROOM = { cpu: '64', memory: '256Gi', 'ephemeral-storage': '1Ti', pods: '1000' } as const;

const NODE_LABELS = {
  'kubernetes.io/arch': 'amd64',
  'kubernetes.io/hostname': NODE_NAME,
  'kubernetes.io/os': 'linux',
} as const;

const NODE_STATUS = {
  capacity: ROOM,
  allocatable: ROOM,
  addresses: [
    { type: 'InternalIP', address: HOST_IP },
    { type: 'Hostname', address: NODE_NAME },
  ],
  nodeInfo: {
    kubeletVersion: 'v1.34.0-slipway',
    osImage: 'Slipway sandbox',
    operatingSystem: 'linux',
    architecture: 'amd64',
    kernelVersion: 'none',
    containerRuntimeVersion: 'builtin://1',
    machineID: 'slipway',
    systemUUID: 'slipway',
    bootID: 'slipway',
    kubeProxyVersion: '',
  },
} as const;

export function createNode(options: NodeOptions): Node {
  return new Agent(options);
}

class Agent implements Node {
  readonly streams: PodStreams;
  readonly #options: NodeOptions;
  readonly #runners = new Map<string, PodRunner>();
  readonly #leaving = new Set<string>();
  readonly #binding = new Set<string>();
  readonly #servers = new Map<string, Promise<Listening>>();
  readonly #byAddress = new Map<string, PodRunner>();
  #addresses = 0;

  constructor(options: NodeOptions) {
    this.#options = options;
    this.streams = {
      log: (pod, wanted) => this.#log(pod, wanted),
      exec: (pod, wanted) => this.#exec(pod, wanted),
      connect: (pod, port) => this.#connect(pod, port),
    };
    options.pods.onChange(({ before, after }) => {
      if (after === undefined) this.#forget(before);
      else this.#look(after);
    });
  }

  async start(): Promise<void> {
    const { client, clock } = this.#options;
    const now = formatInstant(clock.now());
    const node: KubeObject & Record<string, unknown> = {
      apiVersion: 'v1',
      kind: 'Node',
      metadata: { name: NODE_NAME, labels: NODE_LABELS },
      spec: {},
    };
    try {
      await client.create(NODES, node);
    } catch (error) {
      // A persisted sandbox has its node already.
      if (!(error instanceof ApiError) || error.reason !== 'AlreadyExists') throw error;
    }
    const ready = {
      type: 'Ready',
      status: 'True',
      reason: 'KubeletReady',
      message: 'the builtin runner is ready',
      lastHeartbeatTime: now,
      lastTransitionTime: now,
    };
    await client.patch(
      { resource: NODES, name: NODE_NAME },
      {
        type: 'merge',
        body: {
          status: {
            conditions: [ready],
            ...NODE_STATUS,
          },
        },
        subresource: 'status',
      },
    );
  }

  async stop(): Promise<void> {
    for (const runner of this.#runners.values()) runner.stop();
    this.#runners.clear();
    const servers = await Promise.all(this.#servers.values());
    this.#servers.clear();
    await Promise.all(servers.map((server) => server.close()));
  }

  #look(pod: Pod): void {
    const uid = pod.metadata.uid ?? '';
    if (pod.spec.nodeName === undefined) {
      if (pod.metadata.deletionTimestamp === undefined) void this.#bind(pod);
      return;
    }
    this.#binding.delete(uid);
    const runner = this.#runners.get(uid);
    runner?.update(pod);
    if (pod.metadata.deletionTimestamp !== undefined) {
      this.#end(pod);
      return;
    }
    const isOver = pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed';
    if (runner === undefined && !isOver) this.#begin(pod);
  }

  async #bind(pod: Pod): Promise<void> {
    const { name, namespace = '', uid = '' } = pod.metadata;
    if (this.#binding.has(uid)) return;
    this.#binding.add(uid);
    const ref = { resource: PODS, namespace, name };
    const body = {
      apiVersion: 'v1',
      kind: 'Binding',
      metadata: { name, namespace },
      target: { apiVersion: 'v1', kind: 'Node', name: NODE_NAME },
    };
    try {
      await this.#options.client.createSubresource(ref, 'binding', body);
      const message = `Successfully assigned ${namespace}/${name} to ${NODE_NAME}`;
      this.#tell(pod, 'Scheduled', message);
    } catch (error) {
      this.#binding.delete(uid);
      this.#problem(`binding of pod ${name}`, error);
    }
  }

  #begin(pod: Pod): void {
    const { client, clock, startDelay, onProblem, network } = this.#options;
    const podIp = this.#addressFor(pod);
    const runner: PodRunner = new PodRunner(
      {
        client,
        clock,
        podIp,
        network: { send: (request) => network(runner.pod).send(request) },
        startDelay,
        onProblem,
        tell: (about, reason, message, isBad) => this.#tell(about, reason, message, isBad),
      },
      pod,
    );
    this.#runners.set(pod.metadata.uid ?? '', runner);
    this.#byAddress.set(podIp, runner);
    runner.start();
  }

  /** A pod of an earlier run keeps its address unless another has got it meanwhile. */
  #addressFor({ status }: Pod): string {
    const own = status?.podIP;
    if (own !== undefined && !this.#byAddress.has(own)) return own;
    for (;;) {
      this.#addresses += 1;
      const host = this.#addresses;
      const address = `10.244.${Math.trunc(host / 250)}.${(host % 250) + 1}`;
      if (!this.#byAddress.has(address)) return address;
    }
  }

  /** Stops the pod and, once it is gone from the node, removes it from the API. */
  #end(pod: Pod): void {
    const uid = pod.metadata.uid ?? '';
    if (this.#leaving.has(uid)) return;
    this.#leaving.add(uid);
    this.#tell(pod, 'Killing', `Stopping pod ${pod.metadata.name}`);
    const { clock, stopDelay } = this.#options;
    clock.at(later(clock.now(), stopDelay), () => void this.#remove(pod));
  }

  async #remove(pod: Pod): Promise<void> {
    const { name, namespace = '', uid = '' } = pod.metadata;
    const runner = this.#runners.get(uid);
    if (runner !== undefined) await this.#drain(runner, pod);
    runner?.stop();
    const ref = { resource: PODS, namespace, name };
    try {
      await this.#options.client.delete(ref, { uid, gracePeriodSeconds: 0 });
    } catch (error) {
      if (!(error instanceof ApiError) || error.code >= 500) {
        this.#problem(`removal of pod ${name}`, error);
      }
    }
  }

  /** What is under way is finished, as long as the pod's grace lasts; nothing new is taken. */
  async #drain(runner: PodRunner, { metadata, spec }: Pod): Promise<void> {
    const drained = runner.traffic.close();
    if (runner.traffic.active === 0) return;
    const grace = metadata.deletionGracePeriodSeconds ?? spec.terminationGracePeriodSeconds;
    const { clock } = this.#options;
    const { promise, resolve } = Promise.withResolvers<undefined>();
    const stop = clock.at(later(clock.now(), seconds(grace ?? GRACE_SECONDS)), () =>
      resolve(undefined),
    );
    await Promise.race([drained, promise]);
    stop();
  }

  server(address: string, port: number): Transport | undefined {
    return this.#byAddress.get(address)?.server(port);
  }

  work(pod: Pod): Work | undefined {
    return this.#runners.get(pod.metadata.uid ?? '')?.traffic;
  }

  #forget(pod: Pod | undefined): void {
    const uid = pod?.metadata.uid ?? '';
    const runner = this.#runners.get(uid);
    runner?.stop();
    this.#runners.delete(uid);
    for (const [address, one] of this.#byAddress) {
      if (one === runner) this.#byAddress.delete(address);
    }
    this.#leaving.delete(uid);
    this.#binding.delete(uid);
    for (const [key, server] of this.#servers) {
      if (!key.startsWith(`${uid}/`)) continue;
      this.#servers.delete(key);
      void server.then((listening) => listening.close());
    }
  }

  #runnerOf(pod: Pod): PodRunner {
    const runner = this.#runners.get(pod.metadata.uid ?? '');
    if (runner !== undefined) return runner;
    const { metadata, status } = pod;
    const isOver = status?.phase === 'Succeeded' || status?.phase === 'Failed';
    throw badRequest(
      isOver
        ? `pod "${metadata.name}" ended before the sandbox was last started: its log is gone`
        : `pod "${metadata.name}" is waiting to start: PodInitializing`,
    );
  }

  #log(pod: Pod, { container, previous, ...wanted }: Parameters<PodStreams['log']>[1]): Body {
    const log = this.#runnerOf(pod).log(container, previous);
    if (log !== undefined) return log.read(wanted);
    const what = `container "${container}" in pod "${pod.metadata.name}"`;
    if (previous) throw badRequest(`previous terminated ${what} not found`);
    const status = pod.status?.containerStatuses?.find(({ name }) => name === container);
    const reason = status?.state?.waiting?.reason ?? 'ContainerCreating';
    const isPull = reason === 'ErrImagePull' || reason === 'ImagePullBackOff';
    const cause = isPull ? 'trying and failing to pull image' : reason;
    throw badRequest(`${what} is waiting to start: ${cause}`);
  }

  #exec(
    pod: Pod,
    { container, command, tty, ...streams }: Parameters<PodStreams['exec']>[1],
  ): Promise<number> {
    const runner = this.#runnerOf(pod);
    if (!runner.isRunning(container)) {
      throw badRequest(`container not found (${JSON.stringify(container)})`);
    }
    const stderr = tty ? streams.stdout : streams.stderr;
    return runCommand(command, {
      ...streams,
      stderr,
      clock: this.#options.clock,
      hostname: pod.metadata.name,
      env: runner.env(container),
      network: this.#options.network(runner.pod),
    });
  }

  /** The pod's server on a socket of its own, made when somebody first connects. */
  async #connect(pod: Pod, port: number): Promise<ByteStream> {
    const { listener, dialer } = this.#options;
    const { name, uid = '' } = pod.metadata;
    const handler = this.#runners.get(uid)?.server(port);
    if (handler === undefined || listener === undefined || dialer === undefined) {
      throw new TransportError('refused', `pod ${name} does not listen on port ${port}`);
    }
    const key = `${uid}/${port}`;
    const listening =
      this.#servers.get(key) ??
      listener.listen({
        handler: (request) => {
          const server = this.#runners.get(uid)?.server(port);
          if (server !== undefined) return server(request);
          const body = bodyOf(utf8('the pod is gone\n'));
          return Promise.resolve({ status: 503, headers: {}, body });
        },
      });
    this.#servers.set(key, listening);
    const { address, port: local } = await listening;
    return dialer.connect({ address, port: local });
  }

  #tell(pod: Pod, reason: string, message: string, isBad = false): void {
    const { name, namespace, uid = '' } = pod.metadata;
    this.#options.events.record({
      about: {
        apiVersion: 'v1',
        kind: 'Pod',
        name,
        uid,
        ...(namespace === undefined ? {} : { namespace }),
      },
      type: isBad ? 'Warning' : 'Normal',
      reason,
      message,
    });
  }

  #problem(what: string, error: unknown): void {
    this.#options.onProblem(what, error instanceof Error ? error : new Error(String(error)));
  }
}
