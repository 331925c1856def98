// The programs `slipway` and `kubectl-argo-rollouts`: the machine is handed to the commands here, and nowhere else.
import { systemClock } from '../host/clock.ts';
import { systemFiles } from '../host/files.ts';
import { onOutputGone, onStopSignal, outputWritten, systemTerminal } from '../host/terminal.ts';
import { cancellation } from '../lib/clock.ts';
import type { Processes } from '../lib/ports.ts';
import type { Context } from './command.ts';
import { runCommandLine } from './dispatch.ts';
import { type ProgramName, rootCommand } from './root.ts';

/** kubectl starts its plugins by their file's name; our wrappers say it in the environment. */
function programName(): ProgramName {
  const name = process.env['SLIPWAY_NAME'] ?? process.argv[1] ?? '';
  return name.includes('argo-rollouts') ? 'kubectl-argo-rollouts' : 'slipway';
}

/** In Go's words, as clients of `version` know them. */
function platformName(): string {
  const systems: Readonly<Record<string, string>> = { win32: 'windows' };
  const machines: Readonly<Record<string, string>> = { x64: 'amd64', ia32: '386' };
  const system = systems[process.platform] ?? process.platform;
  return `${system}/${machines[process.arch] ?? process.arch}`;
}

function words(): readonly string[] {
  const given = process.argv.slice(2);
  const isCompletion = (process.argv[1] ?? '').includes('kubectl_complete');
  return isCompletion ? ['__complete', ...given] : given;
}

/** Read when the first program is started: few commands start one, and all would wait for it. */
const processes: Processes = {
  run: async (options) => (await import('../host/processes.ts')).systemProcesses.run(options),
};

/** Read by the one command that lives long. */
const runtime = () => import('../host/runtime.ts');

/** Looked at when somebody asks: the stream of what is typed takes milliseconds to make, and few commands read it. */
function interactive<T extends object>(ports: T): T & { readonly isInteractive: boolean } {
  return Object.defineProperty({ ...ports, isInteractive: false }, 'isInteractive', {
    get: () => process.stdin.isTTY,
  });
}

async function main(): Promise<number> {
  const stop = cancellation();
  const root = rootCommand(programName());
  const env = (name: string) => process.env[name];
  const ports = {
    files: systemFiles,
    processes,
    clock: systemClock,
    env,
  };
  const makeContext = (flags: Context['flags']): Context => ({
    ...ports,
    terminal: systemTerminal,
    cancel: stop.cancel,
    root: root.name,
    flags,
    withFlags: makeContext,
    program: {
      node: process.execPath,
      script: process.argv[1] ?? '',
      runtime: process.version,
      platform: platformName(),
      becomeLean: async () => (await runtime()).becomeLean(),
      giveMemoryBack: async () => (await runtime()).giveMemoryBack(),
    },
    // Read when it is needed: TLS and YAML are half of a command's start.
    connect: async (through) => {
      const { connect } = await import('./connect.ts');
      const report = (line: string) => systemTerminal.err(`${line}\n`);
      return connect({
        ports: interactive(ports),
        flags,
        userAgent: root.name,
        report,
        ...(through === undefined ? {} : { through }),
      });
    },
  });
  const offSignal = onStopSignal(() => stop.now());
  onOutputGone(() => stop.now());
  try {
    return await runCommandLine(root, words(), makeContext);
  } finally {
    offSignal();
  }
}

// Connections that are kept alive and watches that nobody reads any more must not hold the program back.
void main().then(async (code) => {
  await outputWritten();
  process.exit(code);
});
