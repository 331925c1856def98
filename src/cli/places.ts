// Where the package keeps what it reads at run time.
import type { Files } from '../lib/ports.ts';
import type { Program } from './command.ts';

/** Folder of the examples: beside `dist` in a checkout and in the installed package. */
export function exampleFolder(files: Files, { script }: Program): string {
  return files.join(script, '..', '..', '..', 'examples');
}

/** Beside a sandbox's kubeconfig: the address where its mesh takes requests. */
export const MESH_FILE = 'mesh-proxy';
