// One pod on the node: its containers from pulling to their end, its log, its server.
import type { Container, ContainerState, Pod } from '../../api/kubernetes.ts';
import { PODS } from '../../api/resources.ts';
import type { KubeClient } from '../../kube/client.ts';
import { ApiError } from '../../kube/errors.ts';
import { concat, utf8Text } from '../../lib/bytes.ts';
import { cancellation, sleep } from '../../lib/clock.ts';
import { jsonEqual } from '../../lib/equal.ts';
import type { Clock, Duration, Transport } from '../../lib/ports.ts';
import { formatInstant, milliseconds, seconds } from '../../lib/time.ts';
import { isKnownCommand, runCommand } from './commands.ts';
import { failPercentOf, isMockServer, mockServer, tagOf } from './mock-server.ts';
import type { PodNetwork } from './network.ts';
import { PodLog } from './pod-log.ts';
import { PodTraffic } from './pod-traffic.ts';
import { type ContainerView, podStatus } from './pod-status.ts';

export interface RunnerOptions {
  readonly client: KubeClient;
  readonly clock: Clock;
  readonly podIp: string;
  /** For commands of the pod's containers. */
  readonly network: PodNetwork;
  /** From being bound to running. */
  readonly startDelay: Duration;
  readonly onProblem: (what: string, error: Error) => void;
  /** Tells an event of the pod. */
  readonly tell: (pod: Pod, reason: string, message: string, isBad?: boolean) => void;
}

const FIRST_BACK_OFF_SECONDS = 10;
const LAST_BACK_OFF_SECONDS = 300;

/** Images that nobody can pull: told apart by their name, so that failures can be tried out. */
function isUnpullable(image: string): boolean {
  return image.includes('does-not-exist') || !/^[\w./:@-]+$/.test(image);
}

interface ContainerLogs {
  readonly current: PodLog;
  readonly previous: PodLog | undefined;
}

/** What a container that is not really run prints. */
function greetingOf({ image = '', ports = [] }: Container, command: readonly string[]): string {
  if (isMockServer(image)) {
    const open = ports.map(({ containerPort }) => containerPort).join(', ');
    return `mock server ${tagOf(image)} listens on ${open}`;
  }
  const what = command.length === 0 ? `image ${image}` : command.join(' ');
  return `simulated by the sandbox's builtin runner: ${what} is not really run`;
}

/** A server of the pod, as long as the pod's object is that one. */
interface Served {
  readonly pod: Pod;
  readonly container: string;
  readonly image: string;
  readonly send: Transport;
}

export class PodRunner {
  readonly traffic = new PodTraffic();
  readonly #servers = new Map<number, Served>();
  readonly #options: RunnerOptions;
  readonly #stop = cancellation();
  readonly #views = new Map<string, ContainerView>();
  readonly #startTime: string;
  readonly #logs = new Map<string, ContainerLogs>();
  #pod: Pod;
  #isReady = false;
  #isWriting = false;
  #isDirty = false;

  constructor(options: RunnerOptions, pod: Pod) {
    this.#options = options;
    this.#pod = pod;
    this.#startTime = formatInstant(options.clock.now());
  }

  /** The newest form of the pod, from the cache. */
  update(pod: Pod): void {
    this.#pod = pod;
  }

  get pod(): Pod {
    return this.#pod;
  }

