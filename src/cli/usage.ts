// Help and usage blocks (cli.md 1.3).
import type { Command, Flag, Group } from './command.ts';
import { GLOBAL_FLAGS, VERSION_FLAG } from './flags.ts';

const NAME_WIDTH = 11;

function flagType({ type }: Flag): string {
  switch (type) {
    case 'bool':
      return '';
    case 'list':
      return ' stringArray';
    default:
      return ` ${type}`;
  }
}

function defaultText(flag: Flag): string {
  const isZero = ['', 'false', '0', '0s', '[]'].includes(flag.default);
  if (isZero) return '';
  return flag.type === 'string'
    ? ` (default ${JSON.stringify(flag.default)})`
    : ` (default ${flag.default})`;
}

function flagLines(flags: readonly Flag[]): readonly string[] {
  const shown = flags
    .filter((flag) => flag.isHidden !== true)
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
    .map((flag) => {
      const short = flag.shorthand === undefined ? '    ' : `-${flag.shorthand}, `;
      return { head: `  ${short}--${flag.name}${flagType(flag)}`, flag };
    });
  const width = Math.max(0, ...shown.map(({ head }) => head.length));
  return shown.map(({ head, flag }) => `${head.padEnd(width)}   ${flag.usage}${defaultText(flag)}`);
}

function helpFlag(name: string): Flag {
  return {
    name: 'help',
    shorthand: 'h',
    type: 'bool',
    default: 'false',
    usage: `help for ${name}`,
  };
}

function childLines({ children }: Group): readonly string[] {
  const shown = children
    .filter((child) => child.kind === 'group' || child.isHidden !== true)
    .toSorted((a, b) => (a.name < b.name ? -1 : 1));
  const width = Math.max(NAME_WIDTH, ...shown.map((child) => child.name.length));
  return shown.map((child) => `  ${child.name.padEnd(width)} ${child.short}`);
}

function rootFlags({ version }: Group): readonly Flag[] {
  return version === undefined ? [] : [VERSION_FLAG];
}

/** The usage block of a command under the path by which it was called. */
export function usageText(command: Command, path: string): string {
  const blocks: string[] = [];
  if (command.kind === 'leaf') {
    const args = command.args === undefined ? '' : ` ${command.args}`;
    blocks.push(`Usage:\n  ${path}${args} [flags]`);
    const { aliases = [] } = command;
    if (aliases.length > 0) blocks.push(`Aliases:\n  ${[command.name, ...aliases].join(', ')}`);
  } else {
    const args = command.args === undefined ? '' : ` ${command.args}`;
    blocks.push(`Usage:\n  ${path}${args} [flags]\n  ${path} [command]`);
  }
  if (command.example !== undefined)
    blocks.push(`Examples:\n${command.example.replace(/^(?=.)/gm, '  ')}`);
  if (command.kind === 'group') {
    blocks.push(`Available Commands:\n${childLines(command).join('\n')}`);
  }
  const isRoot = !path.includes(' ');
  const own = command.kind === 'leaf' ? command.flags : rootFlags(command);
  const flags = [...own, helpFlag(command.name)];
  blocks.push(`Flags:\n${flagLines(isRoot ? [...flags, ...GLOBAL_FLAGS] : flags).join('\n')}`);
  if (!isRoot) blocks.push(`Global Flags:\n${flagLines(GLOBAL_FLAGS).join('\n')}`);
  if (command.kind === 'group') {
    blocks.push(`Use "${path} [command] --help" for more information about a command.`);
  }
  return `${blocks.join('\n\n')}\n`;
}

/** Description, blank line, usage. */
export function helpText(command: Command, path: string): string {
  return `${command.long ?? command.short}\n\n${usageText(command, path)}`;
}
