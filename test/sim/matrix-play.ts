// One combination of the matrix, played: deployed, updated, disturbed in the middle, left alone. First safety with the
// disturbance (the checkers of the cluster, over every write), then liveness: at rest in bounded time, in the right
// end state. Where it is played is the stage's matter. Entry point: `playOn`.
import type { Deployment, ReplicaSet } from '../../src/api/kubernetes.ts';
import { HASH_LABEL } from '../../src/api/names.ts';
import type { Json, KubeObject, ResourceType } from '../../src/api/object.ts';
import { DEPLOYMENTS, PODS, REPLICA_SETS, virtualServices } from '../../src/api/resources.ts';
import type { Rollout } from '../../src/api/rollout.ts';
import { isControlledBy } from '../../src/core/ownership.ts';
import type { Route, VirtualService } from '../../src/core/traffic/istio-objects.ts';
import { isHealthy, isPaused, sizesOf, type WebAnywhere } from '../scenarios/web.ts';
import type { Crash } from './crash.ts';
import type { Combination } from './matrix.ts';
import { isRouted, MANAGED_ROUTE, REPLICAS } from './matrix-rollout.ts';

const SCALED = 6;

/** Where a combination is played: the sandbox with its virtual clock, or a real API server in real time. */
export interface Stage
  extends Pick<WebAnywhere, 'client' | 'namespace' | 'run' | 'setImage' | 'rollout'> {
  /** Told of each request of the controller. */
  readonly crash: Crash;
  /** Writes of the controller so far, events left out: `METHOD PATH`. */
  readonly writes: readonly string[];
  readonly pace: Pace;
  seconds(count: number): Promise<void>;
  /** Starts a controller in the place of one that has died. */
  restart(): Promise<void>;
  /** Versions that should get all traffic, and do not. */
  owed(): Promise<readonly string[]>;
}

/** How long things may take, in seconds. */
export interface Pace {
  /** Between the first deployment and its update. */
  readonly settles: number;
  /** Longer than all pauses, delays and deadlines of a combination, one after the other. */
  readonly patience: number;
  /** After the last word: a failed analysis comes after the switch of a blue-green; delays pass. */
  readonly ending: number;
  /** How much longer the right end may take. */
  readonly grace: number;
  /** In which nothing must be written any more. */
  readonly rest: number;
}

/** Plays it on a stage where the Rollout has just been created; tells wrong end states, and that there is no rest. */
export function playOn(stage: Stage, combination: Combination): Promise<readonly string[]> {
  return new Play(stage, combination).run();
}

/** Updates that were decided: revisions that became, or stayed, the one that is served. */
export function decidedBy({ happens }: Combination): number {
  return happens.endsWith('revision') ? 3 : 2;
}

class Play {
  readonly #stage: Stage;
  readonly #combination: Combination;
  #replicas = REPLICAS;
  /** The image that must be served in the end. */
  #wanted = 'app:v2';

  constructor(stage: Stage, combination: Combination) {
    this.#stage = stage;
    this.#combination = combination;
  }

  async run(): Promise<readonly string[]> {
    const { when, hpa } = this.#combination;
    const { pace } = this.#stage;
    await this.#until('healthy', isHealthy);
    await this.#pass(pace.settles);
    await this.#stage.setImage('app:v2');
    if (when === 'moving') await this.#untilMoving();
    else await this.#untilHalted();
    await this.#happen();
    if (hpa === 'edits') await this.#edits();
    await this.#goOn();
    return this.#atRest();
  }

  /** Problems of the end, when it is right and nothing is written any more, or too late for that. */
  async #atRest(): Promise<readonly string[]> {
    const { ending, rest, grace } = this.#stage.pace;
    await this.#pass(ending);
    for (let spent = 0; ; spent += rest) {
      const problems = await this.#endProblems();
      const before = this.#stage.writes.length;
      await this.#stage.seconds(rest);
      const late = [...new Set(this.#stage.writes.slice(before))];
      const found = late.length === 0 ? problems : [...problems, `not at rest: ${late.join(', ')}`];
      if (found.length === 0 || spent >= grace) return found;
    }
  }

  /** Time passes; a controller that has died is replaced within a second. */
  async #pass(seconds: number): Promise<void> {
    for (let left = seconds; left > 0; left -= 1) {
      await this.#stage.seconds(Math.min(1, left));
      if (!this.#stage.crash.hasHappened) continue;
      this.#stage.crash.undo();
      await this.#stage.restart();
    }
  }

  async #until(what: string, holds: (rollout: Rollout) => boolean): Promise<void> {
    const { patience } = this.#stage.pace;
    for (let second = 0; second < patience; second += 1) {
      if (holds(await this.#stage.rollout())) return;
      await this.#pass(1);
    }
    const { status } = await this.#stage.rollout();
    const { phase = '', message = '' } = status ?? {};
    throw new Error(`never ${what} in ${patience} s: ${phase} ${message}`);
  }

  async #list<T extends KubeObject>(resource: ResourceType): Promise<readonly T[]> {
    const { client, namespace } = this.#stage;
    return (await client.listAll<T>(resource, { namespace })).items;
  }

  /** A busy controller begins late. */
  async #untilMoving(): Promise<void> {
    await this.#pass(0.4);
    await this.#until('begun', ({ status }) => status?.currentPodHash !== status?.stableRS);
  }

