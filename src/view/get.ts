// The text of `get rollout` and `get experiment`: header, blank line, tree (cli.md 3).
import type { Experiment } from '../api/experiment.ts';
import { HASH_LABEL } from '../api/names.ts';
import type { Rollout } from '../api/rollout.ts';
import { currentSetWeight } from '../core/rollout/weights.ts';
import type { Instant } from '../lib/time.ts';
import { type Family, ownedBy } from './family.ts';
import { type Icon, type Paint, rolloutIcon, runIcon } from './icons.ts';
import { experimentImages, type Image, rolloutImages } from './images.ts';
import { shownPhase } from './phase.ts';
import { experimentTree, type Row, rolloutTree } from './tree.ts';
import { actualWeightOf } from './weights.ts';

export interface ViewOptions {
  readonly family: Family;
  readonly now: Instant;
  readonly paint: Paint;
}

const LABEL_WIDTH = 17;

function line(label: string, value: string): string {
  return `${label.padEnd(LABEL_WIDTH)}${value}`;
}

function statusLine({ text, colour }: Icon, phase: string, paint: Paint): string {
  return line('Status:', `${paint(text, colour)} ${phase}`);
}

function imageLines(images: readonly Image[], paint: Paint): readonly string[] {
  return images.map(({ image, tags }, index) => {
    const list = tags.map(({ text, colour }) => paint(text, colour)).join(', ');
    return line(index === 0 ? 'Images:' : '', tags.length === 0 ? image : `${image} (${list})`);
  });
}

/** The whole text, with a newline at its end. */
export function rolloutText(rollout: Rollout, options: ViewOptions): string {
  const { metadata } = rollout;
  const { paint, family } = options;
  const { phase, message } = shownPhase(rollout);
  const header = [
    line('Name:', metadata.name),
    line('Namespace:', metadata.namespace ?? ''),
    statusLine(rolloutIcon(phase), phase, paint),
    ...(message === '' ? [] : [line('Message:', message)]),
    ...strategyLines(rollout, family),
    ...imageLines(rolloutImages(rollout, family), paint),
    ...replicaLines(rollout),
  ];
  return joined(header, rolloutTree(rollout, options), paint);
}

function strategyLines(rollout: Rollout, family: Family): readonly string[] {
  const { canary, blueGreen } = rollout.spec.strategy ?? {};
  if (canary === undefined) return [line('Strategy:', blueGreen === undefined ? '' : 'BlueGreen')];
  const count = (canary.steps ?? []).length;
  const index = rollout.status?.currentStepIndex;
  const step = index === undefined || count === 0 ? '' : `${index}/${count}`;
  const hash = rollout.status?.currentPodHash ?? '';
  const canarySet =
    hash === rollout.status?.stableRS
      ? undefined
      : ownedBy(family.replicaSets, rollout).find(
          (set) => set.metadata.labels?.[HASH_LABEL] === hash,
        );
  return [
    line('Strategy:', 'Canary'),
    line('  Step:', step),
    line('  SetWeight:', String(currentSetWeight(rollout))),
    line('  ActualWeight:', String(actualWeightOf(rollout, canarySet))),
  ];
}

function replicaLines({ spec, status }: Rollout): readonly string[] {
  return [
    'Replicas:',
    line('  Desired:', String(spec.replicas ?? 1)),
    line('  Current:', String(status?.replicas ?? 0)),
    line('  Updated:', String(status?.updatedReplicas ?? 0)),
    line('  Ready:', String(status?.readyReplicas ?? 0)),
    line('  Available:', String(status?.availableReplicas ?? 0)),
  ];
}

export function experimentText(experiment: Experiment, options: ViewOptions): string {
  const { metadata, status } = experiment;
  const { paint, family } = options;
  const phase = status?.phase ?? '';
  const message = status?.message ?? '';
  const header = [
    line('Name:', metadata.name),
    line('Namespace:', metadata.namespace ?? ''),
    statusLine(runIcon(phase), phase, paint),
    ...(message === '' ? [] : [line('Message:', message)]),
    ...imageLines(experimentImages(experiment, family), paint),
  ];
  return joined(header, experimentTree(experiment, options), paint);
}

function joined(header: readonly string[], tree: Row, paint: Paint): string {
  return `${[...header, '', ...tableLines(tree, paint)].join('\n')}\n`;
}

/** A cell: what is seen, and how wide that is without colours. */
interface Cell {
  readonly text: string;
  readonly width: number;
}

function cell(bare: string, text: string = bare): Cell {
  return { text, width: [...bare].length };
}

type Cells = readonly [name: Cell, kind: Cell, status: Cell, age: Cell, info: Cell];

const HEAD: Cells = [cell('NAME'), cell('KIND'), cell('STATUS'), cell('AGE'), cell('INFO')];
const GAP = 2;

function tableLines(tree: Row, paint: Paint): readonly string[] {
  const rows: readonly Cells[] = [HEAD, ...cellsOf(tree, paint, { own: '', below: '' })];
  const widths = [0, 1, 2, 3].map((column) =>
    Math.max(...rows.map((row) => row[column]?.width ?? 0)),
  );
  return rows.map((row) =>
    row
      .map(({ text, width }, column) => {
        const wanted = widths[column];
        return wanted === undefined ? text : text + ' '.repeat(wanted - width + GAP);
      })
      .join(''),
  );
}

/** What stands before a row, and before what is below it. */
interface Indent {
  readonly own: string;
  readonly below: string;
}

function cellsOf(row: Row, paint: Paint, indent: Indent): readonly Cells[] {
  const last = row.children.length - 1;
  return [
    rowCells(row, paint, indent.own),
    ...row.children.flatMap((child, index) => {
      const isLast = index === last;
      return cellsOf(child, paint, {
        own: `${indent.below}${isLast ? '\u2514' : '\u251C'}\u2500\u2500`,
        below: `${indent.below}${isLast ? '   ' : '\u2502  '}`,
      });
    }),
  ];
}

function rowCells(
  { sign, name, nameColours, icon, ...row }: Row,
  paint: Paint,
  own: string,
): Cells {
  const painted = nameColours.reduce((text, colour) => paint(text, colour), name);
  const info = row.info.map((pieces) => pieces.map((one) => paint(one.text, one.colour)).join(''));
  const bareIcon = icon?.text ?? '';
  const shownIcon = icon === undefined ? '' : paint(icon.text, icon.colour);
  return [
    cell(`${own}${sign} ${name}`, `${own}${sign} ${painted}`),
    cell(row.kind),
    cell(`${bareIcon} ${row.status}`, `${shownIcon} ${row.status}`),
    cell(row.age),
    cell('', info.join(',')),
  ];
}
