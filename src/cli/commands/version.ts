// `version` (cli.md 2.8).
import type { Leaf } from '../command.ts';
import { bool } from '../flags.ts';

/** Set when the bundle is built; from sources it is a development version. */
declare const SLIPWAY_VERSION: string | undefined;

const DEVELOPMENT = 'v99.99.99+unknown';

export function versionText(): string {
  return typeof SLIPWAY_VERSION === 'string' ? SLIPWAY_VERSION : DEVELOPMENT;
}

export const VERSION: Leaf = {
  kind: 'leaf',
  name: 'version',
  minArgs: 0,
  maxArgs: 0,
  short: 'Print version',
  example:
    '# Get full version info\nkubectl argo rollouts version\n\n# Get just plugin version number\nkubectl argo rollouts version --short',
  flags: [bool('short', 'print just the version number')],
  run: ({ terminal, flags, root, env }) => {
    const lines = [`${root}: ${versionText()}`];
    if (!flags.bool('short')) {
      lines.push(
        '  BuildDate: 1970-01-01T00:00:00Z',
        '  GitCommit: ',
        '  GitTreeState: ',
        '  GoVersion: none (Node)',
        '  Compiler: node',
        `  Platform: ${env('SLIPWAY_PLATFORM') ?? 'node'}`,
      );
    }
    terminal.out(`${lines.join('\n')}\n`);
    return Promise.resolve(0);
  },
};
