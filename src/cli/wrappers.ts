// Small shell programs that start ours with this very Node: a shebang could not choose it.
import type { Files } from '../lib/ports.ts';
import type { Program } from './command.ts';

function quoted(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`;
}

/** Writes `slipway`, `kubectl-argo-rollouts` and `kubectl_complete-argo-rollouts`; gives their folder. */
export async function wrapperFolder(
  files: Files,
  folder: string,
  program: Program,
): Promise<string> {
  const bin = files.join(folder, 'bin');
  const node = quoted(program.node);
  const script = (name: string, args: string) =>
    `#!/bin/sh\nSLIPWAY_NAME=${name} exec ${node} ${quoted(program.script)} ${args}"$@"\n`;
  const write = (name: string, text: string) =>
    files.write(files.join(bin, name), text, { executable: true });
  await write('slipway', script('slipway', ''));
  await write('kubectl-argo-rollouts', script('kubectl-argo-rollouts', ''));
  await write('kubectl_complete-argo-rollouts', script('kubectl-argo-rollouts', '__complete '));
  return bin;
}
