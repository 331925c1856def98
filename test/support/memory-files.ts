// Files that exist only in a test.
import type { Files } from '../../src/lib/ports.ts';

export interface MemoryFiles extends Files {
  readonly contents: Map<string, string>;
}

export function memoryFiles(initial: Readonly<Record<string, string>> = {}): MemoryFiles {
  const contents = new Map(Object.entries(initial));
  return {
    contents,
    read: (path) => Promise.resolve(contents.get(path)),
    write: (path, text) => {
      contents.set(path, text);
      return Promise.resolve();
    },
    list: (path) => {
      const inside = [...contents.keys()].filter((one) => one.startsWith(`${path}/`));
      const names = inside.map((one) => one.slice(path.length + 1).split('/')[0] ?? '');
      return Promise.resolve(inside.length === 0 ? undefined : [...new Set(names)]);
    },
    remove: (path) => {
      for (const one of contents.keys()) {
        if (one === path || one.startsWith(`${path}/`)) contents.delete(one);
      }
      return Promise.resolve();
    },
    temporaryFolder: (prefix) => Promise.resolve(`/tmp/${prefix}test`),
    absolute: (path) => path,
    join: (...parts) => parts.join('/'),
  };
}
