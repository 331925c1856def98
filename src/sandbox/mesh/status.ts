// Says on the objects themselves what the mesh makes of them: a condition, and an event when that changes for the worse.
//
// Flow: after a change the objects are looked through, at most once in a while. A reference to what does not exist is told
// only when it is still so at the next look, so that objects which are written one after the other cause no noise.
// Guarantees: at rest nothing is written; one look at a time; a failed write is tried again with the next look.
import type { Condition } from '../../api/kubernetes.ts';
import type { Json, KubeObject, ResourceType } from '../../api/object.ts';
import {
  destinationRules,
  HTTP_ROUTES,
  ISTIO_GATEWAYS,
  KUBERNETES_GATEWAYS,
  virtualServices,
} from '../../api/resources.ts';
import type { KubeClient } from '../../kube/client.ts';
import { ApiError } from '../../kube/errors.ts';
import type { EventRecorder } from '../../kube/events.ts';
import type { Clock, Stop } from '../../lib/ports.ts';
import { later, milliseconds } from '../../lib/time.ts';
import { keyOf } from './age.ts';
import { conditionsWith, type Verdict, verdictOf } from './condition.ts';
import { gatewayStatus, parentsStatus } from './http-route-status.ts';
import type { MeshModel } from './mesh.ts';
import type { Problem } from './reading.ts';
import type { MeshSources, Source } from './sources.ts';

export interface MeshStatusOptions {
  readonly client: KubeClient;
  readonly clock: Clock;
  readonly events: EventRecorder;
  readonly mesh: MeshModel;
  readonly sources: MeshSources;
  readonly onProblem: (what: string, error: Error) => void;
}

export interface MeshStatus {
  /** Begins with a look at what is there. */
  start(): void;
  /** Resolves when the last write has ended. */
  stop(): Promise<void>;
}

export function createMeshStatus(options: MeshStatusOptions): MeshStatus {
  return new Teller(options);
}

const PAUSE = milliseconds(1000);
const ISTIO_VERSION = 'v1beta1';

/** What is to be written for one object. */
interface Telling {
  readonly resource: ResourceType;
  readonly object: KubeObject;
  readonly status: Json;
  /** For the event. */
  readonly verdict?: Verdict;
}

class Teller implements MeshStatus {
  readonly #options: MeshStatusOptions;
  /** References that were broken at the last look, by object. */
  #broken = new Map<string, ReadonlySet<string>>();
  /** The last event of each object that is in trouble. */
  readonly #recorded = new Map<string, string>();
  #timer: Stop | undefined;
  #stopWatching: Stop = () => undefined;
  #looking: Promise<void> | undefined;
  #isStopped = false;

  constructor(options: MeshStatusOptions) {
    this.#options = options;
  }

  start(): void {
    this.#stopWatching = this.#options.mesh.onChange(() => this.#schedule());
    this.#schedule();
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#stopWatching();
    this.#timer?.();
    await this.#looking;
  }

