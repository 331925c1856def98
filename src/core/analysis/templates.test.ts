import { describe, expect, it } from 'vitest';
import type { AnalysisTemplateSpec, TemplateRef } from '../../api/analysis.ts';
import { collectTemplates, mergeTemplates } from './templates.ts';

const METRIC = { provider: { prometheus: { query: 'up' } } };

function template(name: string, templates: readonly TemplateRef[] = []) {
  const spec: AnalysisTemplateSpec = { metrics: [{ name: `of-${name}`, ...METRIC }], templates };
  return { apiVersion: 'argoproj.io/v1alpha1', kind: 'AnalysisTemplate', metadata: { name }, spec };
}

const ref = (templateName: string) => ({ templateName });
const cluster = (templateName: string) => ({ templateName, clusterScope: true });

/** Names of the metrics collected, or the error. */
function collected(
  refs: readonly TemplateRef[],
  namespaced: readonly ReturnType<typeof template>[],
  ofCluster: readonly ReturnType<typeof template>[] = [],
): readonly string[] | string {
  const found = collectTemplates(refs, {
    analysisTemplates: namespaced,
    clusterAnalysisTemplates: ofCluster,
  });
  if (!found.ok) return found.error;
  return found.value.flatMap(({ metrics = [] }) => metrics.map(({ name }) => name));
}

describe('templates are collected', () => {
  it.each([
    {
      reason: 'each with those that it names, before the next',
      refs: [ref('a'), ref('d')],
      namespaced: [
        template('a', [ref('b'), ref('c')]),
        template('b'),
        template('c'),
        template('d'),
      ],
      names: ['of-a', 'of-b', 'of-c', 'of-d'],
    },
    {
      reason: 'each once, at its first place',
      refs: [ref('a'), ref('b'), ref('a')],
      namespaced: [template('a', [ref('b')]), template('b')],
      names: ['of-a', 'of-b'],
    },
    {
      reason: 'though they name each other in a circle',
      refs: [ref('a')],
      namespaced: [template('a', [ref('b')]), template('b', [ref('a')])],
      names: ['of-a', 'of-b'],
    },
    {
      reason: 'those of the namespace before those of the cluster',
      refs: [cluster('c'), ref('a')],
      namespaced: [template('a', [cluster('d')]), template('b')],
      ofCluster: [template('c', [ref('b')]), template('d')],
      names: ['of-b', 'of-a', 'of-c', 'of-d'],
    },
    {
      reason: 'of the same name both, one of the namespace and one of the cluster',
      refs: [ref('a'), cluster('a')],
      namespaced: [template('a')],
      ofCluster: [template('a')],
      names: ['of-a', 'of-a'],
    },
    { reason: 'none if none is named', refs: [], namespaced: [template('a')], names: [] },
  ])('$reason', ({ refs, namespaced, ofCluster, names }) => {
    expect(collected(refs, namespaced, ofCluster)).toEqual(names);
  });

  it.each([
    {
      reason: 'a template is not there',
      refs: [ref('x')],
      error: 'analysistemplate.argoproj.io "x" not found',
    },
    {
      reason: 'one of the cluster is not there, although the namespace has one of its name',
      refs: [cluster('a')],
      error: 'clusteranalysistemplate.argoproj.io "a" not found',
    },
    {
      reason: 'one that a template names is not there',
      refs: [ref('a')],
      error: 'analysistemplate.argoproj.io "y" not found',
    },
  ])('unless $reason', ({ refs, error }) => {
    expect(collected(refs, [template('a', [ref('y')])])).toBe(error);
  });
});

const CALLER = { args: [], dryRun: [], measurementRetention: [] };
const metric = (name: string) => ({ metrics: [{ name, ...METRIC }] });
const keep = (metricName: string, limit: number) => ({ metricName, limit });

describe('templates are merged', () => {
  it('in their order, with the rules of the caller first', () => {
    const specs = [
      { ...metric('a'), dryRun: [{ metricName: 'a' }], measurementRetention: [keep('a', 1)] },
      { ...metric('b'), args: [{ name: 'x', value: '1' }] },
    ];
    const caller = {
      ...CALLER,
      dryRun: [{ metricName: 'b' }],
      measurementRetention: [keep('.*', 5)],
    };
    expect(mergeTemplates(specs, caller)).toEqual({
      ok: true,
      value: {
        metrics: [...metric('a').metrics, ...metric('b').metrics],
        args: [{ name: 'x', value: '1' }],
        dryRun: [{ metricName: 'b' }, { metricName: 'a' }],
        measurementRetention: [keep('.*', 5), keep('a', 1)],
      },
    });
  });

  it('an argument without a value gives way to a later one whole', () => {
    const secretKeyRef = { name: 'vault', key: 'token' };
    const specs = [
      { ...metric('a'), args: [{ name: 'x', valueFrom: { secretKeyRef } }, { name: 'y' }] },
      { ...metric('b'), args: [{ name: 'x', value: '2' }] },
      { ...metric('c'), args: [{ name: 'x', value: '2' }] },
    ];
    const merged = mergeTemplates(specs, { ...CALLER, args: [{ name: 'y', value: '1' }] });
    expect(merged.ok && merged.value.args).toEqual([
      { name: 'x', value: '2' },
      { name: 'y', value: '1' },
    ]);
  });

  it.each([
    {
      reason: 'two metrics have one name',
      specs: [metric('a'), metric('a')],
      error: `two metrics have the same name 'a'`,
    },
    {
      reason: 'two dry runs of templates are the same',
      specs: [
        { ...metric('a'), dryRun: [{ metricName: 'a' }] },
        { ...metric('b'), dryRun: [{ metricName: 'a' }] },
      ],
      error: `two Dry-Run metric rules have the same name 'a'`,
    },
    {
      reason: 'a dry run of the caller is that of a template',
      specs: [{ ...metric('a'), dryRun: [{ metricName: 'a' }] }],
      caller: { dryRun: [{ metricName: 'a' }] },
      error: `two Dry-Run metric rules have the same name 'a'`,
    },
    {
      reason: 'two retentions are for the same name',
      specs: [{ ...metric('a'), measurementRetention: [keep('a', 1), keep('a', 2)] }],
      error: `two Measurement Retention metric rules have the same name 'a'`,
    },
    {
      reason: 'an argument has two values, even if the caller gives a third',
      specs: [
        { ...metric('a'), args: [{ name: 'x', value: '1' }] },
        { ...metric('b'), args: [{ name: 'x', value: '2' }] },
      ],
      caller: { args: [{ name: 'x', value: '3' }] },
      error: "Argument `x` specified multiple times with different values: '1', '2'",
    },
    {
      reason: 'an argument has none',
      specs: [{ ...metric('a'), args: [{ name: 'x' }] }],
      error: 'args.x was not resolved',
    },
    {
      reason: 'several things are wrong: metrics are looked at first',
      specs: [{ ...metric('a'), args: [{ name: 'x' }] }, metric('a')],
      error: `two metrics have the same name 'a'`,
    },
  ])('unless $reason', ({ specs, caller, error }) => {
    expect(mergeTemplates(specs, { ...CALLER, ...caller })).toEqual({ ok: false, error });
  });
});
