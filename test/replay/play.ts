// Plays a trace's manifests and actions on the sandbox with our controller, on the virtual clock.
import type { KubeEvent } from '../../src/api/kubernetes.ts';
import { HASH_LABEL } from '../../src/api/names.ts';
import type { KubeObject } from '../../src/api/object.ts';
import { objectPath } from '../../src/kube/paths.ts';
import { jsonEqual } from '../../src/lib/equal.ts';
import type { HttpRequest } from '../../src/lib/ports.ts';
import { type Cluster, type ClusterOptions, withCluster } from '../support/cluster.ts';
import { runPlugin } from '../support/command-line.ts';
import { post, resourceOf } from '../support/objects.ts';
import { Hashes } from './hashes.ts';
import { MetricSource } from './metrics.ts';
import { Observer } from './observe.ts';
import { loadingBegins, loadRest, type Stored } from './takeover.ts';
import type { Do, State, Trace, TraceEvent, When } from './trace.ts';

export interface Played {
  readonly rest: readonly State[];
  readonly path: readonly State[];
  readonly events: readonly TraceEvent[];
  /** Writes of the controller, events left out. */
  readonly writes: number;
  readonly said: readonly string[];
}

const QUIET_MS = 2500;
const TAKE_OVER_MS = 1500;
const STEP_MS = 50;
const TIMEOUT_SECONDS = 120;
const WATCHED: ReadonlySet<string> = new Set([
  'Rollout',
  'ReplicaSet',
  'AnalysisRun',
  'Experiment',
  'Service',
  'VirtualService',
  'DestinationRule',
  'Deployment',
]);

export async function play(trace: Trace): Promise<Played> {
  const metrics = new MetricSource();
  let writes = 0;
  const options = {
    ...clusterOptions(trace, metrics),
    onRequest: (request: HttpRequest) => {
      if (isWrite(request)) writes += 1;
    },
  };
  return withCluster(options, async (cluster) => {
    const player = new Player(cluster, trace, metrics);
    await player.begin();
    await player.run();
    return { ...player.played(), writes };
  });
}

function clusterOptions({ name, nodes }: Trace, metrics: MetricSource): ClusterOptions {
  const { startMs, stopMs } = nodes;
  return { seed: name, podStartMs: startMs, podStopMs: stopMs, metrics: metrics.transport };
}

function isWrite({ method, path }: HttpRequest): boolean {
  return method !== 'GET' && !path.includes('/events');
}

/** What a controller of ours did that was put in the reference's place at a rest point. */
export interface TakenOver {
  /** Its writes before anything else happened: method and path. */
  readonly writes: readonly string[];
  /** Phases and messages of the Rollout, the one that was found first. */
  readonly phases: readonly string[];
  readonly podsBefore: readonly string[];
  readonly podsAfter: readonly string[];
  /** How the scenario went on from there: the states from this rest point on. */
  readonly played: Played;
}

/** Loads what the reference left behind at a rest point, starts a controller on it, and plays on from there. */
export async function takeOver(
  trace: Trace,
  objects: readonly Stored[],
  index: number,
): Promise<TakenOver> {
  const metrics = new MetricSource();
  const writes: string[] = [];
  const phases: string[] = [];
  const options = {
    ...clusterOptions(trace, metrics),
    start: loadingBegins(objects),
    isUncontrolled: true,
    onRequest: (request: HttpRequest) => {
      if (isWrite(request)) writes.push(`${request.method} ${request.path}`);
    },
  };
  return withCluster(options, async (cluster) => {
    const player = new Player(cluster, trace, metrics);
    player.know(objects, index);
    await loadRest(cluster, trace, { objects, index });
    const pods = () => player.pods.map(({ metadata }) => metadata.uid ?? '');
    const podsBefore = pods();
    const told = () => {
      const phase = player.phase;
      if (phases.at(-1) !== phase) phases.push(phase);
    };
    told();
    cluster.sandbox.store.observe(told);
    await cluster.restart();
    await cluster.advance(TAKE_OVER_MS);
    const found = { writes: [...writes], phases: [...phases], podsBefore, podsAfter: pods() };
    await player.run(index);
    return { ...found, played: { ...player.played(), writes: writes.length } };
  });
}

class Player {
  readonly #cluster: Cluster;
  readonly #trace: Trace;
  readonly #metrics: MetricSource;
  readonly #observer: Observer;
  readonly #hashes = new Hashes();
  readonly #rest: State[] = [];
  readonly #path: State[] = [];
  readonly #said: string[] = [];
  readonly #changedAt = new Map<string, number>();