  /** Ends it at once; requests under way are cut. */
  stop(): void {
    this.#stop.now();
    this.traffic.cut();
    for (const { current } of this.#logs.values()) current.close();
  }

  /** What a container has printed, in this run or in the one before; undefined if there was none. */
  log(container: string, previous: boolean): PodLog | undefined {
    const logs = this.#logs.get(container);
    return previous ? logs?.previous : logs?.current;
  }

  /** A new run of the container has a log of its own. */
  #openLog({ name }: Container): PodLog {
    const current = new PodLog(this.#options.clock);
    const before = this.#logs.get(name)?.current;
    before?.close();
    this.#logs.set(name, { current, previous: before });
    return current;
  }

  /** The environment of a container. */
  env(name: string): Readonly<Record<string, string>> {
    const container = this.#pod.spec.containers?.find((one) => one.name === name);
    const own = (container?.env ?? []).map(({ name, value = '' }) => [name, value] as const);
    return {
      PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
      HOSTNAME: this.#pod.metadata.name,
      ...Object.fromEntries(own),
      KUBERNETES_SERVICE_HOST: '10.96.0.1',
      KUBERNETES_SERVICE_PORT: '443',
      HOME: '/root',
    };
  }

  isRunning(container: string): boolean {
    return this.#views.get(container)?.state.running !== undefined;
  }

  /** The HTTP server behind a port; undefined if nothing listens there. */
  server(port: number): Transport | undefined {
    let served = this.#servers.get(port);
    if (served?.pod !== this.#pod) {
      served = this.#serverOf(port, served);
      if (served === undefined) return undefined;
      this.#servers.set(port, served);
    }
    const isUp = this.#views.get(served.container)?.state.running !== undefined;
    return isUp && this.traffic.isOpen ? served.send : undefined;
  }

  /** The pod's object has changed: mostly not in what it runs. */
  #serverOf(port: number, before: Served | undefined): Served | undefined {
    const container = (this.#pod.spec.containers ?? []).find(
      (one) =>
        isMockServer(one.image ?? '') &&
        (one.ports ?? []).some(({ containerPort }) => containerPort === port),
    );
    if (container === undefined) return undefined;
    const { name, image = '' } = container;
    if (before?.image === image) return { ...before, pod: this.#pod };
    const send = this.traffic.through(
      mockServer({
        clock: this.#options.clock,
        version: tagOf(image),
        hostname: this.#pod.metadata.name,
        failPercent: failPercentOf(this.env(container.name)),
        log: (line) => this.#logs.get(container.name)?.current.add(line),
      }),
    );
    return { pod: this.#pod, container: name, image, send };
  }

  start(): void {
    for (const container of this.#pod.spec.containers ?? []) void this.#run(container);
  }

  get #cancelled(): boolean {
    return this.#stop.cancel.cancelled;
  }

  async #run(container: Container): Promise<void> {
    const { clock, startDelay } = this.#options;
    await sleep(clock, startDelay, this.#stop.cancel);
    if (this.#cancelled) return;
    const image = container.image ?? '';
    if (isUnpullable(image)) return this.#failToPull(container, image);
    this.#options.tell(this.#pod, 'Pulled', `Container image "${image}" is built in`);
    for (let restarts = 0; !this.#cancelled; restarts += 1) {
      const code = await this.#runOnce(container, restarts);
      if (code === undefined || this.#cancelled) return;
      const policy = this.#pod.spec.restartPolicy ?? 'Always';
      if (policy === 'Never' || (policy === 'OnFailure' && code === 0)) return;
      await this.#backOff(container, restarts);
    }
  }

  async #failToPull(container: Container, image: string): Promise<void> {
    const message = `Failed to pull image "${image}": not found`;
    this.#options.tell(this.#pod, 'Failed', message, true);
    this.#set(container, { waiting: { reason: 'ErrImagePull', message } });
    await sleep(this.#options.clock, seconds(FIRST_BACK_OFF_SECONDS), this.#stop.cancel);
    if (this.#cancelled) return;
    const backOff = `Back-off pulling image "${image}"`;
    this.#options.tell(this.#pod, 'BackOff', backOff, true);
    this.#set(container, { waiting: { reason: 'ImagePullBackOff', message: backOff } });
  }

  /** Its exit code; undefined if it runs until it is stopped. */
  async #runOnce(container: Container, restarts: number): Promise<number | undefined> {
    const { clock } = this.#options;
    const startedAt = formatInstant(clock.now());
    const log = this.#openLog(container);
    this.#set(container, { running: { startedAt } }, restarts);
    this.#options.tell(this.#pod, 'Started', `Started container ${container.name}`);
    void this.#becomeReady(container);
    const command = [...(container.command ?? []), ...(container.args ?? [])];
    if (!isKnownCommand(command)) {
      log.add(greetingOf(container, command));
      return undefined;
    }
    const code = await this.#execute(container, command, log);
    log.close();
    if (this.#cancelled) return undefined;
    this.#isReady = false;
    const terminated: ContainerState = {
      terminated: {
        exitCode: code,
        reason: code === 0 ? 'Completed' : 'Error',
        startedAt,
        finishedAt: formatInstant(clock.now()),
      },
    };
    this.#set(container, terminated, restarts);
    return code;
  }

  #execute({ name }: Container, command: readonly string[], log: PodLog): Promise<number> {
    const rest: Uint8Array[] = [];
    const print = (chunk: Uint8Array): Promise<void> => {
      const lines = utf8Text(concat([...rest.splice(0), chunk])).split('\n');
      const last = lines.pop() ?? '';
      for (const line of lines) log.add(line);
      if (last !== '') log.add(last);
      return Promise.resolve();
    };
    return runCommand(command, {
      clock: this.#options.clock,
      hostname: this.#pod.metadata.name,
      env: this.env(name),
      network: this.#options.network,
      stdin: undefined,
      stdout: print,
      stderr: print,
      cancel: this.#stop.cancel,
    });
  }

  async #becomeReady(container: Container): Promise<void> {
    const delay = container.readinessProbe?.initialDelaySeconds ?? 0;
    if (delay > 0) await sleep(this.#options.clock, seconds(delay), this.#stop.cancel);
    const running = (this.#pod.spec.containers ?? []).every(
      ({ name }) => this.#views.get(name)?.state.running !== undefined,
    );
    if (this.#cancelled || !running) return;
    this.#isReady = true;
    this.#write();
  }

  async #backOff(container: Container, restarts: number): Promise<void> {
    const wait = Math.min(LAST_BACK_OFF_SECONDS, FIRST_BACK_OFF_SECONDS * 2 ** restarts);
    const message = `back-off ${wait}s restarting failed container=${container.name}`;
    const lastState = this.#views.get(container.name)?.state ?? {};
    this.#views.set(container.name, {
      state: { waiting: { reason: 'CrashLoopBackOff', message } },
      restartCount: restarts + 1,
      lastState,
    });
    this.#write();
    this.#options.tell(this.#pod, 'BackOff', `Back-off restarting failed container`, true);
    await sleep(this.#options.clock, milliseconds(wait * 1000), this.#stop.cancel);
  }

  #set(container: Container, state: ContainerState, restartCount = 0): void {
    const lastState = this.#views.get(container.name)?.lastState;
    this.#views.set(container.name, {
      state,
      restartCount,
      ...(lastState === undefined ? {} : { lastState }),
    });
    this.#write();
  }

