// Compares a transcript that `slipway demo --record FILE` wrote with the document: `check-record.ts FILE`.
import { readFileSync } from 'node:fs';
import { comparableLines, documentLines, withoutOwn } from './transcript.ts';

const [file = ''] = process.argv.slice(2);
const document = new URL('../../examples/seed-transcript.txt', import.meta.url);
const wanted = documentLines(readFileSync(document, 'utf8'));
const found = withoutOwn(comparableLines(readFileSync(file, 'utf8')));
const at = wanted.findIndex((line, index) => line !== found[index]);
const isSame = at < 0 && wanted.length === found.length;
if (!isSame) {
  const index = at < 0 ? wanted.length : at;
  process.stdout.write(`the document: ${wanted[index] ?? '(its end)'}\n`);
  process.stdout.write(`recorded:     ${found[index] ?? '(its end)'}\n`);
}
process.stdout.write(isSame ? '1 passed, 0 failed\n' : '0 passed, 1 failed\n');
process.exit(isSame ? 0 : 1);
