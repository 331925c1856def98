import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const SOURCES = fileURLToPath(new URL('..', import.meta.url));

/** Modules that a statement loads when its file is: type imports are erased, `import()` waits until it is called. */
function loadedBy(text: string): readonly string[] {
  const statements = text.matchAll(
    /^(?:import|export)\s+(?!type\s)([^;]*?)\s*from\s+'([^']+)';/gms,
  );
  const bare = [...text.matchAll(/^import\s+'([^']+)';/gm)].map(([, path = '']) => path);
  const named = [...statements].flatMap(([, names = '', path = '']) => {
    const parts = names.replaceAll(/[{}]/g, '').split(',');
    const isErased = parts.every((part) => part.trim() === '' || part.trim().startsWith('type '));
    return isErased ? [] : [path];
  });
  return [...bare, ...named];
}

/** Every file and package that is loaded before the first command runs. */
function reached(entry: string): ReadonlySet<string> {
  const found = new Set<string>();
  const waiting = [resolve(SOURCES, entry)];
  for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
    if (found.has(path)) continue;
    found.add(path);
    if (!path.startsWith(SOURCES)) continue;
    for (const wanted of loadedBy(readFileSync(path, 'utf8'))) {
      waiting.push(wanted.startsWith('.') ? resolve(dirname(path), wanted) : wanted);
    }
  }
  return new Set([...found].map((path) => path.replace(SOURCES, '')));
}

describe('what is loaded before a command runs', () => {
  const loaded = reached('cli/main.ts');

  it('is found at all', () => {
    expect(loaded).toContain('cli/commands/get.ts');
    expect(loaded).toContain('node:fs');
  });

  it.each([
    { folder: 'sandbox/', reason: 'a cluster is needed by three commands only' },
    { folder: 'controller/controller.ts', reason: 'so is the controller' },
    { folder: 'core/rollout/decide.ts', reason: 'decisions are the controller' },
    { folder: 'kube/kubeconfig.ts', reason: 'version and help need no cluster' },
    { folder: 'providers/', reason: 'metrics are asked by the controller' },
    { folder: 'expr/', reason: 'conditions are read by the controller' },
    { folder: 'schema/', reason: 'schemas are checked by the API server' },
  ])('does not hold $folder: $reason', ({ folder }) => {
    expect([...loaded].filter((path) => path.startsWith(folder))).toEqual([]);
  });

  it('holds no package and of Node only what has been loaded already', () => {
    const outside = [...loaded].filter((path) => !path.endsWith('.ts'));
    expect(outside.toSorted()).toEqual(['node:fs', 'node:os', 'node:path']);
  });
});