  /** Writes the newest status; changes during a write are written together after it. */
  #write(): void {
    this.#isDirty = true;
    if (!this.#isWriting) void this.#writeAll();
  }

  async #writeAll(): Promise<void> {
    this.#isWriting = true;
    // What changes in the same turn goes out as one.
    await Promise.resolve();
    while (this.#isDirty && !this.#cancelled) {
      this.#isDirty = false;
      try {
        await this.#writeOnce();
      } catch (error) {
        const isGone = error instanceof ApiError && error.code === 404;
        if (!isGone) {
          const cause = error instanceof Error ? error : new Error(String(error));
          this.#options.onProblem(`status of pod ${this.#pod.metadata.name}`, cause);
        }
      }
    }
    this.#isWriting = false;
  }

  async #writeOnce(): Promise<void> {
    const { client, clock, podIp } = this.#options;
    const status = podStatus(this.#pod, {
      now: clock.now(),
      podIp,
      startTime: this.#startTime,
      states: this.#views,
      isReady: this.#isReady,
    });
    if (jsonEqual(this.#pod.status, status)) return;
    const { name, namespace = '' } = this.#pod.metadata;
    const ref = { resource: PODS, namespace, name };
    this.#pod = await client.patch<Pod>(ref, {
      type: 'merge',
      body: JSON.parse(JSON.stringify({ status })) as never,
      subresource: 'status',
    });
  }
}
