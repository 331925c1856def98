// What a build says of itself: its version and where it comes from. Runs on Node 20 with Node's own modules only.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));

/** What git says of the sources; undefined outside of a repository. */
function git(...args) {
  const { status, stdout } = spawnSync('git', args, { cwd: root, encoding: 'utf8' });
  return status === 0 ? stdout.trim() : undefined;
}

/** The version's name: its tag for a clean build of one, else with the commit. The date is the commit's, so that a build
 * can be repeated. */
export function buildOf() {
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const commit = git('rev-parse', 'HEAD');
  if (commit === undefined) {
    return {
      version: `v${version}+unknown`,
      date: '1970-01-01T00:00:00Z',
      commit: '',
      treeState: '',
    };
  }
  const isClean = git('status', '--porcelain') === '';
  const isTagged =
    isClean && (git('tag', '--points-at', 'HEAD') ?? '').split('\n').includes(`v${version}`);
  const seconds = Number(git('log', '-1', '--format=%ct'));
  return {
    version: isTagged
      ? `v${version}`
      : `v${version}+${commit.slice(0, 7)}${isClean ? '' : '.dirty'}`,
    date: `${new Date(seconds * 1000).toISOString().slice(0, 19)}Z`,
    commit,
    treeState: isClean ? 'clean' : 'dirty',
  };
}
