// Where a story has ended, without what differs between two ways to the same end: versions, uids, and whose they are.
import type { AnalysisRun } from '../../src/api/analysis.ts';
import type { Experiment } from '../../src/api/experiment.ts';
import { REACHED } from '../../src/api/names.ts';
import type { KubeObject } from '../../src/api/object.ts';
import { ANALYSIS_RUNS, EXPERIMENTS } from '../../src/api/resources.ts';
import { storeKey } from '../../src/sandbox/apiserver/store.ts';
import { NAMESPACE, type Stand } from './stand/stand.ts';
import { managedRoute, sceneOf, sharesOf } from './traffic-safety.ts';

const KEPT = [
  'apps/replicasets',
  '/services',
  'argoproj.io/rollouts',
  'argoproj.io/experiments',
  'argoproj.io/analysisruns',
  'networking.istio.io/virtualservices',
  'networking.istio.io/destinationrules',
];

function plain({ kind, metadata, ...rest }: KubeObject): unknown {
  const { name, labels = {}, annotations = {} } = metadata;
  const { apiVersion: _version, ...content } = rest;
  const { status } = content as {
    readonly status?: Readonly<Record<string, unknown>> & {
      readonly conditions?: readonly Told[];
      readonly phase?: string;
    };
  };
  // It counts how many writes there were, and a pass that was cut short has made fewer.
  if (kind === 'ReplicaSet') {
    const { observedGeneration: _writes, ...counts } = status ?? {};
    // A loss of pods is noted by who sees it; a controller that was away has not.
    const { [REACHED]: _seen, ...lasting } = annotations;
    return { kind, name, labels, annotations: lasting, ...content, status: counts };
  }
  // How far a run had come when it was ended depends on when: only its verdict counts.
  if (kind === 'AnalysisRun') {
    return { kind, name, labels, annotations, ...content, status: status?.phase };
  }
  const told = status?.conditions === undefined ? {} : { status: settled(status) };
  return { kind, name, labels, annotations, ...content, ...told };
}

interface Told {
  readonly type: string;
  readonly status: string;
}

/**
 * Conditions in the order of their types, without a pause that came and went: while one controller is away and the
 * next begins, an analysis may have its word before an update that the first would have promoted already.
 */
function settled<T extends { readonly conditions?: readonly Told[] }>(status: T): T {
  const conditions = (status.conditions ?? [])
    .filter(({ type, status: value }) => type !== 'Paused' || value === 'True')
    .toSorted((a, b) => (a.type < b.type ? -1 : 1));
  return { ...status, conditions };
}

/** All objects, whole. */
export function objectsOf({ store }: Stand): readonly unknown[] {
  return KEPT.flatMap((key) => store.list(key, NAMESPACE).map(plain));
}

/** What users notice: the state of the Rollout, where traffic goes, which sets have pods, what still runs. */
export function outcomeOf(stand: Stand): unknown {
  const scene = sceneOf(stand.store);
  const { phase, message, stableRS, currentPodHash, currentStepIndex, abort } =
    scene.rollout?.status ?? {};
  const running = <T extends AnalysisRun | Experiment>(key: string) =>
    (stand.store.list(key, NAMESPACE) as unknown as readonly T[])
      .filter(({ status, spec }) => status?.phase === 'Running' && spec.terminate !== true)
      .map(({ metadata }) => metadata.name);
  return {
    status: { phase, message, stableRS, currentPodHash, currentStepIndex, abort },
    weights: (managedRoute(scene)?.route ?? []).map(({ weight = 0 }) => weight),
    shares: Object.fromEntries(sharesOf(scene)),
    sets: scene.sets
      .filter(({ spec }) => spec.replicas !== 0)
      .map(({ metadata, spec }) => `${metadata.name}: ${spec.replicas ?? 1}`),
    running: [
      ...running<Experiment>(storeKey(EXPERIMENTS)),
      ...running<AnalysisRun>(storeKey(ANALYSIS_RUNS)),
    ],
  };
}
