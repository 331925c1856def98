// Bundles the programs into files that start fast: one program under three names, each a line of its own. What only some
// commands need (a cluster, a controller) is in files beside it that are read when such a command runs.
//
// Two passes: only ES modules can be split, so that a class is the same class on both sides; CommonJS starts faster. What
// every command loads is put into one file again: opening a dozen takes a tenth of a command's start.
import { chmodSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import { build, transform } from 'esbuild';
import { buildOf } from './build-of.mjs';

const root = new URL('..', import.meta.url).pathname;

const folder = `${root}dist/bin/`;
rmSync(folder, { recursive: true, force: true });
mkdirSync(folder, { recursive: true });

const { outputFiles, metafile } = await build({
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
  metafile: true,
});

// Says what is missing before anything is loaded that an older Node does not know. Node keeps compiled code where other
// programs of the user keep what can be made anew; where there is no such place it compiles each time. The folder is made
// here, a step at a time: what Node does by itself never ends below /proc, and makes a home for a user who has none.
const stub = `#!/usr/bin/env node
if (Number(process.versions.node.split('.')[0]) < 24) {
  process.stderr.write(
    'Error: Node 24 or later is needed, this is ' + process.version + ': install a newer one\\n',
  );
  process.exit(1);
}
const { existsSync, mkdirSync } = require('node:fs');
const { XDG_CACHE_HOME, HOME } = process.env;
const place = XDG_CACHE_HOME || (HOME && HOME + '/.cache');
const cache = place && place + '/slipway';
function isMade(folder) {
  try {
    mkdirSync(folder);
    return true;
  } catch {
    return existsSync(folder);
  }
}
if (cache && (existsSync(cache) || (isMade(place) && isMade(cache)))) {
  require('node:module').enableCompileCache(cache);
}
require('./program.cjs');
`;

/** The files that are loaded with that one, itself included. */
function loadedWith(path, found = new Set()) {
  if (found.has(path)) return found;
  found.add(path);
  for (const one of metafile.outputs[path].imports) {
    if (one.kind === 'import-statement' && !one.external) loadedWith(one.path, found);
  }
  return found;
}

const codes = new Map();
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
  codes.set(basename(path), code);
}

// Modules as functions of one file; the other files find them through it, so that there is one of each.
const program = Object.keys(metafile.outputs).find((path) => basename(path) === 'program.cjs');
const together = [...loadedWith(program)].map((path) => basename(path));
const bodies = together.map(
  (name) => `"./${name}":(function(module,exports,require){${codes.get(name)}\n})`,
);
codes.set(
  'program.cjs',
  `const bodies={${bodies.join(',\n')}};
const modules={};
function load(name){
if(!Object.hasOwn(bodies,name))return require(name);
const known=modules[name];
if(known!==undefined)return known.exports;
const made={exports:{}};
modules[name]=made;
bodies[name](made,made.exports,load);
return made.exports;
}
module.exports=load;
load('./program.cjs');
`,
);
for (const name of together) {
  if (name === 'program.cjs') continue;
  codes.set(name, `module.exports=require('./program.cjs')('./${name}');\n`);
}
for (const [name, code] of codes) writeFileSync(`${folder}${name}`, code);

for (const name of ['slipway', 'kubectl-argo-rollouts', 'kubectl_complete-argo-rollouts']) {
  const path = `${folder}${name}`;
  writeFileSync(path, stub);
  chmodSync(path, 0o755);
}
writeFileSync(`${folder}package.json`, '{ "type": "commonjs" }\n');
