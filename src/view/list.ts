// The tables of `list rollouts` and `list experiments` (cli.md 7).
import type { Experiment } from '../api/experiment.ts';
import type { Rollout } from '../api/rollout.ts';
import { currentSetWeight } from '../core/rollout/weights.ts';
import { isCompleted } from '../core/analysis/assess.ts';
import {
  between,
  formatInstant,
  humanDuration,
  type Instant,
  later,
  parseDuration,
  parseInstant,
} from '../lib/time.ts';
import { shownPhase } from './phase.ts';

interface Column<T> {
  readonly title: string;
  readonly width: number;
  readonly value: (object: T) => string;
}

export interface ListOptions {
  readonly now: Instant;
  readonly allNamespaces: boolean;
  readonly timestamps: boolean;
}

function canaryOnly(rollout: Rollout, value: string): string {
  return rollout.spec.strategy?.canary === undefined ? '-' : value;
}

function stepOf(rollout: Rollout): string {
  const count = (rollout.spec.strategy?.canary?.steps ?? []).length;
  const index = rollout.status?.currentStepIndex;
  return index === undefined || count === 0 ? '-' : canaryOnly(rollout, `${index}/${count}`);
}

function strategyOf({ spec }: Rollout): string {
  if (spec.strategy?.canary !== undefined) return 'Canary';
  return spec.strategy?.blueGreen === undefined ? 'unknown' : 'BlueGreen';
}

function rolloutColumns({
  now,
  allNamespaces,
  timestamps,
}: ListOptions): readonly Column<Rollout>[] {
  const count = (value: number | undefined) => String(value ?? 0);
  return [
    ...(timestamps ? [{ title: 'TIMESTAMP', width: 20, value: () => formatInstant(now) }] : []),
    ...(allNamespaces ? [namespaceColumn()] : []),
    { title: 'NAME', width: 10, value: ({ metadata }) => metadata.name },
    { title: 'STRATEGY', width: 9, value: strategyOf },
    { title: 'STATUS', width: 12, value: (rollout) => shownPhase(rollout).phase },
    { title: 'STEP', width: 4, value: stepOf },
    {
      title: 'SET-WEIGHT',
      width: 10,
      value: (rollout) => canaryOnly(rollout, String(currentSetWeight(rollout))),
    },
    {
      title: 'READY',
      width: 5,
      value: ({ status }) => `${count(status?.readyReplicas)}/${count(status?.replicas)}`,
    },
    { title: 'DESIRED', width: 7, value: ({ spec }) => String(spec.replicas ?? 1) },
    { title: 'UP-TO-DATE', width: 10, value: ({ status }) => count(status?.updatedReplicas) },
    { title: 'AVAILABLE', width: 9, value: ({ status }) => count(status?.availableReplicas) },
  ];
}

function namespaceColumn() {
  return {
    title: 'NAMESPACE',
    width: 9,
    value: ({ metadata }: Rollout | Experiment) => metadata.namespace ?? '',
  };
}

/** Two blanks between columns, each as wide as its widest cell. The title of the last one is not padded. */
function table<T>(columns: readonly Column<T>[], objects: readonly T[], withHead: boolean): string {
  const rows = objects.map((object) => columns.map(({ value }) => value(object)));
  const head = columns.map(({ title }) => title);
  const widths = columns.map(({ title, width }, index) => {
    const cells = rows.map((row) => row[index]?.length ?? 0);
    return Math.max(width, withHead ? title.length : 0, ...cells);
  });
  const padded = (row: readonly string[]) =>
    row.map((cell, index) => cell.padEnd(widths[index] ?? 0));
  const lines = rows.map((row) => padded(row).join('  '));
  const all = withHead ? [padded(head).join('  ').trimEnd(), ...lines] : lines;
  return all.map((line) => `${line}\n`).join('');
}

export function rolloutList(rollouts: readonly Rollout[], options: ListOptions): string {
  return table(rolloutColumns(options), rollouts, true);
}

/** Rows alone, as a watch goes on with them. */
export function rolloutRows(rollouts: readonly Rollout[], options: ListOptions): string {
  return table(rolloutColumns(options), rollouts, false);
}

function durationOf({ spec }: Experiment): string {
  const duration = parseDuration(spec.duration ?? '');
  return duration.ok && (spec.duration ?? '') !== '' ? humanDuration(duration.duration) : '-';
}

function remainingOf({ spec, status }: Experiment, now: Instant): string {
  const duration = parseDuration(spec.duration ?? '');
  const from = parseInstant(status?.availableAt ?? '');
  if (!duration.ok || from === undefined || isCompleted(status?.phase)) return '-';
  const end = later(from, duration.duration);
  return end > now ? humanDuration(between(now, end)) : '-';
}

export function experimentList(
  experiments: readonly Experiment[],
  { now, allNamespaces }: ListOptions,
): string {
  const columns: readonly Column<Experiment>[] = [
    ...(allNamespaces ? [namespaceColumn()] : []),
    { title: 'NAME', width: 10, value: ({ metadata }) => metadata.name },
    { title: 'STATUS', width: 6, value: ({ status }) => status?.phase ?? '' },
    { title: 'DURATION', width: 8, value: durationOf },
    { title: 'REMAINING', width: 9, value: (experiment) => remainingOf(experiment, now) },
    {
      title: 'AGE',
      width: 3,
      value: ({ metadata }) => {
        const at = parseInstant(metadata.creationTimestamp ?? '');
        return at === undefined ? '' : humanDuration(between(at, now));
      },
    },
  ];
  return table(columns, experiments, true);
}
