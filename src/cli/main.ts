// The programs `slipway` and `kubectl-argo-rollouts`: the machine is handed to the commands here, and nowhere else.
import { systemClock } from '../host/clock.ts';
import { systemFiles } from '../host/files.ts';
import { systemProcesses } from '../host/processes.ts';
import { onStopSignal, systemTerminal } from '../host/terminal.ts';
import { cancellation } from '../lib/clock.ts';
import type { Context } from './command.ts';
import { connect } from './connect.ts';
import { runCommandLine } from './dispatch.ts';
import { type ProgramName, rootCommand } from './root.ts';

/** kubectl starts its plugins by their file's name; our wrappers say it in the environment. */
function programName(): ProgramName {
  const name = process.env['SLIPWAY_NAME'] ?? process.argv[1] ?? '';
  return name.includes('argo-rollouts') ? 'kubectl-argo-rollouts' : 'slipway';
}

function words(): readonly string[] {
  const given = process.argv.slice(2);
  const isCompletion = (process.argv[1] ?? '').includes('kubectl_complete');
  return isCompletion ? ['__complete', ...given] : given;
}

async function main(): Promise<number> {
  const stop = cancellation();
  const root = rootCommand(programName());
  const env = (name: string) => process.env[name];
  const ports = { files: systemFiles, processes: systemProcesses, clock: systemClock, env };
  const makeContext = (flags: Context['flags']): Context => ({
    ...ports,
    terminal: systemTerminal,
    cancel: stop.cancel,
    root: root.name,
    flags,
    program: { node: process.execPath, script: process.argv[1] ?? '' },
    connect: () => connect(ports, flags, root.name),
  });
  const offSignal = onStopSignal(() => stop.now());
  try {
    return await runCommandLine(root, words(), makeContext);
  } finally {
    offSignal();
  }
}

// Connections that are kept alive and watches that nobody reads any more must not hold the program back.
void main().then((code) => process.exit(code));
