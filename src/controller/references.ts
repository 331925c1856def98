// Which other objects a Rollout or an Experiment names: what its snapshot holds, and whose change wakes it.
import type { Experiment } from '../api/experiment.ts';
import type { AnalysisTemplate, ClusterAnalysisTemplate } from '../api/analysis.ts';
import type { Rollout } from '../api/rollout.ts';
import { workloadKind } from '../core/rollout/workload.ts';
import { parseVirtualServiceName } from '../core/traffic/istio-reference.ts';

/** Kinds that are named by others. */
export type ReferredKind =
  | 'services'
  | 'virtualservices'
  | 'destinationrules'
  | 'analysistemplates'
  | 'clusteranalysistemplates'
  | 'deployments'
  | 'replicasets'
  | 'podtemplates';

const WORKLOADS = ['deployments', 'replicasets', 'podtemplates'] as const;

export interface Reference {
  readonly kind: ReferredKind;
  /** Empty for cluster-scoped kinds. */
  readonly namespace: string;
  readonly name: string;
}

interface TemplateRef {
  readonly templateName?: string;
  readonly clusterScope?: boolean;
}

function templateReferences(refs: readonly TemplateRef[], namespace: string): Reference[] {
  return refs.flatMap((ref): Reference[] => {
    if (ref.templateName === undefined || ref.templateName === '') return [];
    return ref.clusterScope === true
      ? [{ kind: 'clusteranalysistemplates', namespace: '', name: ref.templateName }]
      : [{ kind: 'analysistemplates', namespace, name: ref.templateName }];
  });
}

function serviceReferences(names: readonly (string | undefined)[], namespace: string): Reference[] {
  return names.flatMap((name): Reference[] =>
    name === undefined || name === '' ? [] : [{ kind: 'services', namespace, name }],
  );
}

function canaryTemplateRefs(rollout: Rollout): TemplateRef[] {
  const canary = rollout.spec.strategy?.canary;
  const inSteps = (canary?.steps ?? []).flatMap((step) => [
    ...(step.analysis?.templates ?? []),
    ...(step.experiment?.analyses ?? []),
  ]);
  return [...inSteps, ...(canary?.analysis?.templates ?? [])];
}

function istioReferences(rollout: Rollout, namespace: string): Reference[] {
  const istio = rollout.spec.strategy?.canary?.trafficRouting?.istio;
  if (istio === undefined) return [];
  const named = [...(istio.virtualServices ?? [])];
  if (istio.virtualService !== undefined) named.push(istio.virtualService);
  const routes = named.map((virtualService): Reference => {
    const parsed = parseVirtualServiceName(virtualService.name);
    return {
      kind: 'virtualservices',
      namespace: parsed.namespace === '' ? namespace : parsed.namespace,
      name: parsed.name,
    };
  });
  const rule = istio.destinationRule?.name;
  return rule === undefined
    ? routes
    : [...routes, { kind: 'destinationrules', namespace, name: rule }];
}

/** What the Rollout's spec names, without what the named templates name in turn. */
export function rolloutReferences(rollout: Rollout): readonly Reference[] {
  const namespace = rollout.metadata.namespace ?? '';
  const { blueGreen } = rollout.spec.strategy ?? {};
  const gates = [
    ...(blueGreen?.prePromotionAnalysis?.templates ?? []),
    ...(blueGreen?.postPromotionAnalysis?.templates ?? []),
  ];
  return [
    ...serviceReferences(serviceNames(rollout), namespace),
    ...istioReferences(rollout, namespace),
    ...templateReferences([...canaryTemplateRefs(rollout), ...gates], namespace),
    ...workloadReference(rollout, namespace),
  ];
}

function workloadReference(rollout: Rollout, namespace: string): readonly Reference[] {
  const plural = workloadKind(rollout)?.plural;
  const kind = WORKLOADS.find((known) => known === plural);
  const { name } = rollout.spec.workloadRef ?? {};
  return kind === undefined || name === undefined ? [] : [{ kind, namespace, name }];
}

function serviceNames(rollout: Rollout): readonly (string | undefined)[] {
  const { canary, blueGreen } = rollout.spec.strategy ?? {};
  return [
    canary?.stableService,
    canary?.canaryService,
    canary?.pingPong?.pingService,
    canary?.pingPong?.pongService,
    blueGreen?.activeService,
    blueGreen?.previewService,
  ];
}

export function experimentReferences(experiment: Experiment): readonly Reference[] {
  return templateReferences(experiment.spec.analyses ?? [], experiment.metadata.namespace ?? '');
}

export interface FoundTemplates {
  readonly namespaced: readonly AnalysisTemplate[];
  readonly cluster: readonly ClusterAnalysisTemplate[];
  /** All that was looked for, found or not: their appearance wakes the owner. */
  readonly looked: readonly Reference[];
}

type Template = AnalysisTemplate | ClusterAnalysisTemplate;

/**
 * The templates that `roots` name and those that they name in turn, each once. A template that is missing is
 * left out here and told by the decision; one that names itself ends at the second sight.
 */
export function templatesOf(
  roots: readonly Reference[],
  namespace: string,
  find: {
    readonly namespaced: (namespace: string, name: string) => AnalysisTemplate | undefined;
    readonly cluster: (name: string) => ClusterAnalysisTemplate | undefined;
  },
): FoundTemplates {
  const looked = new Map<string, Reference>();
  const namespaced: AnalysisTemplate[] = [];
  const cluster: ClusterAnalysisTemplate[] = [];
  const open = roots.filter(
    (ref) => ref.kind === 'analysistemplates' || ref.kind === 'clusteranalysistemplates',
  );
  for (let ref = open.shift(); ref !== undefined; ref = open.shift()) {
    const id = `${ref.kind}/${ref.name}`;
    if (looked.has(id)) continue;
    looked.set(id, ref);
    let found: Template | undefined;
    if (ref.kind === 'analysistemplates') {
      const template = find.namespaced(namespace, ref.name);
      if (template !== undefined) namespaced.push(template);
      found = template;
    } else {
      const template = find.cluster(ref.name);
      if (template !== undefined) cluster.push(template);
      found = template;
    }
    open.push(...templateReferences(found?.spec.templates ?? [], namespace));
  }
  return { namespaced, cluster, looked: [...looked.values()] };
}
