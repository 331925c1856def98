// How much the API server may be asked: the budgets that follow from the flags (`budget-flags.ts`; operations.md 1).
import { Budget } from '../kube/budget.ts';
import type { Cancel, Clock, Instant } from '../lib/ports.ts';
import { later, seconds } from '../lib/time.ts';
import { BURST, QPS } from './budget-flags.ts';
import { CommandError, type Context } from './command.ts';

/** The reference has as many clients, each with a limit of its own: all of its kinds are one to us. */
const GROUPS = 3;
/** How many times as dear telling is while there is more work than can be done at once. */
const DEAR = 20;
/** For longer than this what happened is not held back by work. */
const PATIENCE = seconds(180);

export interface Budgets {
  /** For everything but Events, watches and the Lease. */
  readonly work: Budget;
  /**
   * Awaited before each Event: on a budget of its own, with what work leaves, and slower while work is crowded or there are
   * many updates, unless it happened, at `since`, so long ago that it should be told at last.
   */
  readonly tell: (cancel: Cancel, since: Instant, hasManyUpdates: boolean) => Promise<void>;
}

export function budgetsOf({
  flags,
  clock,
}: Pick<Context, 'flags'> & { readonly clock: Clock }): Budgets {
  const perSecond = positive(flags, QPS);
  const burst = positive(flags, BURST);
  const work = new Budget({ clock, perSecond: GROUPS * perSecond, burst: GROUPS * burst });
  const telling = new Budget({ clock, perSecond, burst });
  const tell: Budgets['tell'] = async (cancel, since, hasManyUpdates) => {
    if (!hasManyUpdates && work.takeSpare()) return;
    const isHeld = (hasManyUpdates || work.isCrowded) && later(since, PATIENCE) > clock.now();
    await telling.take(cancel, isHeld ? DEAR : 1);
  };
  return { work, tell };
}

function positive(flags: Context['flags'], name: string): number {
  const value = flags.int(name);
  if (value > 0) return value;
  throw new CommandError(`--${name} ${value}: it is 1 or more requests`);
}
