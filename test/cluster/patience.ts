// What is played in real time goes wrong on a machine that is too slow for it: a moment of two seconds is over before it has
// been seen, or while it is read. So the machine is watched meanwhile, and what differs is played again if it was too slow,
// never otherwise.
// Entry point: `differencesInTime`.
import { MomentPassed } from '../replay/player.ts';
import { turn, watchMachine } from './machine-time.ts';

/** How long a play may take at most: it may have to be played thrice, and waits for its turn each time. */
export const LONGEST_MS = 900_000;

const TRIES = 3;
/**
 * The API server answers a small question within some milliseconds. The shortest moments last for 1.5 s after they are known
 * to be ones of rest, and four questions are asked of them, one after the other.
 */
const SLOW_MS = 300;

/** Plays until nothing differs; gives those of a play on a machine that was fast enough, or of the last one. */
export async function differencesInTime(
  name: string,
  play: () => Promise<readonly string[]>,
): Promise<readonly string[]> {
  for (let tries = 1; ; tries += 1) {
    await turn({ again: tries > 1 });
    const machine = watchMachine();
    const { found, isOver = false } = await failuresOf(play);
    const slowest = await machine.end();
    if (found.length === 0) return found;
    const patience = `the API server answered within ${slowest} ms`;
    const isSlow = isOver || slowest >= SLOW_MS;
    if (tries === TRIES || !isSlow) return [...found, patience];
    process.stderr.write(`${name}: played again, ${patience} only; ${found[0] ?? ''}\n`);
  }
}

interface Failures {
  readonly found: readonly string[];
  /** Whether a moment of rest was over before it had been read. */
  readonly isOver?: boolean;
}

/** What differs, or why it could not be played to its end. */
async function failuresOf(play: () => Promise<readonly string[]>): Promise<Failures> {
  try {
    return { found: await play() };
  } catch (error) {
    const found = [error instanceof Error ? error.message : String(error)];
    return { found, isOver: error instanceof MomentPassed };
  }
}
