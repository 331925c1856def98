// A sandbox in real time and the machine's kubectl on it: what the kubectl scenarios are written with.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { expect } from 'vitest';
import { systemClock } from '../../src/host/clock.ts';
import { systemCompression } from '../../src/host/compression.ts';
import { systemDialer } from '../../src/host/dialer.ts';
import { systemFiles } from '../../src/host/files.ts';
import { systemListener } from '../../src/host/listener.ts';
import { seededRandom } from '../../src/lib/random.ts';
import { milliseconds } from '../../src/lib/time.ts';
import { createSandbox } from '../../src/sandbox/sandbox.ts';
import { reachable } from './https.ts';

/** Words of a command; a text is split at blanks. */
export type Words = string | readonly string[];

export interface Running {
  /** Resolves with the match once standard output has it; fails when the command ends before. */
  prints(pattern: RegExp): Promise<RegExpExecArray>;
  /** What it has printed until now, or until it ended. */
  out(): string;
  err(): string;
  /** Writes to its standard input and closes it. */
  close(text: string): void;
  /** Kills it if it is still running. */
  end(): Promise<void>;
  readonly exit: Promise<number | null>;
}

export interface Kubectl {
  readonly kubeconfig: string;
  readonly folder: string;
  /** Output of a command that must succeed. */
  readonly ok: (words: Words, stdin?: string) => Promise<string>;
  /** What a command says that must fail, with its status in front: `1 Error from server …`. */
  readonly refused: (words: Words, stdin?: string) => Promise<string>;
  /** As `ok`, with an editor that does what the shell script says to its file. */
  edit(words: Words, script: string): Promise<{ readonly code: number; readonly text: string }>;
  /** A command that goes on. */
  start(words: Words): Running;
  close(): Promise<void>;
}

export const MOCK = 'ghcr.io/ssup2/mock-go-server:1.0.0';
export const SHELL = 'slipway/shell:builtin';
export const DOCUMENT = fileURLToPath(
  new URL(
    '../../examples/mock-server-canary-istio-destinationrule-analysistemplate-experiment.yaml',
    import.meta.url,
  ),
);

function listOf(words: Words): readonly string[] {
  return typeof words === 'string' ? words.split(' ') : words;
}

export async function startKubectl(): Promise<Kubectl> {
  const sandbox = createSandbox({
    clock: systemClock,
    random: seededRandom('kubectl'),
    listener: systemListener,
    dialer: systemDialer,
    compression: systemCompression,
    podStartDelay: milliseconds(20),
    podStopDelay: milliseconds(20),
    onProblem: (what, error) => {
      throw new Error(`${what}: ${error.message}`);
    },
  });
  await sandbox.start();
  const reach = await reachable(sandbox);
  let editors = 0;
  const env = { KUBECONFIG: reach.kubeconfig, KUBECACHEDIR: `${reach.folder}/cache`, TERM: 'dumb' };
  return {
    kubeconfig: reach.kubeconfig,
    folder: reach.folder,
    ok: async (words, stdin) => {
      const { code, stdout, stderr } = await reach.kubectl(listOf(words), stdin);
      expect({ words, code, stderr: code === 0 ? '' : stderr }).toEqual({
        words,
        code: 0,
        stderr: '',
      });
      return stdout;
    },
    refused: async (words, stdin) => {
      const { code, stderr } = await reach.kubectl(listOf(words), stdin);
      expect({ words, isRefused: code !== 0 }).toEqual({ words, isRefused: true });
      return `${code} ${stderr}`;
    },
    edit: async (words, script) => {
      editors += 1;
      const editor = `${reach.folder}/editor-${editors}`;
      await writeEditor(editor, script);
      const { code, stdout, stderr } = await reach.kubectl(listOf(words), undefined, {
        KUBE_EDITOR: editor,
        TMPDIR: reach.folder,
      });
      return { code, text: stdout + stderr };
    },
    start: (words) => running(listOf(words), env),
    close: async () => {
      await reach.close();
      await sandbox.stop();
    },
  };
}

function writeEditor(path: string, script: string): Promise<void> {
  return systemFiles.write(path, `#!/bin/sh\n${script}\n`, { executable: true });
}

function running(args: readonly string[], env: Readonly<Record<string, string>>): Running {
  const child = spawn('kubectl', [...args], { env: { ...process.env, ...env } });
  let out = '';
  let err = '';
  const listeners = new Set<() => void>();
  child.stdout.on('data', (chunk: Buffer) => {
    out += chunk.toString();
    for (const listener of listeners) listener();
  });
  child.stderr.on('data', (chunk: Buffer) => {
    err += chunk.toString();
  });
  const exit = once(child, 'close').then(([code]) => code as number | null);
  return {
    exit,
    out: () => out,
    err: () => err,
    close: (text) => {
      child.stdin.end(text);
    },
    prints: (pattern) => {
      const { promise, resolve, reject } = Promise.withResolvers<RegExpExecArray>();
      const look = (): void => {
        const found = pattern.exec(out);
        if (found !== null) resolve(found);
      };
      listeners.add(look);
      look();
      void exit.then((code) => reject(new Error(`kubectl ended with ${code}: ${err}${out}`)));
      return promise;
    },
    end: async () => {
      child.kill();
      await exit;
    },
  };
}

/** A manifest as `kubectl -f -` takes it. */
export function manifest(apiVersion: string, kind: string, rest: object): string {
  return JSON.stringify({ apiVersion, kind, ...rest });
}
