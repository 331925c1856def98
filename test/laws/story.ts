// A story: a Rollout in some setup, and what users, pods, metrics and time do to it. Played on the stand.
// Entry points: `Story` (data; the generator is in stories.ts) and `play`.
import type { Deployment, PodTemplateSpec } from '../../src/api/kubernetes.ts';
import type { Json, KubeObject } from '../../src/api/object.ts';
import {
  ANALYSIS_RUNS,
  DEPLOYMENTS,
  EXPERIMENTS,
  REPLICA_SETS,
  ROLLOUTS,
} from '../../src/api/resources.ts';
import type { Rollout } from '../../src/api/rollout.ts';
import type { MeasureAsk, Measured } from '../../src/core/decision.ts';
import { collectionPath, objectPath } from '../../src/kube/paths.ts';
import { formatInstant, type Instant, later, seconds } from '../../src/lib/time.ts';
import { storeKey } from '../../src/sandbox/apiserver/store.ts';
import { resourceOf } from '../support/objects.ts';
import {
  imageOf,
  manifestsOf,
  ROLLOUT,
  type Roles,
  type Setup,
  type StepKind,
  stepsOf,
} from './stand/manifests.ts';
import type { Health } from './stand/pods.ts';
import { NAMESPACE, type Stand, type StandOptions, startStand } from './stand/stand.ts';

export type Verdict = 'good' | 'bad' | 'unclear' | 'error';

export type Act =
  | { readonly kind: 'image'; readonly version: number }
  | { readonly kind: 'steps'; readonly steps: readonly StepKind[] }
  | { readonly kind: 'roles'; readonly roles: Roles }
  | { readonly kind: 'scale'; readonly replicas: number }
  | { readonly kind: 'break'; readonly what: Breakable }
  | { readonly kind: 'promote' | 'promote full' | 'abort' | 'retry' | 'pause' | 'resume' }
  | { readonly kind: 'health'; readonly version: number; readonly health: Health }
  | { readonly kind: 'verdict'; readonly verdict: Verdict }
  | { readonly kind: 'wait'; readonly seconds: number }
  | { readonly kind: 'restart'; readonly seconds: number }
  | { readonly kind: 'orphan' }
  | { readonly kind: 'delete'; readonly what: Deletable }
  | { readonly kind: 'apply again' };

export type Deletable = 'set' | 'run' | 'experiment' | 'mesh' | 'service' | 'workload';

/** Parts of the spec that a user's mistake makes invalid. */
export type Breakable = 'steps' | 'replicas' | 'minReadySeconds' | 'progressDeadlineSeconds';

/** What happens after an act before the next: some rounds of passes, or rest. */
export interface Turn {
  readonly act: Act;
  readonly after: 'rest' | number;
}

export interface Story {
  readonly setup: Setup;
  readonly turns: readonly Turn[];
}

export interface PlayOptions extends Omit<StandOptions, 'measure'> {
  /** Before an act is carried out. */
  readonly before?: (stand: Stand, turn: Turn, index: number) => void | Promise<void>;
  /** Whenever the stand has come to rest. */
  readonly atRest?: (stand: Stand) => void | Promise<void>;
  readonly onStart?: (stand: Stand) => void;
}

const VALUES: Readonly<Record<Verdict, number | undefined>> = {
  good: 0,
  bad: 5,
  unclear: 1.5,
  error: undefined,
};

/** Longer than any delay, deadline and pause of a setup, several of them in a row included. */
const LONG_ENOUGH_MS = 4_000_000;

/** Plays the story; then lets all time pass that can still change something. */
export async function play(story: Story, options: PlayOptions = {}): Promise<Stand> {
  const state: { verdict: Verdict } = { verdict: 'good' };
  const stand = await startStand({
    ...options,
    measure: (ask, now) => measuredAs(state.verdict, ask, now),
  });
  if (story.setup.roles !== undefined) stand.pods.showObjects(stand.client);
  options.onStart?.(stand);
  for (const manifest of manifestsOf(story.setup)) await post(stand, manifest);
  await stand.rest();
  await options.atRest?.(stand);
  for (const [index, turn] of story.turns.entries()) {
    await options.before?.(stand, turn, index);
    if (turn.act.kind === 'verdict') state.verdict = turn.act.verdict;
    await perform(stand, story, turn.act);
    if (turn.after === 'rest') {
      await stand.rest();
      await options.atRest?.(stand);
    } else for (let round = 0; round < turn.after; round += 1) await stand.round();
  }
  await stand.wait(LONG_ENOUGH_MS);
  await options.atRest?.(stand);
  return stand;
}

