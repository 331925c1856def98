// `version` (cli.md 2.8).
import type { Leaf } from '../command.ts';
import { bool } from '../flags.ts';

/** What was built, from which sources. */
interface Build {
  readonly version: string;
  readonly date: string;
  readonly commit: string;
  readonly treeState: string;
}

/** Set when the bundle is built; from sources it is a development version. */
declare const SLIPWAY_BUILD: Build | undefined;

const DEVELOPMENT: Build = {
  version: 'v99.99.99+unknown',
  date: '1970-01-01T00:00:00Z',
  commit: '',
  treeState: '',
};

export function build(): Build {
  return typeof SLIPWAY_BUILD === 'object' ? SLIPWAY_BUILD : DEVELOPMENT;
}

export function versionText(): string {
  return build().version;
}

export const VERSION: Leaf = {
  kind: 'leaf',
  name: 'version',
  minArgs: 0,
  maxArgs: 0,
  short: 'Print version',
  long: 'Print the version of this program and what it was built from.',
  example:
    '# Get full version info\nkubectl argo rollouts version\n\n# Get just plugin version number\nkubectl argo rollouts version --short',
  flags: [bool('short', 'print just the version number')],
  run: ({ terminal, flags, root, program }) => {
    const { version, date, commit, treeState } = build();
    const lines = [`${root}: ${version}`];
    if (!flags.bool('short')) {
      lines.push(
        `  BuildDate: ${date}`,
        `  GitCommit: ${commit}`,
        `  GitTreeState: ${treeState}`,
        // Clients look for the label; there is no Go in it.
        '  GoVersion: none',
        `  Compiler: node ${program.runtime}`,
        `  Platform: ${program.platform}`,
      );
    }
    terminal.out(`${lines.join('\n')}\n`);
    return Promise.resolve(0);
  },
};
