// Runs args.json: placeholders, arguments, templates, metric validation and rules.
import type {
  AnalysisTemplateSpec,
  Argument,
  DryRun,
  MeasurementRetention,
  Metric,
} from '../../src/api/analysis.ts';
import { fieldOf, mergeArguments } from '../../src/core/analysis/arguments.ts';
import {
  quoteValue,
  resolveMetric,
  substituteArguments,
  type Substituted,
} from '../../src/core/analysis/substitution.ts';
import { mergeTemplates } from '../../src/core/analysis/templates.ts';
import { matchedNames, metricsProblem } from '../../src/core/analysis/validation.ts';
import { substituteExperiment } from '../../src/core/experiment/variables.ts';
import { jsonEqual } from '../../src/lib/equal.ts';
import { type CaseResult, unknownKind } from './result.ts';

interface Case {
  readonly id: string;
  readonly kind: string;
  readonly template: string;
  readonly args: readonly Argument[];
  readonly metric: Metric;
  readonly metrics: readonly Metric[];
  readonly providerCounts: readonly number[];
  readonly incomingArgs: readonly Argument[];
  readonly templateArgs: readonly Argument[];
  readonly templates: readonly AnalysisTemplateSpec[];
  readonly clusterTemplates: readonly AnalysisTemplateSpec[];
  readonly dryRun: readonly DryRun[];
  readonly measurementRetention: readonly MeasurementRetention[];
  readonly rollout: unknown;
  readonly fieldPath: string;
  readonly availableAt: string;
  readonly duration: string;
  readonly experimentTemplates: readonly {
    readonly name: string;
    readonly replicaSetName: string;
    readonly podTemplateHash: string;
    readonly replicaSetExists: boolean;
  }[];
  readonly rules: readonly string[];
  readonly metricNames: readonly string[];
  readonly expect: Readonly<Record<string, unknown>> & {
    readonly match?: string;
    readonly error?: string;
  };
}

type Answer = Readonly<Record<string, unknown>>;

function named(name: string, substituted: Substituted<unknown>): Answer {
  return substituted.ok ? { [name]: substituted.value } : { error: substituted.error };
}

function createRun(test: Case): Answer {
  const merged = mergeTemplates([...test.templates, ...test.clusterTemplates], {
    args: test.incomingArgs,
    dryRun: test.dryRun,
    measurementRetention: test.measurementRetention,
  });
  if (!merged.ok) return { error: merged.error };
  const { args = [], dryRun = [], measurementRetention = [], metrics } = merged.value;
  return { args, dryRun, measurementRetention, metricNames: metrics.map((metric) => metric.name) };
}

function validated(test: Case): Answer {
  const problem = metricsProblem(test.metrics, (_, index) => test.providerCounts[index] ?? 0);
  return problem === undefined ? { valid: true } : { error: problem };
}

function experimentArgument(test: Case): Answer {
  const sets = test.experimentTemplates
    .filter((template) => template.replicaSetExists)
    .map(({ name, replicaSetName, podTemplateHash }) => ({
      template: name,
      name: replicaSetName,
      hash: podTemplateHash,
    }));
  const { availableAt, duration } = test;
  return named('value', substituteExperiment(test.template, { availableAt, duration, sets }));
}

const KINDS: Readonly<Record<string, (test: Case) => Answer>> = {
  substitute: (test) => named('value', substituteArguments(test.template, test.args)),
  'substitute-quoted': (test) =>
    named('value', substituteArguments(test.template, test.args, quoteValue)),
  'experiment-arg': experimentArgument,
  'resolve-metric': (test) => named('metric', resolveMetric(test.metric, test.args)),
  'merge-args': (test) => named('args', mergeArguments(test.incomingArgs, test.templateArgs)),
  'create-run': createRun,
  'rollout-field': (test) => named('value', fieldOf(test.rollout, test.fieldPath)),
  'validate-metrics': validated,
  'metric-rules': (test) => named('matched', matchedNames(test.rules, test.metricNames, 'dryRun')),
};

function isExpected({ match, ...expected }: Case['expect'], answer: Answer): boolean {
  if (match === 'any-error') return answer['error'] !== undefined;
  return jsonEqual(expected, answer);
}

/** All cases of the file. */
export function run(file: { readonly cases: readonly Case[] }): readonly CaseResult[] {
  return file.cases.map((test) => {
    const name = `${test.id} ${test.kind}`;
    const kind = KINDS[test.kind];
    if (kind === undefined) return unknownKind(name, test.kind);
    const answer = kind(test);
    const ok = isExpected(test.expect, answer);
    const detail = `expected ${JSON.stringify(test.expect)}, got ${JSON.stringify(answer)}`;
    return { name, ok, ...(ok ? {} : { detail }) };
  });
}
