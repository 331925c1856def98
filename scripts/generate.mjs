// Writes what follows from the definitions in src/: crds/*.yaml, deploy/*.yaml and docs/reference/*.md. `--check`
// compares instead and ends with 1 when a file is not up to date.
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { crds } from '../src/api/crds.ts';
import { kustomizeBase } from '../src/cli/install/kustomize.ts';
import { toYaml } from '../src/lib/yaml.ts';
import { referencePages } from './reference-pages.mjs';

const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
const isCheck = process.argv.includes('--check');
const folders = {
  crds: new Map(crds().map((crd) => [`${crd.metadata.name}.yaml`, toYaml(crd)])),
  deploy: kustomizeBase(`slipway:v${version}`),
  'docs/reference': referencePages(),
};

let wrong = 0;
for (const [name, wanted] of Object.entries(folders)) {
  const folder = new URL(`../${name}/`, import.meta.url);
  mkdirSync(folder, { recursive: true });
  const stale = [...wanted].filter(([file, text]) => {
    const url = new URL(file, folder);
    return !existsSync(url) || readFileSync(url, 'utf8') !== text;
  });
  const extra = readdirSync(folder).filter((file) => !wanted.has(file));
  for (const file of extra) process.stdout.write(`${name}/${file} is made of nothing; remove it\n`);
  wrong += extra.length;
  if (isCheck) {
    wrong += stale.length;
    for (const [file] of stale)
      process.stdout.write(`${name}/${file} is not up to date; run \`npm run generate\`\n`);
  } else {
    for (const [file, text] of stale) writeFileSync(new URL(file, folder), text);
    process.stdout.write(`${name}: ${wanted.size} files, ${stale.length} written\n`);
  }
}
process.exit(wrong === 0 ? 0 : 1);