  /** At a pause that only a person ends, or given up. */
  #untilHalted(): Promise<void> {
    return this.#until('halted', (rollout) => isAtHand(rollout) || rollout.status?.abort === true);
  }

  async #happen(): Promise<void> {
    const stage = this.#stage;
    switch (this.#combination.happens) {
      case 'promote':
        return stage.run('promote', 'web');
      case 'promote --full':
        return stage.run('promote', 'web', '--full');
      case 'abort':
        this.#wanted = 'app:v1';
        return stage.run('abort', 'web');
      case 'retry':
        await stage.run('abort', 'web');
        await this.#pass(2);
        return stage.run('retry', 'rollout', 'web');
      case 'undo':
        this.#wanted = 'app:v1';
        return stage.run('undo', 'web');
      case 'new revision':
        this.#wanted = 'app:v3';
        return stage.setImage('app:v3');
      case 'dead revision':
        // An image that never starts takes the place of the update; then it is given up.
        this.#wanted = 'app:v1';
        await stage.setImage('app:does-not-exist');
        await this.#pass(5);
        return stage.run('abort', 'web');
      case 'scale':
        return this.#scale(SCALED);
      case 'pause':
        await stage.run('pause', 'web');
        await this.#pass(3);
        return stage.run('promote', 'web');
      case 'restart':
        return stage.run('restart', 'web');
      case 'pod loss':
        return this.#losePods();
      default:
        return this.#die();
    }
  }

  /** As an autoscaler does it. */
  async #scale(replicas: number): Promise<void> {
    this.#replicas = replicas;
    const { client, namespace } = this.#stage;
    const path = `/apis/argoproj.io/v1alpha1/namespaces/${namespace}/rollouts/web/scale`;
    const body: Json = { spec: { replicas } };
    const contentType = 'application/merge-patch+json';
    await client.raw('PATCH', path, { body, contentType });
  }

  async #edits(): Promise<void> {
    for (const replicas of [5, 3, 7, 4]) {
      await this.#scale(replicas);
      await this.#pass(0.7);
    }
  }

  /** One pod of each version goes. */
  async #losePods(): Promise<void> {
    const { client, namespace } = this.#stage;
    const pods = await this.#list(PODS);
    const hashes = new Set(pods.flatMap(({ metadata }) => metadata.labels?.[HASH_LABEL] ?? []));
    for (const hash of hashes) {
      const pod = pods.find(({ metadata }) => metadata.labels?.[HASH_LABEL] === hash);
      if (pod === undefined) continue;
      const { name } = pod.metadata;
      await client.delete({ resource: PODS, namespace, name });
    }
  }

  /** The controller dies in the middle of what follows a promotion. */
  async #die(): Promise<void> {
    this.#stage.crash.after(4);
    await this.#stage.run('promote', 'web');
    await this.#pass(3);
  }

  /** Whoever watches promotes what waits for it, until nothing moves any more. */
  async #goOn(): Promise<void> {
    for (let promotions = 0; promotions < 4; promotions += 1) {
      await this.#until('halted or over', (rollout) => isAtHand(rollout) || isOver(rollout));
      const rollout = await this.#stage.rollout();
      if (isOver(rollout) || this.#wanted === 'app:v1') break;
      await this.#stage.run('promote', 'web');
      await this.#pass(1);
    }
    await this.#until('over', isOver);
  }

  #isGivenUp({ status }: Rollout): boolean {
    const { analysis, happens } = this.#combination;
    return analysis.startsWith('failing') && happens !== 'promote --full' && status?.abort === true;
  }

  async #endProblems(): Promise<readonly string[]> {
    const stage = this.#stage;
    const rollout = await stage.rollout();
    const { status } = rollout;
    const { happens } = this.#combination;
    const isAborted = happens === 'abort' || happens === 'dead revision';
    const isGivenUp = isAborted || this.#isGivenUp(rollout);
    const served = isGivenUp ? 'app:v1' : this.#wanted;
    const sets = (await this.#list<ReplicaSet>(REPLICA_SETS)).filter((set) => {
      return isControlledBy(set, rollout.metadata.uid);
    });
    const stable = sets.find(({ metadata }) => {
      return metadata.labels?.[HASH_LABEL] === status?.stableRS;
    });
    const image = stable?.spec.template?.spec?.containers?.[0]?.image;
    const phase = isGivenUp && happens !== 'undo' ? 'Degraded' : 'Healthy';
    const found: string[] = [];
    if (image !== served) found.push(`${image ?? 'nothing'} is served, not ${served}`);
    if (status?.phase !== phase) {
      found.push(`it ends ${status?.phase ?? ''} (${status?.message ?? ''}), not ${phase}`);
    }
    if (stable?.status?.availableReplicas !== this.#replicas) {
      found.push(`${stable?.status?.availableReplicas ?? 0} pods serve, not ${this.#replicas}`);
    }
    found.push(...this.#leftProblems(sets, served, isGivenUp));
    found.push(...(await this.#restartProblems(rollout)), ...(await this.#workloadProblems()));
    found.push(...(await this.#routeProblems()), ...(await stage.owed()));
    return found;
  }

  /** After a restart no pod is as old as the word was. */
  async #restartProblems({ spec, status }: Rollout): Promise<readonly string[]> {
    const { restartAt } = spec;
    if (restartAt === undefined) return [];
    const pods = await this.#list(PODS);
    const found = pods
      .filter(({ metadata }) => metadata.labels?.[HASH_LABEL] !== undefined)
      .filter(({ metadata }) => (metadata.creationTimestamp ?? '') < restartAt)
      .map(({ metadata }) => `pod ${metadata.name} has not been restarted`);
    return status?.restartedAt === restartAt ? found : [...found, 'the restart has not ended'];
  }

  /** A Deployment that is scaled down has gone to nothing; another one stays. */
  async #workloadProblems(): Promise<readonly string[]> {
    const { workloadRef } = this.#combination;
    const wanted = workloadRef === 'never' ? REPLICAS : 0;
    return (await this.#list<Deployment>(DEPLOYMENTS))
      .filter(({ spec }) => spec.replicas !== wanted)
      .map(({ spec }) => `the Deployment has ${spec.replicas ?? 1} replicas, not ${wanted}`);
  }

  /** Routes that steps have made go with the update. */
  async #routeProblems(): Promise<readonly string[]> {
    if (!isRouted(this.#combination)) return [];
    return (await this.#list<VirtualService>(virtualServices('v1beta1')))
      .flatMap(({ spec }) => (spec?.['http'] ?? []) as readonly Route[])
      .filter(({ name }) => name === MANAGED_ROUTE)
      .map(({ name = '' }) => `route ${name} is left`);
  }

  /** Nothing else keeps pods, but an aborted set that is to be kept for good. */
  #leftProblems(
    sets: readonly ReplicaSet[],
    served: string,
    isGivenUp: boolean,
  ): readonly string[] {
    const { abortScaleDownDelaySeconds, strategy } = this.#combination;
    const hasDelay = isRouted(this.#combination) || strategy === 'blue-green';
    const isKept = isGivenUp && hasDelay && abortScaleDownDelaySeconds === '0';
    return Object.entries(sizesOf(sets))
      .filter(([image, size]) => image !== served && size > 0 && !isKept)
      .map(([image, size]) => `${size} pods of ${image} are left`);
  }
}

/** A pause that only a person ends. */
function isAtHand({ spec, status }: Rollout): boolean {
  const step = spec.strategy?.canary?.steps?.[status?.currentStepIndex ?? 0];
  return isPaused({ spec, status } as Rollout) && step?.pause?.duration === undefined;
}

function isOver({ status, metadata }: Rollout): boolean {
  const isObserved = status?.observedGeneration === String(metadata.generation ?? 0);
  const isDone = status?.stableRS === status?.currentPodHash && status?.phase === 'Healthy';
  return isObserved && (isDone || status?.abort === true);
}
