// `npm run bench [-- --record] [-- NAME ...]`: measures, prints, and with --record keeps the figures in
// docs/benchmarks.md. Ends with `N passed, N failed`: figures with a goal that is met or missed, and measurements that
// broke.
import { readFileSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { DECIDE } from './decide.ts';
import { type Figure, isMet, type Measurement, rounded } from './figure.ts';
import { FLEET } from './fleet.ts';
import { GROWTH } from './growth.ts';
import { MATRIX } from './matrix.ts';
import { MESH } from './mesh.ts';
import { REQUESTS } from './requests.ts';
import { SANDBOX } from './sandbox.ts';
import { START } from './start.ts';
import { STORY } from './story.ts';

const MEASUREMENTS: readonly Measurement[] = [
  DECIDE,
  START,
  SANDBOX,
  STORY,
  MATRIX,
  MESH,
  REQUESTS,
  FLEET,
  GROWTH,
];
const PAGE = new URL('../docs/benchmarks.md', import.meta.url);
const MARKS = { begin: '<!-- figures: begin -->', end: '<!-- figures: end -->' } as const;

interface Measured {
  readonly measurement: Measurement;
  readonly figures: readonly Figure[];
  readonly problem?: string;
}

async function measured(measurement: Measurement): Promise<Measured> {
  try {
    return { measurement, figures: await measurement.measure() };
  } catch (error) {
    const problem = error instanceof Error ? error.message : String(error);
    return { measurement, figures: [], problem };
  }
}

function goalOf({ atMost, atLeast, unit }: Figure): string {
  if (atMost !== undefined) return `≤ ${rounded(atMost)} ${unit}`.trim();
  if (atLeast !== undefined) return `≥ ${rounded(atLeast)} ${unit}`.trim();
  return '';
}

function hasGoal({ atMost, atLeast }: Figure): boolean {
  return atMost !== undefined || atLeast !== undefined;
}

function rowOf(figure: Figure): string {
  const { name, value, unit, against } = figure;
  const goal = goalOf(figure) + (hasGoal(figure) && !isMet(figure) ? ' (missed)' : '');
  const ratio = against === undefined ? '' : `${rounded(against.ratio)} × ${against.what}`;
  return `| ${name} | ${`${rounded(value)} ${unit}`.trim()} | ${goal} | ${ratio} |`;
}

function sectionOf({ measurement, figures, problem }: Measured): string {
  const table = [
    '| figure | value | goal | against, in the same run |',
    '|---|---|---|---|',
    ...figures.map(rowOf),
  ].join('\n');
  const body = problem === undefined ? table : `not measured: ${problem}`;
  return `## ${measurement.name}\n\n${measurement.how}\n\n${body}\n`;
}

/** Replaces the sections of what was measured; those of other measurements stay as they are. */
function record(all: readonly Measured[]): void {
  const page = readFileSync(PAGE, 'utf8');
  const [before, rest = ''] = page.split(MARKS.begin);
  const [old = '', after = ''] = rest.split(MARKS.end);
  const kept = new Map(
    old
      .split(/^(?=## )/m)
      .filter((section) => section.startsWith('## '))
      .map((section) => [/^## (.*)$/m.exec(section)?.[1] ?? '', section.trim()]),
  );
  for (const one of all) {
    if (one.problem === undefined) kept.set(one.measurement.name, sectionOf(one).trim());
  }
  const sections = MEASUREMENTS.flatMap(({ name }) => kept.get(name) ?? []);
  const figures = `${MARKS.begin}\n\n${sections.join('\n\n')}\n\n${MARKS.end}`;
  writeFileSync(PAGE, `${before}${figures}${after}`);
}

async function main(words: readonly string[]): Promise<number> {
  const names = words.filter((word) => !word.startsWith('-'));
  const unknown = names.find((name) => !MEASUREMENTS.some((one) => one.name === name));
  if (unknown !== undefined) {
    const known = MEASUREMENTS.map(({ name }) => name).join(', ');
    process.stderr.write(`there is no measurement ${unknown}: there are ${known}\n`);
    return 1;
  }
  process.stdout.write(`Node ${process.versions.node}, ${cpus().length} cores\n\n`);
  const all: Measured[] = [];
  for (const measurement of MEASUREMENTS) {
    if (names.length > 0 && !names.includes(measurement.name)) continue;
    const one = await measured(measurement);
    all.push(one);
    process.stdout.write(`${sectionOf(one)}\n`);
  }
  if (words.includes('--record')) record(all);
  const goals = all.flatMap(({ figures }) => figures).filter(hasGoal);
  const missed = goals.filter((figure) => !isMet(figure)).length;
  const broken = all.filter(({ problem }) => problem !== undefined).length;
  process.stdout.write(`${goals.length - missed} passed, ${missed + broken} failed\n`);
  return missed + broken === 0 ? 0 : 1;
}

process.exit(await main(process.argv.slice(2)));
