// Our own command line in this process, connected to a test's cluster.
import { type ProgramName, rootCommand } from '../../src/cli/root.ts';
import { runCommandLine } from '../../src/cli/dispatch.ts';
import { cancellation } from '../../src/lib/clock.ts';
import { instant, parseHttpDate } from '../../src/lib/time.ts';
import { systemFiles } from '../../src/host/files.ts';
import { systemProcesses } from '../../src/host/processes.ts';
import type { Cluster } from './cluster.ts';

export interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** Runs `kubectl argo rollouts WORDS` against the cluster. */
export async function runPlugin(
  { client, clock }: Pick<Cluster, 'client' | 'clock'>,
  namespace: string,
  words: readonly string[],
  program: ProgramName = 'kubectl-argo-rollouts',
): Promise<Ran> {
  let out = '';
  let err = '';
  const root = rootCommand(program);
  const { cancel } = cancellation();
  const code = await runCommandLine(root, words, (flags) => ({
    flags,
    clock,
    cancel,
    files: systemFiles,
    processes: systemProcesses,
    root: root.name,
    program: { node: process.execPath, script: '' },
    env: (name) => (name === 'TERM' ? 'dumb' : undefined),
    terminal: {
      out: (text) => {
        out += text;
      },
      err: (text) => {
        err += text;
      },
      isTty: false,
      columns: 80,
    },
    connect: () =>
      Promise.resolve({
        client,
        namespace,
        server: 'sandbox',
        headers: () => Promise.resolve({}),
        serverNow: async () => {
          const { headers } = await client.raw('GET', '/version');
          return parseHttpDate(headers['date'] ?? '') ?? instant(clock.now());
        },
      }),
  }));
  return { code, out, err };
}