function measuredAs(verdict: Verdict, _ask: MeasureAsk, now: Instant): Measured {
  const value = VALUES[verdict];
  const times = { startedAt: now, finishedAt: now };
  if (value === undefined) return { ...times, error: 'the metrics are down' };
  return { ...times, result: { type: 'float64', value }, value: String(value) };
}

async function post(stand: Stand, object: KubeObject): Promise<void> {
  const path = collectionPath(resourceOf(object), NAMESPACE);
  await stand.client.raw('POST', path, { body: object as unknown as Json });
}

async function perform(stand: Stand, story: Story, act: Act): Promise<void> {
  switch (act.kind) {
    case 'health':
      stand.pods.set(imageOf(act.version), act.health);
      return;
    case 'verdict':
      return;
    case 'wait':
      await stand.wait(act.seconds * 1000);
      return;
    case 'delete':
      await deleteOne(stand, act.what);
      return;
    case 'orphan':
      await orphanOne(stand);
      return;
    case 'apply again':
      await applyAgain(stand, story.setup);
      return;
    default:
      await patchRollout(stand, act);
  }
}

type Patching = Exclude<
  Act,
  { readonly kind: 'health' | 'verdict' | 'wait' | 'delete' | 'orphan' | 'apply again' }
>;

/** What the command line sends for the act (src/cli/commands). */
async function patchRollout(stand: Stand, act: Patching): Promise<void> {
  const ref = { resource: ROLLOUTS, namespace: NAMESPACE, name: ROLLOUT };
  const rollout = await stand.client.get<Rollout>(ref);
  if (act.kind === 'image' && rollout.spec.workloadRef !== undefined) {
    await patchWorkload(stand, act.version);
    return;
  }
  for (const { body, isStatus } of patchesOf(rollout, act, stand.now)) {
    const subresource = isStatus ? { subresource: 'status' } : {};
    await stand.client.patch(ref, { type: 'merge', body, ...subresource });
  }
}

async function patchWorkload(stand: Stand, version: number): Promise<void> {
  const ref = { resource: DEPLOYMENTS, namespace: NAMESPACE, name: ROLLOUT };
  const found = stand.store.get(storeKey(DEPLOYMENTS), NAMESPACE, ROLLOUT) as
    | Deployment
    | undefined;
  if (found === undefined) return;
  const body = { spec: templateWith(found.spec.template, version) };
  await stand.client.patch(ref, { type: 'merge', body });
}

function templateWith(template: PodTemplateSpec | undefined, version: number): Json {
  const [container] = template?.spec?.containers ?? [];
  const containers = [{ ...container, image: imageOf(version) }];
  return { template: { spec: { containers } } } as unknown as Json;
}

interface Patch {
  readonly body: Json;
  readonly isStatus: boolean;
}

function ofSpec(spec: Json): readonly Patch[] {
  return [{ body: { spec }, isStatus: false }];
}

function ofStatus(status: Json): readonly Patch[] {
  return [{ body: { status }, isStatus: true }];
}

function patchesOf(rollout: Rollout, act: Patching, now: Instant): readonly Patch[] {
  switch (act.kind) {
    case 'image':
      return ofSpec(templateWith(rollout.spec.template, act.version));
    case 'steps':
      return ofSpec({ strategy: { canary: { steps: stepsOf(act.steps) as unknown as Json } } });
    case 'roles':
      return ofSpec({ strategy: rolesPatch(rollout, act.roles) });
    case 'scale':
      return ofSpec({ replicas: act.replicas });
    case 'break':
      return act.what === 'steps'
        ? ofSpec({ strategy: { canary: { steps: [{ setWeight: -1 }] } } })
        : ofSpec({ [act.what]: -1 });
    case 'restart':
      return ofSpec({ restartAt: formatInstant(later(now, seconds(act.seconds))) });
    case 'pause':
      return ofSpec({ paused: true });
    case 'resume':
      return ofSpec({ paused: false });
    case 'abort':
      return ofStatus({ abort: true });
    case 'retry':
      return ofStatus({ abort: false });
    case 'promote full':
      return isUpdated(rollout) ? ofStatus({ promoteFull: true }) : [];
    default:
      return promotion(rollout);
  }
}

