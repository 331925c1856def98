// `npm run vectors -- DIR`: runs every vectors file of a folder and prints each case that failed. A file's format
// is known by its name; a kind that is not built yet counts as failed and is named.
import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { CaseResult } from './result.ts';

// Each runner reads the format of its own file; JSON is what comes from outside.
type Run = (file: never) => Promise<readonly CaseResult[]> | readonly CaseResult[];

const RUNNERS: Readonly<Record<string, () => Promise<{ readonly run: Run }>>> = {
  'analysis-assess.json': () => import('./analysis-assess.ts'),
  'args.json': () => import('./args.ts'),
  'canary-replicas.json': () => import('./canary-replicas.ts'),
  'conditions.json': () => import('./conditions.ts'),
  'istio.json': () => import('./istio.ts'),
  'promql.json': () => import('./promql.ts'),
  'pod-template-hash.json': () => import('./pod-template-hash.ts'),
  'validation.json': () => import('./validation.ts'),
};

/** Files that hold data and no cases. */
const DATA: ReadonlySet<string> = new Set(['pod-template-field-order.json']);

async function runFile(path: string): Promise<readonly CaseResult[]> {
  const load = RUNNERS[basename(path)];
  if (load === undefined) {
    return [{ name: basename(path), ok: false, detail: 'this kind of vectors is not built yet' }];
  }
  const { run } = await load();
  return run(JSON.parse(readFileSync(path, 'utf8')) as never);
}

const folder = process.argv[2];
if (folder === undefined) {
  process.stderr.write('usage: npm run vectors -- DIR\n');
  process.exit(1);
}

let passed = 0;
let failed = 0;
for (const name of readdirSync(folder).toSorted()) {
  if (!name.endsWith('.json') || DATA.has(name)) continue;
  const results = await runFile(join(folder, name));
  const wrong = results.filter((result) => !result.ok);
  for (const result of wrong)
    process.stdout.write(`${name}: ${result.name}: ${result.detail ?? ''}\n`);
  process.stdout.write(
    `${name}: ${results.length - wrong.length} passed, ${wrong.length} failed\n`,
  );
  passed += results.length - wrong.length;
  failed += wrong.length;
}
process.stdout.write(`${passed} passed, ${failed} failed\n`);
process.exit(failed === 0 ? 0 : 1);