  constructor(cluster: Cluster, trace: Trace, metrics: MetricSource) {
    this.#cluster = cluster;
    this.#trace = trace;
    this.#metrics = metrics;
    this.#observer = new Observer(cluster.sandbox.store, trace, this.#hashes);
    cluster.sandbox.store.observe((_key, { object }) => this.#saw(object));
  }

  #saw(object: KubeObject): void {
    if (object.metadata.namespace !== this.#trace.namespace) return;
    if (WATCHED.has(object.kind)) this.#changedAt.set(object.kind, this.#cluster.clock.now());
    for (const set of this.#observer.sets) this.#hashes.see(set);
    const state = this.#observer.state();
    if (state !== undefined && !jsonEqual(this.#path.at(-1), state)) this.#path.push(state);
  }

  /** Notes the sets that were there before, under the names that the trace has for them, and the rules then in force. */
  know(objects: readonly KubeObject[], index: number): void {
    this.#setRules('create');
    for (let action = 0; action < index; action += 1) this.#setRules(action);
    const hashes = objects.map(({ metadata }) => metadata.labels?.[HASH_LABEL]);
    for (const [key, hash] of Object.entries(this.#trace.hashes)) {
      if (hashes.includes(hash)) this.#hashes.know(key, hash);
    }
  }

  get pods(): readonly KubeObject[] {
    return this.#observer.pods;
  }

  get phase(): string {
    const { phase = '', message = '' } = this.#observer.rollout?.status ?? {};
    return `${phase} ${message}`;
  }

  /** Makes what the scenario begins with. */
  async begin(): Promise<void> {
    const { namespace, manifests } = this.#trace;
    const { client } = this.#cluster;
    await post(client, namespace, {
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: { name: namespace },
    });
    this.#setRules('create');
    for (const manifest of manifests) await post(client, namespace, manifest);
  }

  /** Plays the actions from one of them on. */
  async run(from = 0): Promise<void> {
    const { actions, end, metricSource } = this.#trace;
    for (const [index, action] of actions.entries()) {
      if (index < from) continue;
      await this.#until(action.when);
      await this.#record();
      await this.#act(action.do);
      if (metricSource !== undefined) this.#setRules(index);
    }
    await this.#until(end);
    await this.#record();
  }

  #setRules(after: 'create' | number): void {
    const found = this.#trace.metricSource?.answers.find((one) => one.after === after);
    if (found !== undefined) this.#metrics.set(found.rules);
  }

  async #record(): Promise<void> {
    const rest = this.#observer.rest();
    const { target, namespace } = this.#trace;
    const kind = target.kind.toLowerCase();
    const shown =
      target.kind === 'AnalysisRun'
        ? undefined
        : await runPlugin(this.#cluster, namespace, ['get', kind, target.name, '--no-color']);
    const get = shown?.code === 0 ? this.#hashes.text(shown.out).trimEnd().split('\n') : null;
    this.#rest.push({ ...rest, get });
  }

  async #until(when: When): Promise<void> {
    const limit = when === 'rest' ? TIMEOUT_SECONDS : (when.timeout ?? TIMEOUT_SECONDS);
    const { clock } = this.#cluster;
    const end = clock.now() + limit * 1000;
    do {
      await this.#cluster.advance(STEP_MS);
      if (this.#holds(when)) return;
    } while (clock.now() < end);
    throw new Error(
      `never came to ${JSON.stringify(when)}; last: ${JSON.stringify(this.#path.at(-1))}`,
    );
  }

  #holds(when: When): boolean {
    const wanted = when === 'rest' ? {} : when;
    const { rollout } = this.#observer;
    const isObserved =
      rollout === undefined ||
      rollout.status?.observedGeneration === String(rollout.metadata.generation ?? 0);
    const isTerminating = this.#observer.pods.some(
      ({ metadata }) => metadata.deletionTimestamp !== undefined,
    );
    return (
      isObserved &&
      !isTerminating &&
      this.#isQuiet(wanted) &&
      this.#isAsWanted(wanted) &&
      (wanted.anyWeight === true || this.#isWeightBack())
    );
  }

  #isQuiet({ quiet = QUIET_MS, ignore = [] }: Exclude<When, 'rest'>): boolean {
    const now = this.#cluster.clock.now();
    return [...this.#changedAt].every(([kind, at]) => ignore.includes(kind) || now - at >= quiet);
  }

  #isAsWanted(wanted: Exclude<When, 'rest'>): boolean {
    const { rollout, experiment, run } = this.#observer;
    const status = rollout?.status;
    const { phase, message = '' } = rollout?.status ?? experiment?.status ?? run?.status ?? {};
    const isStable = (status?.stableRS ?? '') === (status?.currentPodHash ?? '');
    return (
      (wanted.phase === undefined || wanted.phase === phase) &&
      (wanted.message === undefined || new RegExp(wanted.message).test(message)) &&
      (wanted.step === undefined || wanted.step === status?.currentStepIndex) &&
      (wanted.abort === undefined || wanted.abort === (status?.abort === true)) &&
      (wanted.stable === undefined || wanted.stable === isStable) &&
      this.#isDeployed(wanted) &&
      this.#areSets(wanted) &&
      this.#isAnalysed(wanted) &&
      this.#isTried(wanted)
    );
  }

  #isDeployed({ deployment }: Exclude<When, 'rest'>): boolean {
    return (
      deployment === undefined ||
      this.#observer.deployments.every(({ spec }) => (spec.replicas ?? 0) === deployment)
    );
  }

  #areSets({ sets = {}, ready = {} }: Exclude<When, 'rest'>): boolean {
    const find = (key: string) =>
      this.#observer.sets.find((set) => this.#observer.setKey(set) === key);
    return (
      Object.entries(sets).every(([key, count]) => (find(key)?.spec.replicas ?? 0) === count) &&
      Object.entries(ready).every(
        ([key, count]) => (find(key)?.status?.readyReplicas ?? 0) === count,
      )
    );
  }