/** The metadata of both roles as it is to be; what is not there any more is taken out. */
function rolesPatch({ spec }: Rollout, { forNew, forStable }: Roles): Json {
  const [mine, other] = [(forNew ?? null) as Json, (forStable ?? null) as Json];
  return spec.strategy?.blueGreen === undefined
    ? { canary: { canaryMetadata: mine, stableMetadata: other } }
    : { blueGreen: { previewMetadata: mine, activeMetadata: other } };
}

function isUpdated({ status }: Rollout): boolean {
  return status?.currentPodHash !== undefined && status.currentPodHash !== status.stableRS;
}

function promotion({ spec, status }: Rollout): readonly Patch[] {
  const unpause = spec.paused === true ? ofSpec({ paused: false }) : [];
  const count = spec.strategy?.canary?.steps?.length ?? 0;
  const next = Math.min((status?.currentStepIndex ?? 0) + 1, count);
  const isPaused = (status?.pauseConditions ?? []).length > 0;
  if (isPaused) {
    const isUnclear = status?.canary?.currentStepAnalysisRunStatus?.status === 'Inconclusive';
    const skipped = isUnclear ? { controllerPause: false, currentStepIndex: next } : {};
    return [...unpause, ...ofStatus({ pauseConditions: null, ...skipped })];
  }
  if (count === 0) return unpause;
  return [...unpause, ...ofStatus({ pauseConditions: null, currentStepIndex: next })];
}

const DELETED = {
  set: [REPLICA_SETS],
  run: [ANALYSIS_RUNS],
  experiment: [EXPERIMENTS],
  workload: [DEPLOYMENTS],
} as const;

async function deleteOne(stand: Stand, what: Deletable): Promise<void> {
  if (what === 'mesh' || what === 'service') {
    const kinds = what === 'mesh' ? ['VirtualService', 'DestinationRule'] : ['Service'];
    const found = kinds.flatMap((kind) => namedObjects(stand, kind));
    // The newest first: the DestinationRule before the VirtualService, the stable Service before the canary one.
    const last = found.at(-1);
    if (last !== undefined) await remove(stand, last);
    return;
  }
  const [resource] = DELETED[what];
  const last = stand.store.list(storeKey(resource), NAMESPACE).at(-1);
  if (last !== undefined) await remove(stand, last);
}

/** Somebody takes a set away from its Rollout without deleting it. */
async function orphanOne(stand: Stand): Promise<void> {
  const [first] = stand.store.list(storeKey(REPLICA_SETS), NAMESPACE);
  if (first === undefined) return;
  const { name } = first.metadata;
  await stand.client.patch(
    { resource: REPLICA_SETS, namespace: NAMESPACE, name },
    { type: 'merge', body: { metadata: { ownerReferences: null } } },
  );
}

function namedObjects(stand: Stand, kind: string): readonly KubeObject[] {
  const apiVersion = kind === 'Service' ? 'v1' : 'networking.istio.io/v1beta1';
  return stand.store.list(storeKey(resourceOf({ apiVersion, kind })), NAMESPACE);
}

async function remove(stand: Stand, object: KubeObject): Promise<void> {
  const { name } = object.metadata;
  await stand.client.raw(
    'DELETE',
    objectPath({ resource: resourceOf(object), namespace: NAMESPACE, name }),
  );
}

/** What a user's pipeline does: what is missing comes back, the mesh is as it was written. */
async function applyAgain(stand: Stand, setup: Setup): Promise<void> {
  for (const manifest of manifestsOf(setup)) {
    const { name } = manifest.metadata;
    const resource = resourceOf(manifest);
    const found = stand.store.get(storeKey(resource), NAMESPACE, name);
    if (found === undefined) {
      await post(stand, manifest);
      continue;
    }
    const isMesh = manifest.kind === 'VirtualService' || manifest.kind === 'DestinationRule';
    if (!isMesh) continue;
    await stand.client.patch(
      { resource, namespace: NAMESPACE, name },
      {
        type: 'merge',
        body: { spec: (manifest as KubeObject & { readonly spec: Json }).spec },
      },
    );
  }
}
