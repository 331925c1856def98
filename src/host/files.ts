// Files of the machine.
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import type { Files } from '../lib/ports.ts';

function isMissing(error: unknown): boolean {
  if (!(error instanceof Error) || !('code' in error)) return false;
  return error.code === 'ENOENT' || error.code === 'ENOTDIR';
}

async function unlessMissing<T>(promise: Promise<T>): Promise<T | undefined> {
  try {
    return await promise;
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

const PRIVATE_FILE = 0o600;
const PRIVATE_PROGRAM = 0o700;
const PROGRAM = 0o755;
const FILE = 0o644;

function modeOf(options: { readonly executable?: boolean; readonly private?: boolean }): number {
  if (options.private === true) return options.executable === true ? PRIVATE_PROGRAM : PRIVATE_FILE;
  return options.executable === true ? PROGRAM : FILE;
}

export const systemFiles: Files = {
  read: (path) => unlessMissing(readFile(path, 'utf8')),
  list: (path) => unlessMissing(readdir(path)),
  async write(path, text, options = {}) {
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, text, { mode: modeOf(options) });
  },
  remove: (path) => rm(path, { recursive: true, force: true }),
  temporaryFolder: (prefix) => mkdtemp(join(tmpdir(), prefix)),
  join: (...parts) => join(...parts),
  absolute: (path) => resolve(path),
};
