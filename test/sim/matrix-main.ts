// `npm run matrix [-- --seed=SEED] [NAME ...]`: plays the combinations of the matrix, all or those named, and says
// which are in order. Another seed is another matrix of the same pairs.
import { combinationNamed, matrixOf, nameOf, type Combination } from './matrix.ts';
import { played } from './matrix-sandbox.ts';

const words = process.argv.slice(2);
const seed = words.find((word) => word.startsWith('--seed='))?.slice('--seed='.length);
const names = words.filter((word) => !word.startsWith('--'));
const { rows, covered, possible, pairs } = matrixOf(seed);
const combinations =
  names.length > 0 ? names.map(combinationNamed) : (rows as unknown as readonly Combination[]);
let failed = 0;
for (const combination of combinations) {
  const name = nameOf(combination);
  const problems = await played(combination);
  if (problems.length === 0) {
    process.stdout.write(`ok     ${name}\n`);
    continue;
  }
  failed += 1;
  const lines = problems.map((problem) => `       ${problem}\n`).join('');
  process.stdout.write(`FAILED ${name}\n${lines}       again: npm run matrix -- '${name}'\n`);
}
process.stdout.write(
  `${combinations.length} combinations; all ${rows.length} cover ${covered} of ${possible} possible pairs ` +
    `(${pairs - possible} are refused)\n`,
);
process.stdout.write(`${combinations.length - failed} passed, ${failed} failed\n`);
process.exit(failed === 0 ? 0 : 1);
