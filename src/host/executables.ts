// Programs as files of the machine.
import { chmod, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Executables } from '../lib/ports.ts';

const NONE: ReadonlySet<unknown> = new Set(['ENOENT', 'ENOTDIR', 'EISDIR']);
const FOLDER = 0o700;
const PROGRAM = 0o700;

export const systemExecutables: Executables = {
  async read(path) {
    try {
      return await readFile(path);
    } catch (error) {
      if (error instanceof Error && 'code' in error && NONE.has(error.code)) return undefined;
      throw error;
    }
  },
  async write(path, bytes) {
    await mkdir(dirname(path), { recursive: true, mode: FOLDER });
    // A file that runs cannot be written to; another one can take its name.
    const beside = `${path}.new`;
    try {
      await writeFile(beside, bytes, { mode: PROGRAM });
      await chmod(beside, PROGRAM);
      await rename(beside, path);
    } finally {
      await rm(beside, { force: true });
    }
  },
};
