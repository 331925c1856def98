// The runtime under this program: how it is set, and what it holds of the machine's memory.
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/**
 * For a process that lives long and does little at a time: a small heap for what is new, and no threads that collect and
 * compile beside ours, each of which keeps memory of its own.
 */
const LEAN = ['--max-semi-space-size=4', '--single-threaded'];
/** The allocator of C, too, keeps a part for each thread. */
const LEAN_ENVIRONMENT = { MALLOC_ARENA_MAX: '1' };

/**
 * Starts the same program with the same arguments anew, as this very process, on a runtime that takes less memory. Returns
 * where it is that already, and where the system has no way to do so.
 */
export function becomeLean(): void {
  const { execPath, execArgv, argv, env } = process;
  if (process.execve === undefined || LEAN.every((flag) => execArgv.includes(flag))) return;
  const args = [execPath, ...execArgv, ...LEAN, ...argv.slice(1)];
  process.execve(execPath, args, { ...LEAN_ENVIRONMENT, ...env });
}

/** Collects what is garbage, compiled code that nobody has run lately included, and gives free memory back. */
export function giveMemoryBack(): void {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as (options: object) => void;
  collect({ type: 'major', execution: 'sync', flavor: 'last-resort' });
}
