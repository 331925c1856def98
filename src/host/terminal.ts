// Standard output and error of the process, and its signals.
import type { Stop, Terminal } from '../lib/ports.ts';

const DEFAULT_COLUMNS = 80;

export const systemTerminal: Terminal = {
  out: (text) => {
    process.stdout.write(text);
  },
  err: (text) => {
    process.stderr.write(text);
  },
  get isTty() {
    return process.stdout.isTTY;
  },
  get columns() {
    return process.stdout.columns || DEFAULT_COLUMNS;
  },
};

/** Calls `run` at the first SIGINT or SIGTERM; a second one ends the process at once. */
export function onStopSignal(run: () => void): Stop {
  let isAsked = false;
  const ask = (): void => {
    if (isAsked) process.exit(130);
    isAsked = true;
    run();
  };
  process.on('SIGINT', ask);
  process.on('SIGTERM', ask);
  return () => {
    process.off('SIGINT', ask);
    process.off('SIGTERM', ask);
  };
}
