import { describe, expect, it } from 'vitest';
import type { KubeObject } from '../../api/object.ts';
import { CONFIG_MAPS } from '../../api/resources.ts';
import { Store, storeKey } from './store.ts';

const KEY = storeKey(CONFIG_MAPS);
const OBJECT: KubeObject = {
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: 'a', namespace: 'default' },
};

function broken(): never {
  throw new Error('out of order');
}

describe('who follows the store and fails', () => {
  it.each<{ readonly who: string; readonly follow: (store: Store) => void }>([
    { who: 'an observer', follow: (store) => store.observe(broken) },
    { who: 'a listener', follow: (store) => store.subscribe(KEY, broken) },
  ])('($who) is told of, and keeps the change from nobody', ({ follow }) => {
    const problems: string[] = [];
    const seen: string[] = [];
    const store = new Store({
      onProblem: (what, { message }) => problems.push(`${what}: ${message}`),
    });
    follow(store);
    store.subscribe(KEY, ({ type }) => seen.push(`listener ${type}`));
    store.observe((_key, { type }) => seen.push(`observer ${type}`));
    expect(store.put(KEY, OBJECT).metadata.resourceVersion).toBe('2');
    expect(problems).toEqual(['telling that /configmaps default/a was ADDED: out of order']);
    expect(seen).toEqual(['listener ADDED', 'observer ADDED']);
  });

  it('fails whoever writes where nobody is told of problems, once all know the change', () => {
    const seen: string[] = [];
    const store = new Store();
    store.observe(broken);
    store.observe((_key, { type }) => seen.push(type));
    expect(() => store.put(KEY, OBJECT)).toThrow('out of order');
    expect(seen).toEqual(['ADDED']);
  });
});
