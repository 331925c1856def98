// How much the API server may be asked: the budgets that follow from the flags (`budget-flags.ts`; operations.md 1).
import { Budget } from '../kube/budget.ts';
import type { Clock } from '../lib/ports.ts';
import { BURST, QPS } from './budget-flags.ts';
import { CommandError, type Context } from './command.ts';

/** The reference has as many clients, each with a limit of its own: all of its kinds are one to us. */
const GROUPS = 3;
/** How many times as dear telling is while there is more work than can be done at once. */
const DEAR = 20;

export interface Budgets {
  /** For everything but Events, watches and the Lease. */
  readonly work: Budget;
  /**
   * Awaited before each Event: on a budget of its own, with what work leaves, and slower while work is crowded or
   * `isBehind` with its beginning.
   */
  readonly tell: (cancel: Parameters<Budget['take']>[0], isBehind: boolean) => Promise<void>;
}

export function budgetsOf({
  flags,
  clock,
}: Pick<Context, 'flags'> & { readonly clock: Clock }): Budgets {
  const perSecond = positive(flags, QPS);
  const burst = positive(flags, BURST);
  const work = new Budget({ clock, perSecond: GROUPS * perSecond, burst: GROUPS * burst });
  const telling = new Budget({ clock, perSecond, burst });
  const tell: Budgets['tell'] = async (cancel, isBehind) => {
    if (!isBehind && work.takeSpare()) return;
    await telling.take(cancel, isBehind || work.isCrowded ? DEAR : 1);
  };
  return { work, tell };
}

function positive(flags: Context['flags'], name: string): number {
  const value = flags.int(name);
  if (value > 0) return value;
  throw new CommandError(`--${name} ${value}: it is 1 or more requests`);
}
