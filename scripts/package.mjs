// The manifest of the packed package: `package.mjs before` (prepack) writes it, `package.mjs after` (postpack) puts the
// checkout's own back. The programs are bundles, so the package needs nothing at run time but what the modules behind
// `exports` import; Node comes from its user; tools and tests stay at home.
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const manifest = join(root, 'package.json');
const kept = join(root, '.cache', 'package.json');
const IMPORT = /(?:from|import)\s*\(?\s*'([^']+)'/g;

/** Files that can be reached from `entry`, and the packages that they import. */
function reachable(entry) {
  const files = new Set();
  const packages = new Set();
  const visit = (path) => {
    if (files.has(path)) return;
    files.add(path);
    for (const [, wanted] of readFileSync(path, 'utf8').matchAll(IMPORT)) {
      if (wanted.startsWith('.')) {
        const next = join(dirname(path), wanted);
        visit(path.endsWith('.d.ts') ? next.replace(/\.ts$|\.js$/, '.d.ts') : next);
      } else if (!wanted.startsWith('node:')) packages.add(wanted);
    }
  };
  visit(entry);
  return { files, packages };
}

function packed() {
  const own = JSON.parse(readFileSync(manifest, 'utf8'));
  const code = reachable(join(root, 'dist', 'index.js'));
  const types = reachable(join(root, 'dist', 'index.d.ts'));
  const files = [...code.files, ...types.files]
    .map((path) => relative(root, path))
    .toSorted((a, b) => (a < b ? -1 : 1));
  const needed = Object.entries(own.dependencies).filter(([name]) => code.packages.has(name));
  const {
    scripts: _s,
    devDependencies: _d,
    optionalDependencies: _o,
    dependencies: _p,
    ...rest
  } = own;
  return {
    ...rest,
    files: ['dist/bin', ...files, 'crds', 'deploy', 'examples', 'CHANGELOG.md'],
    ...(needed.length === 0 ? {} : { dependencies: Object.fromEntries(needed) }),
  };
}

const [moment] = process.argv.slice(2);
if (moment === 'before') {
  // Left over from a run that was cut off: the copy is the true one.
  if (existsSync(kept)) renameSync(kept, manifest);
  const text = readFileSync(manifest, 'utf8');
  const next = `${JSON.stringify(packed(), null, 2)}\n`;
  mkdirSync(dirname(kept), { recursive: true });
  writeFileSync(kept, text);
  writeFileSync(manifest, next);
} else if (moment === 'after') {
  if (existsSync(kept)) renameSync(kept, manifest);
} else {
  process.stderr.write('usage: node scripts/package.mjs before|after\n');
  process.exit(1);
}
