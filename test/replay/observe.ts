// What a trace records of a cluster: the state on the way, and everything at a rest point.
import type { AnalysisRun } from '../../src/api/analysis.ts';
import type { Experiment } from '../../src/api/experiment.ts';
import type { Deployment, Pod, ReplicaSet, Service } from '../../src/api/kubernetes.ts';
import {
  DESIRED_REPLICAS,
  EPHEMERAL_METADATA,
  HASH_LABEL,
  REVISION,
  SCALE_DOWN_DEADLINE,
} from '../../src/api/names.ts';
import type { KubeObject } from '../../src/api/object.ts';
import type { Rollout } from '../../src/api/rollout.ts';
import type { Hashes } from './hashes.ts';
import type { View } from './stage.ts';
import type { State, Trace } from './trace.ts';

interface Route {
  readonly name?: string;
  readonly match?: unknown;
  readonly mirror?: unknown;
  readonly mirrorPercentage?: unknown;
  readonly route?: readonly {
    readonly weight?: number;
    readonly destination?: { readonly host?: string; readonly subset?: string };
  }[];
}

interface VirtualServiceObject extends KubeObject {
  readonly spec: Readonly<Record<string, readonly Route[] | undefined>>;
}

interface DestinationRuleObject extends KubeObject {
  readonly spec: {
    readonly subsets?: readonly {
      readonly name?: string;
      readonly labels?: Readonly<Record<string, string>>;
    }[];
  };
}

export class Observer {
  readonly #view: View;
  readonly #trace: Trace;
  readonly hashes: Hashes;

  constructor(view: View, trace: Trace, hashes: Hashes) {
    this.#view = view;
    this.#trace = trace;
    this.hashes = hashes;
  }

  all<T extends KubeObject>(key: string): readonly T[] {
    return this.#view.list(key) as readonly T[];
  }

  get rollout(): Rollout | undefined {
    return this.#target<Rollout>('Rollout', 'argoproj.io/rollouts');
  }

  get experiment(): Experiment | undefined {
    return this.#target<Experiment>('Experiment', 'argoproj.io/experiments');
  }

  get run(): AnalysisRun | undefined {
    return this.#target<AnalysisRun>('AnalysisRun', 'argoproj.io/analysisruns');
  }

