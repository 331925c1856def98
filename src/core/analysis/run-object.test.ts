import { describe, expect, it } from 'vitest';
import type { AnalysisRun, AnalysisRunSpec } from '../../api/analysis.ts';
import type { KubeObject } from '../../api/object.ts';
import { readyRun, terminateRun } from './run-object.ts';

const OWNER: KubeObject = {
  apiVersion: 'argoproj.io/v1alpha1',
  kind: 'Rollout',
  metadata: { name: 'web', namespace: 'shop', uid: 'o-1' },
};
const SPEC: AnalysisRunSpec = {
  metrics: [{ name: 'm', provider: { prometheus: { query: 'up' } } }],
  args: [{ name: 'a', value: '1' }],
};

interface Existing {
  readonly name?: string;
  readonly phase?: string;
  readonly owner?: string;
  readonly spec?: Partial<AnalysisRunSpec>;
}

function existing({ name = 'web-h-2', phase, owner = 'o-1', spec }: Existing = {}): AnalysisRun {
  const reference = {
    apiVersion: 'v1',
    kind: 'Rollout',
    name: 'web',
    uid: owner,
    controller: true,
  };
  return {
    apiVersion: 'argoproj.io/v1alpha1',
    kind: 'AnalysisRun',
    metadata: { name, namespace: 'shop', resourceVersion: '7', ownerReferences: [reference] },
    spec: { ...SPEC, ...spec },
    ...(phase === undefined ? {} : { status: { phase } }),
  };
}

/** Its name, and whether it is created. */
function ready(runs: readonly AnalysisRun[], taken: readonly KubeObject[] = []) {
  const { name, write } = readyRun({
    owner: OWNER,
    base: 'web-h-2',
    spec: SPEC,
    labels: { team: 'a' },
    annotations: { note: 'b' },
    runs,
    taken,
  });
  return `${name} ${write === undefined ? 'reused' : 'created'}`;
}

describe('a run for an analysis', () => {
  it('is created with owner, labels and annotations', () => {
    const { write } = readyRun({
      owner: OWNER,
      base: 'web-h-2',
      spec: SPEC,
      labels: { team: 'a' },
      annotations: { note: 'b' },
      runs: [],
      taken: [],
    });
    expect(write?.object).toMatchObject({
      metadata: {
        name: 'web-h-2',
        namespace: 'shop',
        labels: { team: 'a' },
        annotations: { note: 'b' },
        ownerReferences: [{ kind: 'Rollout', name: 'web', uid: 'o-1', controller: true }],
      },
      spec: SPEC,
    });
  });

  it.each([
    { reason: 'the same work under way is reused', runs: [existing()], is: 'web-h-2 reused' },
    {
      reason: 'so it is while it runs',
      runs: [existing({ phase: 'Running' })],
      is: 'web-h-2 reused',
    },
    {
      reason: 'one that was told to end is not: it ends well whatever it has measured',
      runs: [existing({ phase: 'Running', spec: { terminate: true } })],
      is: 'web-h-2.1 created',
    },
    {
      reason: 'one that has ended is not',
      runs: [existing({ phase: 'Failed' })],
      is: 'web-h-2.1 created',
    },
    {
      reason: 'nor is that of another owner',
      runs: [existing({ owner: 'o-2' })],
      is: 'web-h-2.1 created',
    },
    {
      reason: 'nor is other work: arguments',
      runs: [existing({ spec: { args: [{ name: 'a', value: '2' }] } })],
      is: 'web-h-2.1 created',
    },
    {
      reason: 'nor is other work: dry runs',
      runs: [existing({ spec: { dryRun: [{ metricName: 'm' }] } })],
      is: 'web-h-2.1 created',
    },
    {
      reason: 'names are counted on',
      runs: [
        existing({ phase: 'Error' }),
        existing({ name: 'web-h-2.1', phase: 'Inconclusive' }),
        existing({ name: 'web-h-2.2' }),
      ],
      is: 'web-h-2.2 reused',
    },
  ])('$reason', ({ runs, is }) => {
    expect(ready(runs)).toBe(is);
  });

  it('takes no name that a create has found taken', () => {
    const { spec: _spec, ...stranger } = existing();
    expect(ready([], [stranger])).toBe('web-h-2.1 created');
    expect(ready([], [{ ...stranger, kind: 'Experiment' }])).toBe('web-h-2 created');
  });
});

describe('a run is told to end', () => {
  it('by its terminate field, as it was read', () => {
    expect(terminateRun(existing({ phase: 'Running' }), [])).toMatchObject({
      resourceVersion: '7',
      patch: { type: 'merge', body: { spec: { terminate: true } } },
    });
  });

  it.each([
    { run: existing({ phase: 'Successful' }), reason: 'has ended' },
    { run: existing({ spec: { terminate: true } }), reason: 'was told before' },
  ])('unless it $reason', ({ run }) => {
    expect(terminateRun(run, [])).toBeUndefined();
  });
});
