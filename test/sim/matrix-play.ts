// One combination of the matrix, played: deployed, updated, disturbed in the middle, left alone. First safety with the
// disturbance (the checkers of the cluster, after every write), then liveness: at rest in bounded time, in the right
// end state. Entry point: `played`.
import { HASH_LABEL } from '../../src/api/names.ts';
import type { Json, KubeObject } from '../../src/api/object.ts';
import { PODS } from '../../src/api/resources.ts';
import type { CanaryStep, CanaryStrategy, Rollout, RolloutSpec } from '../../src/api/rollout.ts';
import { TransportError } from '../../src/lib/ports.ts';
import {
  isHealthy,
  isPaused,
  type Strategy,
  type Web,
  type WebOptions,
  withWeb,
} from '../scenarios/web.ts';
import { owed } from './checkers/ending.ts';
import { Scene } from './checkers/scene.ts';
import { textOf } from './checkers/watch.ts';
import { HOST, type Kind, SUBSET } from './kinds.ts';
import type { Combination } from './matrix.ts';

const REPLICAS = 4;
const SCALED = 6;
/** Longer than all pauses, delays and deadlines of a combination, one after the other. */
const REST_SECONDS = 300;
const AT_REST_SECONDS = 600;
const ANALYSES = {
  step: 'ok',
  background: 'ok',
  'failing step': 'bad',
  'failing background': 'bad',
};

/** What a run showed. */
interface Outcome {
  /** Broken promises and wrong end states; empty if all is well. */
  readonly problems: readonly string[];
  /** Updates that were decided: revisions that became, or stayed, the one that is served. */
  readonly decided: number;
}

export async function played(
  combination: Combination,
  onStart: (web: Web) => void = () => undefined,
): Promise<Outcome> {
  const problems: string[] = [];
  const state: Crash = { left: undefined, isDead: false };
  const kind = kindOf(combination);
  try {
    await withWeb(
      {
        seed: JSON.stringify(combination),
        strategy: strategyOf(combination),
        objects: [...kind.objects, ...templates()],
        replicas: REPLICAS,
        spec: specOf(),
        propagationDelayMs: combination.propagation === '0 s' ? 0 : 2000,
        meshLagMs: combination.propagation === '0 s' ? 0 : 1000,
        breaksPromises: true,
        onRequest: ({ method, path }) =>
          crashing(state, method !== 'GET' && !path.includes('/events')),
      },
      async (web) => {
        onStart(web);
        try {
          await new Play(web, combination, state).run(problems);
        } finally {
          problems.push(...web.cluster.broken.map(textOf));
        }
      },
    );
  } catch (error) {
    problems.push(error instanceof Error ? error.message : String(error));
  }
  return { problems, decided: combination.happens.endsWith('revision') ? 3 : 2 };
}

/** The Rollout of a combination that the API refuses, with all that it needs beside it. */
export function refusalWith(combination: Combination): WebOptions {
  const { objects } = kindOf(combination);
  return { strategy: strategyOf(combination), objects: [...objects, ...templates()] };
}

interface Crash {
  /** Writes until the controller dies; undefined: it does not. */
  left: number | undefined;
  isDead: boolean;
}

function crashing(state: Crash, isWrite: boolean): void {
  if (state.isDead) throw new TransportError('reset', 'the controller has been stopped');
  if (!isWrite || state.left === undefined) return;
  state.left -= 1;
  if (state.left > 0) return;
  state.left = undefined;
  state.isDead = true;
}

const NO_ROUTER: Kind = { name: 'no router', strategy: {}, objects: [] };
const SERVICES: Kind = {
  name: 'Services',
  strategy: { canary: { canaryService: 'web-preview', stableService: 'web-active' } },
  objects: [],
};
const KINDS: Readonly<Record<Combination['routing'], Kind>> = {
  none: NO_ROUTER,
  services: SERVICES,
  host: HOST,
  subset: SUBSET,
};

function isRouted({ routing }: Combination): boolean {
  return routing === 'host' || routing === 'subset';
}

function kindOf({ routing }: Combination): Kind {
  return KINDS[routing];
}

function specOf(): Partial<RolloutSpec> {
  return { progressDeadlineSeconds: 200, revisionHistoryLimit: 3 };
}

function numberOf(text: string): number | undefined {
  return text === 'unset' ? undefined : Number(text);
}

function limit(text: string): number | string {
  return text.endsWith('%') ? text : Number(text);
}

/** Without the members that are undefined: the wire has no such value. */
function present<T extends object>(members: { readonly [K in keyof T]: T[K] | undefined }): T {
  return Object.fromEntries(
    Object.entries(members).filter(([, value]) => value !== undefined),
  ) as T;
}

function analysisOf(combination: Combination, at: 'step' | 'background') {
  const { analysis } = combination;
  if (analysis === 'none' || !analysis.endsWith(at)) return undefined;
  const isForever = at === 'background' && combination.strategy === 'canary';
  const name = `${ANALYSES[analysis]}${isForever ? '-forever' : ''}`;
  return { templates: [{ templateName: name }] };
}

