// The documents: their commands exist with the flags they are shown with, and their links lead somewhere.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { runPlugin } from '../support/command-line.ts';
import { type Cluster, startCluster } from '../support/cluster.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

function pagesUnder(folder: string): readonly string[] {
  return readdirSync(join(ROOT, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return pagesUnder(path);
    return path.endsWith('.md') ? [path] : [];
  });
}

const PAGES = ['README.md', 'CONTRIBUTING.md', 'CHANGELOG.md', ...pagesUnder('docs')];

interface Shown {
  readonly page: string;
  readonly line: string;
}

/** Lines of the pages' shell blocks. */
function shellLines(): readonly Shown[] {
  return PAGES.flatMap((page) => {
    const text = readFileSync(join(ROOT, page), 'utf8');
    const blocks = [...text.matchAll(/^```sh\n(.*?)^```/gms)].map(([, block = '']) => block);
    return blocks
      .flatMap((block) => block.replaceAll('\\\n', ' ').split('\n'))
      .map((line) => line.replace(/\s#.*$/, '').trim())
      .filter((line) => line !== '' && !line.startsWith('#'))
      .map((line) => ({ page, line }));
  });
}

/** Words of our own command line in a shell line; undefined if it starts something else. */
function ownWords(line: string): readonly string[] | undefined {
  const match = /^(?:kubectl argo rollouts|kubectl-argo-rollouts|(?:\S*\/)?slipway) (.*)$/.exec(
    line,
  );
  // What reads its output is another program.
  return match?.[1]?.replace(/ \| .*$/, '').split(/\s+/);
}

async function helpOf(cluster: Cluster, words: readonly string[]): Promise<string> {
  const own = words.filter((word) => !word.startsWith('-') && !word.includes('='));
  const { code, out, err } = await runPlugin(cluster, 'default', [...own, '--help'], {
    program: 'slipway',
  });
  if (code !== 0) throw new Error(err);
  return out;
}

describe('documents', () => {
  const shown = shellLines();

  it('there is something to check', () => {
    expect(shown.length).toBeGreaterThan(5);
  });

  it('npm scripts that are shown exist', () => {
    const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
      readonly scripts: Readonly<Record<string, string>>;
    };
    const texts = PAGES.map((page) => readFileSync(join(ROOT, page), 'utf8')).join('\n');
    const named = [...texts.matchAll(/npm run ([a-z:]+)/g)].map(([, name = '']) => name);
    expect(named.filter((name) => scripts[name] === undefined)).toEqual([]);
  });

  it('commands of ours that are shown exist, with those flags', async () => {
    const cluster = await startCluster();
    const wrong: string[] = [];
    for (const { page, line } of shown) {
      const words = ownWords(line);
      if (words === undefined) continue;
      const help = await helpOf(cluster, words);
      for (const flag of words.filter((word) => word.startsWith('--'))) {
        const name = flag.split('=')[0] ?? flag;
        if (!new RegExp(`${name}\\b`).test(help)) wrong.push(`${page}: ${line}: no ${name}`);
      }
    }
    await cluster.stop();
    expect(wrong).toEqual([]);
  });

  it('links lead to files that are there', () => {
    const dead = PAGES.flatMap((page) => {
      const text = readFileSync(join(ROOT, page), 'utf8');
      return [...text.matchAll(/\]\((?!https?:|#)([^)#]+)/g)]
        .map(([, target = '']) => target)
        .filter((target) => !existsSync(join(ROOT, dirname(page), target)))
        .map((target) => `${page}: ${target}`);
    });
    expect(dead).toEqual([]);
  });
});