  #isAnalysed({ analysis }: Exclude<When, 'rest'>): boolean {
    if (analysis === undefined) return true;
    const { name = '', phase, count, number = 1 } = analysis;
    const found = this.#observer.runs.filter(({ metadata, status }) => {
      const taken = (status?.metricResults ?? []).reduce(
        (sum, result) => sum + (result.measurements ?? []).length,
        0,
      );
      return (
        this.#hashes.text(metadata.name).includes(name) &&
        (phase === undefined || status?.phase === phase) &&
        (count === undefined || taken >= count)
      );
    });
    return found.length >= number;
  }

  #isTried({ experiment }: Exclude<When, 'rest'>): boolean {
    if (experiment === undefined) return true;
    const { name = '', phase, templates, number = 1 } = experiment;
    const found = this.#observer.experiments.filter(({ metadata, status }) => {
      const entries = status?.templateStatuses ?? [];
      return (
        this.#hashes.text(metadata.name).includes(name) &&
        (phase === undefined || status?.phase === phase) &&
        (templates === undefined ||
          (entries.length > 0 && entries.every((one) => one.status === templates)))
      );
    });
    return found.length >= number;
  }

  /** A routed canary that is Healthy or aborted has its weight back at the stable set. */
  #isWeightBack(): boolean {
    const { rollout } = this.#observer;
    const isOver = rollout?.status?.phase === 'Healthy' || rollout?.status?.abort === true;
    const weights = rollout?.status?.canary?.weights;
    return !isOver || weights === undefined || weights.canary.weight === 0;
  }

  async #act(action: Do): Promise<void> {
    const { namespace, target } = this.#trace;
    const { client } = this.#cluster;
    if (action.cli !== undefined) {
      const { out, err, code } = await runPlugin(this.#cluster, namespace, action.cli.split(' '));
      this.#said.push(`${out}${err}`.trimEnd());
      if (code !== 0) throw new Error(`${action.cli} failed: ${err}`);
    }
    if (action.patch !== undefined && action.with !== undefined) {
      await this.#patch(action.patch, action.with);
    }
    if (action.create !== undefined) await post(client, namespace, action.create);
    if (action.delete !== undefined) {
      const path = this.#pathOf(action.delete);
      await client.raw('DELETE', path);
    }
    if (action.scale !== undefined) {
      const path = `${this.#pathOf(target)}/scale`;
      const body = { spec: { replicas: action.scale } };
      await client.raw('PATCH', path, { body, contentType: 'application/merge-patch+json' });
    }
    if (action.deletePod !== undefined) await this.#deletePod(action.deletePod);
    if (action.metrics !== undefined) this.#metrics.set(action.metrics);
  }

  #pathOf({ kind, name }: { readonly kind: string; readonly name: string }): string {
    const known = this.#trace.manifests.find((one) => one.kind === kind);
    const { namespace } = this.#trace;
    const apiVersion = known?.apiVersion ?? (kind === 'Pod' ? 'v1' : 'argoproj.io/v1alpha1');
    const resource = resourceOf({ apiVersion, kind });
    return objectPath({ resource, namespace, name });
  }

  async #patch(
    of: { readonly kind: string; readonly name: string },
    body: Do['with'],
  ): Promise<void> {
    const isList = Array.isArray(body);
    await this.#cluster.client.raw('PATCH', this.#pathOf(of), {
      body: body ?? null,
      contentType: isList ? 'application/json-patch+json' : 'application/merge-patch+json',
    });
  }

  async #deletePod(key: string): Promise<void> {
    const hash = this.#hashes.hashOf(key);
    const pod = this.#observer.pods.find(({ metadata }) => metadata.labels?.[HASH_LABEL] === hash);
    if (pod === undefined) throw new Error(`no pod of set ${key}`);
    await this.#cluster.client.raw(
      'DELETE',
      this.#pathOf({ kind: 'Pod', name: pod.metadata.name }),
    );
  }

  played(): Omit<Played, 'writes'> {
    const events = this.#observer
      .all<KubeEvent>('/events')
      .filter(({ source }) => source?.component === 'rollouts-controller')
      .toSorted((a, b) => {
        const version = ({ metadata }: KubeObject) =>
          Number.parseInt(metadata.name.split('.').at(-1) ?? '0', 16);
        return version(a) - version(b);
      })
      .map(({ type = '', reason = '', message = '', involvedObject }) => ({
        type,
        reason,
        message: this.#hashes.text(message),
        about: this.#hashes.text(`${involvedObject.kind ?? ''}/${involvedObject.name ?? ''}`),
      }));
    return { rest: this.#rest, path: this.#path, events, said: this.#said };
  }
}