/** Every setting is written where the strategy would have it, whether it takes it or not. */
function strategyOf(combination: Combination): Strategy {
  const shared = present<CanaryStrategy>({
    dynamicStableScale: combination.dynamicStableScale === 'yes' ? true : undefined,
    scaleDownDelaySeconds: numberOf(combination.scaleDownDelaySeconds),
    abortScaleDownDelaySeconds: numberOf(combination.abortScaleDownDelaySeconds),
    maxSurge: limit(combination.maxSurge),
    maxUnavailable: limit(combination.maxUnavailable),
    minPodsPerReplicaSet: numberOf(combination.minPodsPerReplicaSet),
  });
  const { canaryService, stableService, trafficRouting } =
    kindOf(combination).strategy.canary ?? {};
  const routing = present<CanaryStrategy>({ trafficRouting });
  if (combination.strategy === 'canary') {
    const steps = stepsOf(combination);
    const analysis = analysisOf(combination, 'background');
    return {
      canary: {
        ...shared,
        ...routing,
        ...present({ canaryService, stableService, steps, analysis }),
      },
    };
  }
  const steps = combination.experiment === 'step' ? { steps: [experimentStep(false)] } : {};
  return {
    blueGreen: {
      ...shared,
      ...routing,
      ...steps,
      activeService: 'web-active',
      previewService: 'web-preview',
      autoPromotionEnabled: false,
      ...present({
        prePromotionAnalysis: analysisOf(combination, 'step'),
        postPromotionAnalysis: analysisOf(combination, 'background'),
      }),
    },
  };
}

function experimentStep(isRouted: boolean): CanaryStep {
  const weight = isRouted ? { weight: 10 } : {};
  const templates = [{ name: 'probe', specRef: 'canary' as const, replicas: 1, ...weight }];
  return { experiment: { duration: '5s', templates } };
}

function stepsOf(combination: Combination): readonly CanaryStep[] {
  const analysis = analysisOf(combination, 'step');
  return [
    { setWeight: 25 },
    ...(combination.experiment === 'step' ? [experimentStep(isRouted(combination))] : []),
    ...(analysis === undefined ? [] : [{ analysis }]),
    { setWeight: 50 },
    { pause: {} },
    { setWeight: 30 },
    { setWeight: 75 },
    { pause: { duration: 3 } },
  ];
}

const PROMETHEUS = 'http://prometheus.istio-system.svc.cluster.local:9090';

/** A metric that is judged good (below 1) or bad, once or for as long as it takes. */
function template(name: string, value: number, rhythm: object): KubeObject {
  const provider = { prometheus: { address: PROMETHEUS, query: `vector(${value})` } };
  const metric = { name: 'errors', successCondition: 'result[0] < 1', provider, ...rhythm };
  const spec = { metrics: [metric] };
  const metadata = { name, namespace: 'default' };
  const object = {
    apiVersion: 'argoproj.io/v1alpha1',
    kind: 'AnalysisTemplate',
    metadata,
    spec,
  };
  return object;
}

function templates(): readonly KubeObject[] {
  return [
    template('ok', 0, {}),
    template('bad', 5, {}),
    template('ok-forever', 0, { interval: '5s' }),
    template('bad-forever', 5, { interval: '5s', initialDelay: '2s' }),
  ];
}

class Play {
  readonly #web: Web;
  readonly #combination: Combination;
  readonly #crash: Crash;
  #replicas = REPLICAS;
  /** The image that must be served in the end. */
  #wanted = 'app:v2';

  constructor(web: Web, combination: Combination, crash: Crash) {
    this.#web = web;
    this.#combination = combination;
    this.#crash = crash;
  }

