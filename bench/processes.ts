// Whole processes, timed from outside.
import { spawn, spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { median } from './figure.ts';

export const PROGRAM = fileURLToPath(new URL('../dist/bin/', import.meta.url));

type Environment = Readonly<Record<string, string>>;

export interface Command {
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: Environment;
}

function timed({ command, args, env = {} }: Command): number {
  const started = performance.now();
  const { status, error, stderr } = spawnSync(command, args, {
    env: { ...process.env, ...env },
    encoding: 'utf8',
  });
  const took = performance.now() - started;
  if (status !== 0) throw new Error(`${command} ${args.join(' ')}: ${error?.message ?? stderr}`);
  return took;
}

/** Median wall time of each command in milliseconds; the commands take turns, so that all meet the same machine. */
export function medianTimes<const Name extends string>(
  commands: Readonly<Record<Name, Command>>,
  rounds = 15,
): Readonly<Record<Name, number>> {
  const names = Object.keys(commands) as Name[];
  const times = Object.fromEntries(names.map((name) => [name, [] as number[]])) as Record<
    Name,
    number[]
  >;
  for (const name of names) timed(commands[name]);
  for (let round = 0; round < rounds; round += 1) {
    for (const name of names) times[name].push(timed(commands[name]));
  }
  return Object.fromEntries(names.map((name) => [name, median(times[name])])) as Record<
    Name,
    number
  >;
}

export interface RunningSandbox {
  readonly pid: number;
  /** From the start of the process to its word that it is ready. */
  readonly readyMs: number;
  readonly kubeconfig: string;
  /** Folder with the programs that `kubectl argo rollouts` needs on PATH. */
  readonly programs: string;
  stop(): Promise<void>;
}

const PATIENCE_MS = 30_000;

/** Starts the built `slipway sandbox` as its user would. */
export async function startSandbox(args: readonly string[] = []): Promise<RunningSandbox> {
  const started = performance.now();
  const child = spawn(process.execPath, [`${PROGRAM}slipway`, 'sandbox', ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exited = new Promise<void>((resolve) => child.on('exit', () => resolve()));
  const stop = async (): Promise<void> => {
    child.kill('SIGINT');
    await exited;
  };
  let text = '';
  const ready = new Promise<void>((resolve, reject) => {
    const timer = setTimeout(
      () => reject(new Error(`the sandbox did not start: ${text}`)),
      PATIENCE_MS,
    );
    child.stdout.on('data', (chunk: Buffer) => {
      text += chunk.toString();
      if (!/KUBECONFIG=\S+/.test(text) || !/PATH=\S+/.test(text)) return;
      clearTimeout(timer);
      resolve();
    });
    child.on('exit', () => reject(new Error(`the sandbox ended: ${text}`)));
  });
  try {
    await ready;
  } catch (error) {
    child.kill('SIGKILL');
    throw error;
  }
  const found = (pattern: RegExp): string => pattern.exec(text)?.[1]?.replaceAll('"', '') ?? '';
  return {
    pid: child.pid ?? 0,
    readyMs: performance.now() - started,
    kubeconfig: found(/KUBECONFIG=(\S+)/),
    programs: found(/PATH=(\S+?):/),
    stop,
  };
}
