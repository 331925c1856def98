// Runs validation.json: what is wrong with specs, and with the objects that they name.
import type { AnalysisTemplate, ClusterAnalysisTemplate } from '../../src/api/analysis.ts';
import type { Service } from '../../src/api/kubernetes.ts';
import type { KubeObject } from '../../src/api/object.ts';
import type { Rollout } from '../../src/api/rollout.ts';
import { invalidMessage } from '../../src/core/rollout/progress.ts';
import type { NamedObjects } from '../../src/core/rollout/world.ts';
import { referenceProblem } from '../../src/core/rollout/validation/references.ts';
import { specProblems } from '../../src/core/rollout/validation/spec.ts';
import { jsonEqual } from '../../src/lib/equal.ts';
import { type CaseResult, unknownKind } from './result.ts';

interface Case {
  readonly id: string;
  readonly kind: string;
  readonly note: string;
  readonly input: { readonly rollout: Rollout; readonly objects?: readonly KubeObject[] };
  readonly expect: {
    readonly ok: boolean;
    readonly firstError?: string;
    readonly allErrors?: readonly string[];
    readonly conditionMessage?: string;
  };
}

function world(rollout: Rollout, objects: readonly KubeObject[]): NamedObjects {
  const of = (kind: string) => objects.filter((object) => object.kind === kind);
  return {
    rollout,
    services: of('Service') as Service[],
    virtualServices: objects.filter(isIstio),
    destinationRules: of('DestinationRule'),
    analysisTemplates: of('AnalysisTemplate') as AnalysisTemplate[],
    clusterAnalysisTemplates: of('ClusterAnalysisTemplate') as ClusterAnalysisTemplate[],
    routerObjects: objects,
  };
}

/** App Mesh has a kind of the same name. */
function isIstio({ kind, apiVersion }: KubeObject): boolean {
  return kind === 'VirtualService' && apiVersion.startsWith('networking.istio.io/');
}

/** Every error that is found; of references only the first is asked for. */
function errorsOf({ kind, input }: Case): readonly string[] {
  const { rollout, objects = [] } = input;
  const spec = specProblems(rollout).map(({ text }) => text);
  if (kind === 'spec' || spec.length > 0) return spec;
  const problem = referenceProblem(world(rollout, objects));
  return problem === undefined ? [] : [problem];
}

function answerOf(test: Case): Case['expect'] {
  const errors = errorsOf(test);
  const [firstError] = errors;
  if (firstError === undefined) return { ok: true };
  return {
    ok: false,
    firstError,
    ...(test.expect.allErrors === undefined ? {} : { allErrors: errors }),
    conditionMessage: invalidMessage(test.input, firstError),
  };
}

const KINDS: ReadonlySet<string> = new Set(['spec', 'references']);

/** All cases of the file. */
export function run(file: { readonly cases: readonly Case[] }): readonly CaseResult[] {
  return file.cases.map((test) => {
    const name = `${test.id} ${test.note}`;
    if (!KINDS.has(test.kind)) return unknownKind(name, test.kind);
    const answer = answerOf(test);
    if (jsonEqual(test.expect, answer)) return { name, ok: true };
    const detail = `expected ${JSON.stringify(test.expect)}, got ${JSON.stringify(answer)}`;
    return { name, ok: false, detail };
  });
}