  async run(problems: string[]): Promise<void> {
    const { when, hpa } = this.#combination;
    await this.#web.until('healthy', isHealthy);
    await this.#web.seconds(5);
    await this.#web.setImage('app:v2');
    if (when === 'moving') await this.#pass(0.4);
    else await this.#untilHalted();
    await this.#happen();
    if (hpa === 'edits') await this.#edits();
    await this.#goOn();
    problems.push(...(await this.#endProblems()));
    const before = this.#web.writes.length;
    await this.#web.seconds(AT_REST_SECONDS);
    const late = this.#web.writes.slice(before).map(({ method, path }) => `${method} ${path}`);
    if (late.length > 0) problems.push(`not at rest: ${[...new Set(late)].join(', ')}`);
  }

  /** Time passes; a controller that has died is replaced within a second. */
  async #pass(seconds: number): Promise<void> {
    for (let left = seconds; left > 0; left -= 1) {
      await this.#web.seconds(Math.min(1, left));
      if (!this.#crash.isDead) continue;
      this.#crash.isDead = false;
      await this.#web.cluster.restart();
    }
  }

  async #until(what: string, holds: (rollout: Rollout) => boolean): Promise<void> {
    for (let second = 0; second < REST_SECONDS; second += 1) {
      if (holds(await this.#web.rollout())) return;
      await this.#pass(1);
    }
    const { status } = await this.#web.rollout();
    const { phase = '', message = '' } = status ?? {};
    throw new Error(`never ${what} in ${REST_SECONDS} s: ${phase} ${message}`);
  }

  /** At a pause that only a person ends, or given up. */
  #untilHalted(): Promise<void> {
    return this.#until('halted', (rollout) => isAtHand(rollout) || rollout.status?.abort === true);
  }

  async #happen(): Promise<void> {
    const web = this.#web;
    switch (this.#combination.happens) {
      case 'promote':
        return web.run('promote', 'web');
      case 'promote --full':
        return web.run('promote', 'web', '--full');
      case 'abort':
        this.#wanted = 'app:v1';
        return web.run('abort', 'web');
      case 'retry':
        await web.run('abort', 'web');
        await this.#pass(2);
        return web.run('retry', 'rollout', 'web');
      case 'undo':
        this.#wanted = 'app:v1';
        return web.run('undo', 'web');
      case 'new revision':
        this.#wanted = 'app:v3';
        return web.setImage('app:v3');
      case 'dead revision':
        // An image that never starts takes the place of the update; then it is given up.
        this.#wanted = 'app:v1';
        await web.setImage('app:does-not-exist');
        await this.#pass(5);
        return web.run('abort', 'web');
      case 'scale':
        return this.#scale(SCALED);
      case 'pod loss':
        return this.#losePods();
      default:
        return this.#die();
    }
  }

  /** As an autoscaler does it. */
  async #scale(replicas: number): Promise<void> {
    this.#replicas = replicas;
    const path = '/apis/argoproj.io/v1alpha1/namespaces/default/rollouts/web/scale';
    const body: Json = { spec: { replicas } };
    const contentType = 'application/merge-patch+json';
    await this.#web.cluster.client.raw('PATCH', path, { body, contentType });
  }

  async #edits(): Promise<void> {
    for (const replicas of [5, 3, 7, 4]) {
      await this.#scale(replicas);
      await this.#pass(0.7);
    }
  }

  /** One pod of each version goes. */
  async #losePods(): Promise<void> {
    const { cluster } = this.#web;
    const pods = cluster.sandbox.store.list('/pods', 'default');
    const hashes = new Set(pods.flatMap(({ metadata }) => metadata.labels?.[HASH_LABEL] ?? []));
    for (const hash of hashes) {
      const pod = pods.find(({ metadata }) => metadata.labels?.[HASH_LABEL] === hash);
      if (pod === undefined) continue;
      const { name } = pod.metadata;
      await cluster.client.delete({ resource: PODS, namespace: 'default', name });
    }
  }

  /** The controller dies in the middle of what follows a promotion. */
  async #die(): Promise<void> {
    this.#crash.left = 4;
    await this.#web.run('promote', 'web');
    await this.#pass(3);
  }

  /** Whoever watches promotes what waits for it, until nothing moves any more. */
  async #goOn(): Promise<void> {
    for (let promotions = 0; promotions < 4; promotions += 1) {
      await this.#until('halted or over', (rollout) => isAtHand(rollout) || isOver(rollout));
      const rollout = await this.#web.rollout();
      if (isOver(rollout) || this.#wanted === 'app:v1') break;
      await this.#web.run('promote', 'web');
      await this.#pass(1);
    }
    await this.#until('over', isOver);
    // A failed analysis comes after the switch of a blue-green; delays pass.
    await this.#pass(60);
  }

  #isGivenUp({ status }: Rollout): boolean {
    const { analysis, happens } = this.#combination;
    return analysis.startsWith('failing') && happens !== 'promote --full' && status?.abort === true;
  }

  async #endProblems(): Promise<readonly string[]> {
    const web = this.#web;
    const rollout = await web.rollout();
    const { status } = rollout;
    const { happens } = this.#combination;
    const isAborted = happens === 'abort' || happens === 'dead revision';
    const isGivenUp = isAborted || this.#isGivenUp(rollout);
    const served = isGivenUp ? 'app:v1' : this.#wanted;
    const stable = web.sets().find(({ metadata }) => {
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
    found.push(...this.#leftProblems(served, isGivenUp));
    found.push(...owed(new Scene(web.cluster.sandbox.store, 'default')));
    return found;
  }

  /** Nothing else keeps pods, but an aborted set that is to be kept for good. */
  #leftProblems(served: string, isGivenUp: boolean): readonly string[] {
    const { abortScaleDownDelaySeconds, strategy } = this.#combination;
    const hasDelay = isRouted(this.#combination) || strategy === 'blue-green';
    const isKept = isGivenUp && hasDelay && abortScaleDownDelaySeconds === '0';
    return Object.entries(this.#web.sizes())
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
