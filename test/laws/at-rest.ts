// What must hold whenever a story has come to rest: nothing is left to do (law 3), and time changes the answer exactly
// when the decision says so (law 4).
import { expect } from 'vitest';
import type { Decision } from '../../src/core/decision.ts';
import { jsonEqual } from '../../src/lib/equal.ts';
import { instant, type Instant } from '../../src/lib/time.ts';
import { decideAt } from './decide-at.ts';
import type { Decided, Stand } from './stand/stand.ts';

/** What a decision at rest would still do. */
function unrest({ object, decision }: Decided): readonly unknown[] {
  const stored = (object as { readonly status?: unknown }).status ?? {};
  const isSame = jsonEqual(stored, decision.status);
  const { writes, events, asks, reasons, status } = decision;
  if (isSame && writes.length + events.length + asks.length === 0) return [];
  return [
    {
      object: `${object.kind} ${object.metadata.name}`,
      reasons: reasons.map(({ message }) => message),
      writes,
      events,
      asks,
      status: isSame ? 'as stored' : { stored, decided: status },
    },
  ];
}

export function checkSettled(stand: Stand): void {
  const left = stand.look().flatMap(unrest);
  if (left.length > 0) expect(left).toEqual([]);
}

/** What is done, not why. */
function answer({ status, writes, events, asks }: Decision<unknown>) {
  return { status, writes, events, asks };
}

const LATER_MS = [1, 999, 5000, 31_000, 601_000, 3_600_000, 30 * 86_400_000];

/** Moments at which the answer must still be that of now. */
function momentsBefore(now: Instant, end: Instant | undefined): readonly Instant[] {
  const last = end === undefined ? [] : [end - 1, end - 1000, (now + end) / 2];
  return [...LATER_MS.map((ms) => now + ms), ...last]
    .map((at) => instant(Math.floor(at)))
    .filter((at) => at > now && (end === undefined || at < end));
}

function checkTimeOf({ resource, world, now, decision, object }: Decided): void {
  const { requeueAt } = decision;
  const what = `${object.kind} ${object.metadata.name}`;
  const due = requeueAt === undefined ? 'never' : `after ${requeueAt - now} ms`;
  const expected = answer(decision);
  for (const at of momentsBefore(now, requeueAt)) {
    const actual = answer(decideAt(resource, world, at));
    const label = `${what}, ${at - now} ms after it came to rest (due ${due})`;
    if (!jsonEqual(actual, expected)) expect(actual, label).toEqual(expected);
  }
  if (requeueAt === undefined) return;
  expect(requeueAt, `${what}: the moment to look again is in the future`).toBeGreaterThan(now);
  const isSame = jsonEqual(answer(decideAt(resource, world, requeueAt)), expected);
  const why = decision.reasons.map(({ message }) => message).join('; ');
  expect(isSame, `${what} has the same answer at the moment it names, ${due} (${why})`).toBe(false);
}

export function checkTime(stand: Stand): void {
  for (const decided of stand.look()) checkTimeOf(decided);
}