  #schedule(): void {
    if (this.#timer !== undefined || this.#isStopped) return;
    const { clock } = this.#options;
    this.#timer = clock.at(later(clock.now(), PAUSE), () => {
      this.#timer = undefined;
      const before = this.#looking ?? Promise.resolve();
      this.#looking = before.then(() => this.#look());
    });
  }

  async #look(): Promise<void> {
    const broken = new Map<string, ReadonlySet<string>>();
    for (const telling of this.#tellings(broken)) {
      if (this.#isStopped) return;
      await this.#tell(telling);
    }
    const isNew = [...broken].some(([key, paths]) =>
      [...paths].some((path) => this.#broken.get(key)?.has(path) !== true),
    );
    this.#broken = broken;
    if (isNew) this.#schedule();
  }

  #tellings(broken: Map<string, ReadonlySet<string>>): readonly Telling[] {
    const { sources, mesh, clock } = this.#options;
    const { findings } = mesh;
    const istio = (
      source: Source<KubeObject>,
      resource: ResourceType,
      find: (object: KubeObject) => readonly Problem[] | undefined,
    ) =>
      source.list().flatMap((object) => {
        const problems = find(object);
        if (problems === undefined) return [];
        return this.#conditionTelling(resource, object, this.#lasting(object, problems, broken));
      });
    return [
      ...istio(sources.virtualServices, virtualServices(ISTIO_VERSION), findings.virtualService),
      ...istio(sources.destinationRules, destinationRules(ISTIO_VERSION), findings.destinationRule),
      ...istio(sources.gateways, ISTIO_GATEWAYS, findings.istioGateway),
      ...sources.kubernetesGateways.list().flatMap((object) => {
        const found = findings.kubernetesGateway(object);
        const status = found && gatewayStatus(object, { ...found, now: clock.now() });
        return status === undefined ? [] : [{ resource: KUBERNETES_GATEWAYS, object, status }];
      }),
      ...sources.httpRoutes.list().flatMap((object) => {
        const found = findings.httpRoute(object);
        if (found === undefined) return [];
        const problems = this.#lasting(object, found.problems, broken);
        const parents = parentsStatus(object, { ...found, problems }, clock.now());
        const status = { parents } as unknown as Json;
        return parents === undefined
          ? []
          : [{ resource: HTTP_ROUTES, object, status, verdict: verdictOf(problems) }];
      }),
    ];
  }

  /** Without the broken references that are seen for the first time. */
  #lasting(
    object: KubeObject,
    problems: readonly Problem[],
    broken: Map<string, ReadonlySet<string>>,
  ): readonly Problem[] {
    const key = `${object.kind}/${keyOf(object)}`;
    const isBroken = ({ reason }: Problem) => reason === 'ReferenceNotFound';
    const paths = problems.filter(isBroken).map(({ path }) => path);
    if (paths.length > 0) broken.set(key, new Set(paths));
    const before = this.#broken.get(key);
    return problems.filter((one) => !isBroken(one) || before?.has(one.path) === true);
  }

  #conditionTelling(
    resource: ResourceType,
    object: KubeObject,
    problems: readonly Problem[],
  ): readonly Telling[] {
    const { status } = object as {
      readonly status?: { readonly conditions?: readonly Condition[] };
    };
    const verdict = verdictOf(problems);
    const now = this.#options.clock.now();
    const conditions = conditionsWith(status?.conditions ?? [], verdict, now);
    if (conditions === undefined) return [];
    return [{ resource, object, status: { conditions } as unknown as Json, verdict }];
  }

  async #tell(telling: Telling): Promise<void> {
    const { client, onProblem } = this.#options;
    const { resource, object, status } = telling;
    const { name, namespace = '' } = object.metadata;
    const ref = { resource, namespace, name };
    try {
      await client.patch(ref, { type: 'merge', subresource: 'status', body: { status } });
    } catch (error) {
      // Gone, or changed meanwhile: its change brings the next look.
      if (error instanceof ApiError && (error.code === 404 || error.code === 409)) return;
      const cause = error instanceof Error ? error : new Error(String(error));
      onProblem(`status of ${object.kind} ${keyOf(object)}`, cause);
      this.#schedule();
      return;
    }
    this.#recordOnce(telling);
  }

  /** A route's status also changes with its generation; that alone is no event. */
  #recordOnce({ object, verdict }: Telling): void {
    const key = `${object.kind}/${keyOf(object)}`;
    if (verdict?.status !== 'False') {
      this.#recorded.delete(key);
      return;
    }
    const { reason, message } = verdict;
    if (this.#recorded.get(key) === message) return;
    this.#recorded.set(key, message);
    const { name, namespace = '', uid = '' } = object.metadata;
    const about = { apiVersion: object.apiVersion, kind: object.kind, name, namespace, uid };
    this.#options.events.record({ about, type: 'Warning', reason, message });
  }
}
