// Files of the machine. Node's promises over them would cost every command 10 ms at its start: they bring the line editor
// with them.
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import type { Files } from '../lib/ports.ts';
import { makeFolder } from './folder.ts';

function isMissing(error: unknown): boolean {
  if (!(error instanceof Error) || !('code' in error)) return false;
  return error.code === 'ENOENT' || error.code === 'ENOTDIR';
}

type Done<T> = (error: Error | null, result?: T) => void;

/** One call of Node's with a callback at its end. */
function done<T>(begin: (callback: Done<T>) => void): Promise<T> {
  const { promise, resolve, reject } = Promise.withResolvers<T>();
  begin((error, result) => {
    if (error === null) resolve(result as T);
    else reject(error);
  });
  return promise;
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
  read: (path) => unlessMissing(done<string>((end) => readFile(path, 'utf8', end))),
  list: (path) => unlessMissing(done<readonly string[]>((end) => readdir(path, end))),
  async write(path, text, options = {}) {
    makeFolder(dirname(path));
    await done((end) => writeFile(path, text, { mode: modeOf(options) }, end));
  },
  remove: (path) => done<void>((end) => rm(path, { recursive: true, force: true }, end)),
  temporaryFolder: (prefix) => done<string>((end) => mkdtemp(join(tmpdir(), prefix), end)),
  join: (...parts) => join(...parts),
  absolute: (path) => resolve(path),
};
