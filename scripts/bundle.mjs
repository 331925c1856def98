// Bundles the programs into single files that start fast: one program under three names, each a line of its own.
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { build } from 'esbuild';

const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
const folder = new URL('../dist/bin/', import.meta.url).pathname;
mkdirSync(folder, { recursive: true });

await build({
  entryPoints: [new URL('../src/cli/main.ts', import.meta.url).pathname],
  outfile: `${folder}program.cjs`,
  bundle: true,
  platform: 'node',
  target: 'node24',
  format: 'cjs',
  legalComments: 'none',
  define: { SLIPWAY_VERSION: JSON.stringify(`v${version}`) },
  logLevel: 'warning',
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
for (const name of ['slipway', 'kubectl-argo-rollouts', 'kubectl_complete-argo-rollouts']) {
  const path = `${folder}${name}`;
  writeFileSync(path, stub);
  chmodSync(path, 0o755);
}
writeFileSync(`${folder}package.json`, '{ "type": "commonjs" }\n');
