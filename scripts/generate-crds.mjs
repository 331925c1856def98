// Writes crds/*.yaml from src/api/crds.ts; `--check` compares instead and ends with 1 when a file is not up to date.
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { crds } from '../src/api/crds.ts';
import { toYaml } from '../src/lib/yaml.ts';

const folder = new URL('../crds/', import.meta.url);
const isCheck = process.argv.includes('--check');
mkdirSync(folder, { recursive: true });

const wanted = new Map(crds().map((crd) => [`${crd.metadata.name}.yaml`, toYaml(crd)]));
const stale = [...wanted].filter(([name, text]) => {
  const file = new URL(name, folder);
  return !existsSync(file) || readFileSync(file, 'utf8') !== text;
});
const extra = readdirSync(folder).filter((name) => !wanted.has(name));

if (isCheck) {
  for (const [name] of stale)
    process.stdout.write(`crds/${name} is not up to date; run \`npm run generate\`\n`);
  for (const name of extra) process.stdout.write(`crds/${name} belongs to no kind; remove it\n`);
  process.exit(stale.length + extra.length === 0 ? 0 : 1);
}
for (const [name, text] of stale) writeFileSync(new URL(name, folder), text);
process.stdout.write(`${wanted.size} files, ${stale.length} written\n`);
