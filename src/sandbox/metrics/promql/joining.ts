// Operators between two vectors: which series of one side belongs to which of the other.
import { unreachable } from '../../../lib/assert.ts';
import {
  type Labels,
  labelValue,
  METRIC_NAME,
  onlyLabels,
  withLabel,
  withoutLabels,
  withoutName,
} from '../labels.ts';
import type { Binary, Matching } from './ast.ts';
import type { Budget } from './budget.ts';
import { elementResult } from './operators.ts';
import { QueryFailure } from './problems.ts';
import { labelsText } from './format.ts';
import { type Grid, type Row, type Sample, stepwise } from './rows.ts';
import { dropsName, isSetOperator, type SetOperator } from './tokens.ts';

/** A series at one step, with the labels by which it is matched. */
interface Side extends Sample {
  readonly group: string;
}

interface Member {
  readonly row: Row;
  readonly group: string;
}

type How = Pick<Binary, 'operator' | 'isBool' | 'matching'>;

/** Both sides' rows joined step by step. */
export function joined(
  how: How,
  { left, right }: { readonly left: readonly Row[]; readonly right: readonly Row[] },
  { grid, budget }: { readonly grid: Grid; readonly budget: Budget },
): readonly Row[] {
  const [lefts, rights] = [members(left, how.matching), members(right, how.matching)];
  const { operator } = how;
  const join = isSetOperator(operator) ? undefined : new Join(how);
  return stepwise(grid, (at) => {
    budget.work(left.length + right.length);
    const [a, b] = [sidesAt(lefts, at), sidesAt(rights, at)];
    if (join !== undefined) return join.samples(a, b);
    return isSetOperator(operator) ? setResult(operator, a, b) : [];
  });
}

function matchedLabels(labels: Labels, { isOn, labels: names }: Matching): Labels {
  return isOn ? onlyLabels(labels, names) : withoutLabels(labels, [METRIC_NAME, ...names]);
}

function members(rows: readonly Row[], matching: Matching): readonly Member[] {
  return rows.map((row) => ({ row, group: matchedLabels(row.labels, matching).key }));
}

function sidesAt(all: readonly Member[], at: number): readonly Side[] {
  const sides: Side[] = [];
  for (const { row, group } of all) {
    const value = row.values[at];
    if (value !== undefined) sides.push({ labels: row.labels, value, group });
  }
  return sides;
}

function setResult(
  operator: SetOperator,
  left: readonly Side[],
  right: readonly Side[],
): readonly Side[] {
  const groupsOf = (sides: readonly Side[]) => new Set(sides.map(({ group }) => group));
  switch (operator) {
    case 'and': {
      const groups = groupsOf(right);
      return left.filter(({ group }) => groups.has(group));
    }
    case 'unless': {
      const groups = groupsOf(right);
      return left.filter(({ group }) => !groups.has(group));
    }
    case 'or': {
      const groups = groupsOf(left);
      return [...left, ...right.filter(({ group }) => !groups.has(group))];
    }
    default:
      return unreachable(operator);
  }
}

/** One-to-one, many-to-one and one-to-many. The "one" side must be unique among those that match. */
class Join {
  readonly #how: How;
  /** Result labels by the keys of both sides; they are the same at every step. */
  readonly #labels = new Map<string, Map<string, Labels>>();

  constructor(how: How) {
    this.#how = how;
  }

  samples(left: readonly Side[], right: readonly Side[]): readonly Sample[] {
    if (left.length === 0 || right.length === 0) return [];
    const isManyRight = this.#how.matching.many === 'right';
    const [many, one] = isManyRight ? [right, left] : [left, right];
    const ones = this.#unique(one);
    const taken = new Map<string, Set<string>>();
    const samples: Sample[] = [];
    for (const side of many) {
      const other = ones.get(side.group);
      if (other === undefined) continue;
      const value = isManyRight
        ? this.#result(other.value, side.value)
        : this.#result(side.value, other.value);
      if (value === undefined) continue;
      const labels = this.#resultLabels(side.labels, other.labels);
      this.#take(taken, side.group, labels);
      samples.push({ labels, value });
    }
    return samples;
  }

  #result(left: number, right: number): number | undefined {
    const { operator, isBool } = this.#how;
    if (isSetOperator(operator)) return undefined;
    return elementResult({ operator, isBool }, left, right);
  }

  #unique(one: readonly Side[]): ReadonlyMap<string, Side> {
    const { matching } = this.#how;
    const ones = new Map<string, Side>();
    for (const side of one) {
      const known = ones.get(side.group);
      if (known !== undefined) {
        const where = matching.many === 'right' ? 'left' : 'right';
        const group = labelsText(matchedLabels(side.labels, matching));
        const both = `[${labelsText(side.labels)}, ${labelsText(known.labels)}]`;
        throw new QueryFailure(
          `found duplicate series for the match group ${group} on the ${where} hand-side of the operation: ${both};many-to-many matching not allowed: matching labels must be unique on one side`,
        );
      }
      ones.set(side.group, side);
    }
    return ones;
  }

  #take(taken: Map<string, Set<string>>, group: string, labels: Labels): void {
    const known = taken.get(group);
    if (known === undefined) {
      taken.set(group, new Set([labels.key]));
      return;
    }
    if (this.#how.matching.many === undefined) {
      throw new QueryFailure(
        'multiple matches for labels: many-to-one matching must be explicit (group_left/group_right)',
      );
    }
    if (known.has(labels.key)) {
      throw new QueryFailure(
        'multiple matches for labels: grouping labels must ensure unique matches',
      );
    }
    known.add(labels.key);
  }

  #resultLabels(many: Labels, one: Labels): Labels {
    const known = this.#labels.get(many.key) ?? new Map<string, Labels>();
    this.#labels.set(many.key, known);
    const labels = known.get(one.key) ?? resultLabels(this.#how, many, one);
    known.set(one.key, labels);
    return labels;
  }
}

function resultLabels({ operator, isBool, matching }: How, many: Labels, one: Labels): Labels {
  let labels = dropsName(operator) ? withoutName(many) : many;
  if (matching.many === undefined) {
    labels = matching.isOn
      ? onlyLabels(labels, matching.labels)
      : withoutLabels(labels, matching.labels);
  }
  for (const name of matching.include) labels = withLabel(labels, name, labelValue(one, name));
  // What was taken over from the other side may be a name again; only `bool` takes it away once more.
  return isBool ? withoutName(labels) : labels;
}
