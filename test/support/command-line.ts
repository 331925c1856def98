// Our own command line in this process, connected to a test's cluster.
import { rootCommand } from '../../src/cli/root.ts';
import type { Context, Values } from '../../src/cli/command.ts';
import { runCommandLine } from '../../src/cli/dispatch.ts';
import { sessionOver } from '../../src/cli/session.ts';
import { cancellation } from '../../src/lib/clock.ts';
import type { Clock, Transport } from '../../src/lib/ports.ts';
import { systemFiles } from '../../src/host/files.ts';
import { systemProcesses } from '../../src/host/processes.ts';
import type { Sandbox } from '../../src/sandbox/sandbox.ts';

export interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** A command that may still be running. */
export interface Running {
  /** What it has printed so far. */
  readonly out: string;
  readonly err: string;
  /** The first Ctrl-C. */
  interrupt(): void;
  readonly ended: Promise<Ran>;
}

/** What a command talks to. */
interface Asked {
  readonly sandbox: Pick<Sandbox, 'api'>;
  readonly clock: Clock;
}

export interface PluginOptions {
  readonly program?: 'kubectl-argo-rollouts' | 'slipway';
  /** The value of TERM; `dumb` if absent. */
  readonly term?: string;
  /** What answers in the place of the sandbox. */
  readonly transport?: Transport;
}

/** Starts `kubectl argo rollouts WORDS` against the cluster. */
export function startPlugin(
  { sandbox, clock }: Asked,
  namespace: string,
  words: readonly string[],
  { program = 'kubectl-argo-rollouts', term = 'dumb', transport }: PluginOptions = {},
): Running {
  const printed = { out: '', err: '' };
  const root = rootCommand(program);
  const stop = cancellation();
  const contextWith = (flags: Values): Context => ({
    flags,
    clock,
    cancel: stop.cancel,
    files: systemFiles,
    processes: systemProcesses,
    root: root.name,
    program: {
      node: process.execPath,
      script: '',
      runtime: 'v24.0.0',
      platform: 'linux/amd64',
    },
    withFlags: contextWith,
    env: (name) => (name === 'TERM' ? term : undefined),
    terminal: {
      out: (text) => {
        printed.out += text;
      },
      err: (text) => {
        printed.err += text;
      },
      isTty: false,
      columns: 80,
    },
    connect: () =>
      Promise.resolve(
        sessionOver({
          transport: transport ?? sandbox.api,
          clock,
          namespace: flags.has('namespace') ? flags.text('namespace') : namespace,
          server: 'https://sandbox',
          userAgent: 'test',
        }),
      ),
  });
  const ended = runCommandLine(root, words, contextWith).then((code) => ({ code, ...printed }));
  return {
    get out() {
      return printed.out;
    },
    get err() {
      return printed.err;
    },
    interrupt: () => stop.now(),
    ended,
  };
}

/** Runs a command that ends without time passing. */
export function runPlugin(
  cluster: Asked,
  namespace: string,
  words: readonly string[],
  options: PluginOptions = {},
): Promise<Ran> {
  return startPlugin(cluster, namespace, words, options).ended;
}
