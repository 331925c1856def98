// The condition that says on an object what the mesh does not make of it. Objects without troubles get none, so that
// nobody's watch sees writes that say nothing.
import type { Condition } from '../../api/kubernetes.ts';
import type { Instant } from '../../lib/ports.ts';
import { formatInstant } from '../../lib/time.ts';
import type { Problem, ProblemReason } from './reading.ts';

export const CONDITION = 'FullyApplied';

/** The gravest first. */
const GRAVITY: readonly ProblemReason[] = [
  'HostTaken',
  'ReferenceNotFound',
  'ReferenceNotPermitted',
  'FieldInvalid',
  'FieldNotSupported',
];
/** More would not be read. */
const TOLD = 8;

export interface Verdict {
  readonly status: 'True' | 'False';
  readonly reason: string;
  readonly message: string;
}

export function verdictOf(problems: readonly Problem[]): Verdict {
  const sorted = problems.toSorted((a, b) => GRAVITY.indexOf(a.reason) - GRAVITY.indexOf(b.reason));
  const [first] = sorted;
  if (first === undefined) return { status: 'True', reason: 'Applied', message: '' };
  const told = [...new Set(sorted.map(({ path, message }) => `${path}: ${message}`))];
  const more = told.length > TOLD ? `; and ${told.length - TOLD} more` : '';
  return {
    status: 'False',
    reason: first.reason,
    message: told.slice(0, TOLD).join('; ') + more,
  };
}

/** All conditions with the verdict among them; undefined: they say so already. */
export function conditionsWith(
  before: readonly Condition[],
  verdict: Verdict,
  now: Instant,
): readonly Condition[] | undefined {
  const own = before.find(({ type }) => type === CONDITION);
  const isQuiet = own === undefined && verdict.status === 'True';
  if (isQuiet || (own !== undefined && isSaid(own, verdict))) return undefined;
  const lastTransitionTime =
    own?.status === verdict.status && own.lastTransitionTime !== undefined
      ? own.lastTransitionTime
      : formatInstant(now);
  const others = before.filter(({ type }) => type !== CONDITION);
  return [...others, { type: CONDITION, ...verdict, lastTransitionTime }];
}

function isSaid(condition: Condition, verdict: Verdict): boolean {
  return (
    condition.status === verdict.status &&
    condition.reason === verdict.reason &&
    (condition.message ?? '') === verdict.message
  );
}