  #target<T extends KubeObject>(kind: string, key: string): T | undefined {
    const { target } = this.#trace;
    if (target.kind !== kind) return undefined;
    return this.all<T>(key).find(({ metadata }) => metadata.name === target.name);
  }

  get sets(): readonly ReplicaSet[] {
    return this.all<ReplicaSet>('apps/replicasets');
  }

  get deployments(): readonly Deployment[] {
    return this.all<Deployment>('apps/deployments');
  }

  get runs(): readonly AnalysisRun[] {
    return this.all<AnalysisRun>('argoproj.io/analysisruns');
  }

  get experiments(): readonly Experiment[] {
    return this.all<Experiment>('argoproj.io/experiments');
  }

  setKey(set: ReplicaSet): string | null {
    return this.hashes.key(set.metadata.labels?.[HASH_LABEL]);
  }

  /** The state on the way, of the kind of the target. */
  state(): State | undefined {
    switch (this.#trace.target.kind) {
      case 'Rollout':
        return this.rollout === undefined ? undefined : this.#rolloutState(this.rollout);
      case 'Experiment':
        return this.experiment === undefined ? undefined : this.#experimentState(this.experiment);
      default:
        return this.run === undefined ? undefined : runState(this.run);
    }
  }

  /** The sets that the Services of a blue-green name. */
  #services({ spec }: Rollout): Readonly<Record<string, string | null>> {
    const { activeService = '', previewService = '' } = spec.strategy?.blueGreen ?? {};
    const names = [activeService, previewService].filter((name) => name !== '');
    return Object.fromEntries(
      this.all<Service>('/services')
        .filter(({ metadata }) => names.includes(metadata.name))
        .map((one) => [one.metadata.name, this.hashes.key(one.spec.selector?.[HASH_LABEL])]),
    );
  }

  #rolloutState(rollout: Rollout): State {
    const { status } = rollout;
    const services = this.#services(rollout);
    const current = this.hashes.key(status?.currentPodHash);
    const stable = this.hashes.key(status?.stableRS);
    const desired = new Map(this.sets.map((set) => [this.setKey(set), set.spec.replicas ?? 0]));
    const others = [...desired].filter(
      ([key, count]) => key !== current && key !== stable && count > 0,
    );
    const weights = this.#weights();
    const phases = <T extends KubeObject & { readonly status?: { readonly phase?: string } }>(
      objects: readonly T[],
    ) =>
      Object.fromEntries(
        objects.map((one) => [
          this.hashes.text(one.metadata.name),
          (one.status?.phase ?? '') === '' ? null : one.status?.phase,
        ]),
      );
    return {
      phase: status?.phase ?? null,
      message: status?.message === undefined ? null : this.hashes.text(status.message),
      step: status?.currentStepIndex ?? null,
      ...(status?.abort === true ? { abort: true } : {}),
      ...(status?.controllerPause === true ? { controllerPause: true } : {}),
      current,
      stable,
      stableDesired: stable === null ? null : (desired.get(stable) ?? null),
      canaryDesired: current === null || current === stable ? null : (desired.get(current) ?? null),
      ...(others.length === 0 ? {} : { others: Object.fromEntries(others) }),
      ...(Object.keys(weights).length === 0 ? {} : { weights }),
      ...(Object.keys(services).length === 0 ? {} : { services }),
      ...(this.runs.length === 0 ? {} : { analysisRuns: phases(this.runs) }),
      ...(this.experiments.length === 0 ? {} : { experiments: phases(this.experiments) }),
    };
  }

  #experimentState({ status, metadata }: Experiment): State {
    const own = this.sets.filter((set) =>
      set.metadata.ownerReferences?.some(({ uid }) => uid === metadata.uid),
    );
    return {
      phase: (status?.phase ?? '') === '' ? null : status?.phase,
      message: status?.message ?? null,
      templates: Object.fromEntries(
        (status?.templateStatuses ?? []).map((one) => [one.name, one.status]),
      ),
      analyses: Object.fromEntries(
        (status?.analysisRuns ?? []).map((one) => [one.name, one.phase]),
      ),
      desired: Object.fromEntries(own.map((set) => [set.metadata.name, set.spec.replicas ?? 0])),
    };
  }

  /** `VirtualService/route` -> `stable 80, canary 20`. */
  #weights(): Record<string, string> {
    const weights: Record<string, string> = {};
    for (const service of this.all<VirtualServiceObject>('networking.istio.io/virtualservices')) {
      for (const [route, destinations] of routesOf(service)) {
        weights[`${service.metadata.name}/${route}`] = destinations
          .map(
            ({ host = '', subset, weight }) =>
              `${this.hashes.text(subset ?? host)} ${weight ?? '-'}`,
          )
          .join(', ');
      }
    }
    return weights;
  }

  /** Everything at a rest point. */
  rest(): State {
    const { rollout } = this;
    return {
      rollout: rollout === undefined ? null : this.#restRollout(rollout),
      replicaSets: this.#restSets(),
      services: this.#restServices(),
      virtualServices: this.#restVirtualServices(),
      destinationRules: this.#restRules(),
      experiments: this.experiments.map((one) => this.#restExperiment(one)),
      analysisRuns: this.runs.map((one) => this.#restRun(one)),
      deployments: this.#restDeployments(),
    };
  }

  #deep(value: unknown): unknown {
    if (typeof value === 'string') return timeless(this.hashes.text(value));
    if (Array.isArray(value)) return value.map((one: unknown) => this.#deep(one));
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, this.#deep(one)]));
  }

  #restRollout({ metadata, spec, status = {} }: Rollout) {
    return {
      name: metadata.name,
      specReplicas: spec.replicas ?? null,
      revision: Number(metadata.annotations?.[REVISION] ?? '0'),
      phase: status.phase ?? null,
      message: status.message === undefined ? null : this.hashes.text(status.message),
      currentStepIndex: status.currentStepIndex ?? null,
      currentStepHash: (status.currentStepHash ?? '') !== '',
      current: this.hashes.key(status.currentPodHash),
      stable: this.hashes.key(status.stableRS),
      abort: status.abort === true,
      abortedAt: status.abortedAt !== undefined,
      promoteFull: status.promoteFull === true,
      restartedAt: status.restartedAt !== undefined,
      pauseConditions: (status.pauseConditions ?? []).map(({ reason }) => reason),
      controllerPause: status.controllerPause === true,
      specPaused: spec.paused === true,
      replicas: status.replicas ?? 0,
      updatedReplicas: status.updatedReplicas ?? 0,
      readyReplicas: status.readyReplicas ?? 0,
      availableReplicas: status.availableReplicas ?? 0,
      HPAReplicas: status.HPAReplicas ?? 0,
      selector: status.selector === undefined ? null : this.hashes.text(status.selector),
      canary: this.#deep(status.canary ?? {}),
      blueGreen: this.#deep(status.blueGreen ?? {}),
      conditions: restConditions(status.conditions ?? [], (text) => this.hashes.text(text)),
    };
  }

  #restSets() {
    return this.sets
      .map((set) => {
        const { metadata, spec, status } = set;
        const { labels = {}, annotations } = spec.template?.metadata ?? {};
        const { [HASH_LABEL]: _hash, ...own } = labels;
        const ephemeral = metadata.annotations?.[EPHEMERAL_METADATA];
        const [container] = spec.template?.spec?.containers ?? [];
        return {
          set: this.setKey(set),
          name: this.hashes.text(metadata.name),
          revision: metadata.annotations?.[REVISION] ?? null,
          owner: metadata.ownerReferences?.[0]?.kind ?? null,
          desired: spec.replicas ?? 0,
          ready: status?.readyReplicas ?? 0,
          available: status?.availableReplicas ?? 0,
          image: container?.image ?? null,
          scaleDownDeadline: metadata.annotations?.[SCALE_DOWN_DEADLINE] !== undefined,
          desiredReplicasAnnotation: metadata.annotations?.[DESIRED_REPLICAS] ?? null,
          labels: own,
          ...(ephemeral === undefined ? {} : { ephemeralMetadata: ephemeral }),
          ...(annotations === undefined || Object.keys(annotations).length === 0
            ? {}
            : { annotations }),
        };
      })
      .toSorted(
        (a, b) => Number(a.revision ?? 0) - Number(b.revision ?? 0) || (a.name < b.name ? -1 : 1),
      );
  }

  /** Annotations of Kubernetes' own controller are not recorded. */
  #restDeployments() {
    return Object.fromEntries(
      this.deployments.map(({ metadata, spec }) => {
        const own = Object.entries(metadata.annotations ?? {}).filter(
          ([name]) => !name.startsWith('deployment.kubernetes.io/'),
        );
        return [
          metadata.name,
          { desired: spec.replicas ?? 0, annotations: Object.fromEntries(own) },
        ];
      }),
    );
  }

  #restServices() {
    return Object.fromEntries(
      this.all<Service>('/services').map(({ metadata, spec }) => [
        this.hashes.text(metadata.name),
        this.hashes.key(spec.selector?.[HASH_LABEL]),
      ]),
    );
  }

  #restVirtualServices() {
    return Object.fromEntries(
      this.all<VirtualServiceObject>('networking.istio.io/virtualservices').map((service) => [
        service.metadata.name,
        this.#deep(
          Object.fromEntries(
            (['http', 'tls', 'tcp'] as const).flatMap((protocol) => {
              const routes = service.spec[protocol];
              return routes === undefined ? [] : [[protocol, routes.map(restRoute)]];
            }),
          ),
        ),
      ]),
    );
  }

  #restRules() {
    return Object.fromEntries(
      this.all<DestinationRuleObject>('networking.istio.io/destinationrules').map((rule) => [
        rule.metadata.name,
        this.#deep((rule.spec.subsets ?? []).map(({ name, labels }) => ({ name, labels }))),
      ]),
    );
  }

  #restExperiment({ metadata, status, spec }: Experiment) {
    const owner = metadata.ownerReferences?.[0]?.kind ?? null;
    return this.#deep({
      name: metadata.name,
      owner,
      phase: status?.phase ?? null,
      message: status?.message ?? null,
      terminate: spec.terminate === true,
      availableAt: status?.availableAt !== undefined,
      templates: (status?.templateStatuses ?? []).map((one) => ({
        name: one.name,
        phase: one.status ?? null,
        message: one.message ?? null,
        replicas: one.replicas,
        updatedReplicas: one.updatedReplicas,
        readyReplicas: one.readyReplicas,
        availableReplicas: one.availableReplicas,
      })),
      analyses: (status?.analysisRuns ?? []).map(({ analysisRun, name, phase, message }) => ({
        analysisRun,
        name,
        phase,
        ...(message === undefined ? {} : { message }),
      })),
      conditions: restConditions(status?.conditions ?? [], (text) => text),
    });
  }

  #restRun({ metadata, status, spec }: AnalysisRun) {
    const owner = metadata.ownerReferences?.[0];
    return this.#deep({
      name: metadata.name,
      owner: owner === undefined ? null : `${owner.kind}/${owner.name}`,
      labels: this.#ownLabels(metadata.labels ?? {}),
      annotations: metadata.annotations ?? {},
      args: spec.args ?? [],
      terminate: spec.terminate === true,
      phase: status?.phase ?? null,
      message: status?.message ?? null,
      runSummary: status?.runSummary ?? null,
      dryRunSummary: status?.dryRunSummary ?? null,
      metrics: (status?.metricResults ?? [])
        .map((result) => ({
          name: result.name,
          phase: result.phase,
          message: result.message ?? null,
          dryRun: result.dryRun === true,
          count: result.count ?? 0,
          successful: result.successful ?? 0,
          failed: result.failed ?? 0,
          inconclusive: result.inconclusive ?? 0,
          error: result.error ?? 0,
          consecutiveError: result.consecutiveError ?? 0,
          consecutiveSuccess: result.consecutiveSuccess ?? 0,
          metadata: result.metadata ?? null,
          measurements: (result.measurements ?? []).map((one) => ({
            phase: one.phase,
            value: one.value ?? null,
            message: one.message ?? null,
            metadata: this.#texts(one.metadata),
          })),
        }))
        .toSorted((a, b) => (a.name < b.name ? -1 : 1)),
    });
  }

  #texts(metadata: Readonly<Record<string, string>> | undefined) {
    if (metadata === undefined) return null;
    const entries = Object.entries(metadata);
    return Object.fromEntries(entries.map(([name, value]) => [name, this.hashes.text(value)]));
  }

  /** Labels of the Rollout's selector, which every run carries, are not recorded. */
  #ownLabels(labels: Readonly<Record<string, string>>) {
    const selected = this.rollout?.spec.selector?.matchLabels ?? {};
    return Object.fromEntries(Object.entries(labels).filter(([name]) => !(name in selected)));
  }

  get pods(): readonly Pod[] {
    return this.all<Pod>('/pods');
  }
}

