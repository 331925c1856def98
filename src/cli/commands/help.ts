// `help`: what `--help` prints, for the command that is named (cli.md 1.2).
import type { Group, Leaf } from '../command.ts';
import { findCommand } from '../dispatch.ts';
import { helpText, usageText } from '../usage.ts';

export function helpCommand(rootOf: () => Group): Leaf {
  return {
    kind: 'leaf',
    name: 'help',
    args: '[command]',
    minArgs: 0,
    maxArgs: Number.POSITIVE_INFINITY,
    short: 'Help about any command',
    long: "Print the help of a command: the program's own if none is named.",
    flags: [],
    run: ({ terminal }, args) => {
      const root = rootOf();
      const { command, path, words } = findCommand(root, args);
      const isKnown = command.kind === 'leaf' || words.length === 0;
      if (isKnown) terminal.out(helpText(command, path));
      else {
        terminal.err(`Unknown help topic [${args.map((word) => `\`${word}\``).join(' ')}]\n`);
        terminal.err(usageText(root, root.name));
      }
      return Promise.resolve(isKnown ? 0 : 1);
    },
  };
}
