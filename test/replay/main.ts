// `npm run traces -- DIR`: replays every trace of a folder on the virtual clock and compares it.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { differences } from './compare.ts';
import { play } from './play.ts';
import { withRules } from './rules.ts';
import type { Trace } from './trace.ts';

const folder = process.argv[2];
if (folder === undefined) {
  process.stderr.write('usage: npm run traces -- DIR [NAME]\n');
  process.exit(1);
}
const only = process.argv[3];
const names = readdirSync(folder)
  .filter((name) => name.endsWith('.json') && !name.endsWith('.objects.json'))
  .filter((name) => only === undefined || name.includes(only))
  .toSorted();

let passed = 0;
let failed = 0;
for (const file of names) {
  const trace = JSON.parse(readFileSync(join(folder, file), 'utf8')) as Trace;
  const found = await differencesOf(trace);
  if (found.length === 0) passed += 1;
  else failed += 1;
  const word = found.length === 0 ? 'ok    ' : 'FAILED';
  process.stdout.write(`${word} ${trace.name}\n`);
  for (const one of found) process.stdout.write(`       ${one}\n`);
}
process.stdout.write(`${passed} passed, ${failed} failed\n`);
process.exit(failed === 0 ? 0 : 1);

async function differencesOf(trace: Trace): Promise<readonly string[]> {
  try {
    return differences(withRules(trace), await play(trace));
  } catch (error) {
    return [error instanceof Error ? error.message : String(error)];
  }
}
