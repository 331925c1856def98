// Bundles the programs into files that start fast: one program under three names, each a line of its own. What only some
// commands need (a cluster, a controller) is in files beside it that are read when such a command runs.
//
// Two passes: only ES modules can be split, so that a class is the same class on both sides; CommonJS starts faster.
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import { build, transform } from 'esbuild';

const root = new URL('..', import.meta.url).pathname;
const { version } = JSON.parse(readFileSync(`${root}package.json`, 'utf8'));

/** What git says of the sources; undefined outside of a repository. */
function git(...args) {
  const { status, stdout } = spawnSync('git', args, { cwd: root, encoding: 'utf8' });
  return status === 0 ? stdout.trim() : undefined;
}

/** The version's name: its tag for a clean build of one, else with the commit. The date is the commit's, so that a build
 * can be repeated. */
function buildOf() {
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

const folder = `${root}dist/bin/`;
rmSync(folder, { recursive: true, force: true });
mkdirSync(folder, { recursive: true });

const { outputFiles } = await build({
  entryPoints: { program: `${root}src/cli/main.ts` },
  outdir: folder,
  outExtension: { '.js': '.cjs' },
  chunkNames: '[name]-[hash]',
  bundle: true,
  splitting: true,
  platform: 'node',
  target: 'node24',
  format: 'esm',
  legalComments: 'none',
  define: { SLIPWAY_BUILD: JSON.stringify(buildOf()) },
  logLevel: 'warning',
  write: false,
});

// Says what is missing before anything is loaded that an older Node does not know.
const stub = `#!/usr/bin/env node
if (Number(process.versions.node.split('.')[0]) < 24) {
  process.stderr.write(
    'Error: Node 24 or later is needed, this is ' + process.version + ': install a newer one\\n',
  );
  process.exit(1);
}
require('./program.cjs');
`;
for (const { path, text } of outputFiles) {
  const { code } = await transform(text, {
    format: 'cjs',
    platform: 'node',
    target: 'node24',
    supported: { 'dynamic-import': false },
    minifyWhitespace: true,
    minifySyntax: true,
    logLevel: 'warning',
  });
  writeFileSync(`${folder}${basename(path)}`, code);
}

for (const name of ['slipway', 'kubectl-argo-rollouts', 'kubectl_complete-argo-rollouts']) {
  const path = `${folder}${name}`;
  writeFileSync(path, stub);
  chmodSync(path, 0o755);
}
writeFileSync(`${folder}package.json`, '{ "type": "commonjs" }\n');
