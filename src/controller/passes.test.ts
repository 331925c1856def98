import { expect, it } from 'vitest';
import type { KubeObject } from '../api/object.ts';
import { ANALYSIS_RUNS } from '../api/resources.ts';
import type { Kind } from './kind.ts';
import type { Memory } from './memory.ts';
import type { PassPorts } from './pass.ts';
import { Passes, type PassesOptions } from './passes.ts';

it('what was asked for an object does not count for another one of its name', async () => {
  const cancelled: string[] = [];
  const memories: Memory[] = [];
  let uid = 'old';
  const kind: Kind = {
    resource: ANALYSIS_RUNS,
    hasStatusSubresource: false,
    snapshot: (_namespace, _name, memory) => {
      memories.push(memory);
      return 'unread';
    },
  };
  const object = (): KubeObject => ({
    apiVersion: 'argoproj.io/v1alpha1',
    kind: 'AnalysisRun',
    metadata: { name: 'check', namespace: 'shop', uid },
  });
  const pass = {
    clock: { now: () => 0 },
    look: () => undefined,
    queue: { forgetTimer: () => undefined },
  } as unknown as PassPorts;
  const cache = { get: object };
  const passes = new Passes({
    kinds: [kind],
    decided: [[ANALYSIS_RUNS.plural, cache]],
    pass,
  } as unknown as PassesOptions);
  await passes.run('analysisruns/shop/check');
  memories[0]?.asked('query', () => cancelled.push('query'));
  await passes.run('analysisruns/shop/check');
  expect(memories[1]).toBe(memories[0]);
  uid = 'new';
  await passes.run('analysisruns/shop/check');
  expect(memories[2]).not.toBe(memories[0]);
  expect(cancelled).toEqual(['query']);
});