function runState({ status }: AnalysisRun): State {
  return {
    phase: (status?.phase ?? '') === '' ? null : status?.phase,
    message: status?.message ?? null,
    metrics: (status?.metricResults ?? [])
      .map(({ name, phase, measurements = [] }) => ({
        name,
        phase,
        measurements: measurements.map((one) => one.phase),
      }))
      .toSorted((a, b) => (a.name < b.name ? -1 : 1)),
  };
}

function timeless(text: string): string {
  return /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/.test(text) ? '<time>' : text;
}

function restConditions(
  conditions: readonly {
    readonly type: string;
    readonly status: string;
    readonly reason: string;
    readonly message: string;
  }[],
  text: (value: string) => string,
) {
  return conditions
    .map(({ type, status, reason, message }) => ({ type, status, reason, message: text(message) }))
    .toSorted((a, b) => (a.type < b.type ? -1 : 1));
}

interface Destination {
  readonly host?: string;
  readonly subset?: string;
  readonly weight: number | null;
}

function destinationsOf({ route = [] }: Route): readonly Destination[] {
  return route.map(({ weight = null, destination = {} }) => ({
    ...(destination.host === undefined ? {} : { host: destination.host }),
    ...(destination.subset === undefined ? {} : { subset: destination.subset }),
    weight,
  }));
}

function routesOf({
  spec,
}: VirtualServiceObject): readonly (readonly [string, readonly Destination[]])[] {
  return (['http', 'tls', 'tcp'] as const).flatMap((protocol) =>
    (spec[protocol] ?? []).map(
      (route, index) => [routeName(route, protocol, index), destinationsOf(route)] as const,
    ),
  );
}

function routeName({ name }: Route, protocol: string, index: number): string {
  return name ?? `${protocol}[${index}]`;
}

function restRoute(route: Route) {
  const { name, match, mirror, mirrorPercentage } = route;
  return {
    ...(name === undefined ? {} : { route: name }),
    ...(match === undefined ? {} : { match }),
    ...(mirror === undefined ? {} : { mirror }),
    ...(mirrorPercentage === undefined ? {} : { mirrorPercentage }),
    destinations: destinationsOf(route),
  };
}
