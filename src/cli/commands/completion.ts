// `completion` and the hidden `__complete` that shells and kubectl ask (cli.md 1.5).
import type { KubeObject, ResourceType } from '../../api/object.ts';
import { ANALYSIS_RUNS, EXPERIMENTS, ROLLOUTS } from '../../api/resources.ts';
import { type Command, CommandError, type Context, type Group, type Leaf } from '../command.ts';

const SHELLS = ['bash', 'zsh', 'fish', 'powershell'] as const;

function bash(name: string): string {
  const fn = `__${name.replaceAll('-', '_')}_complete`;
  return `# bash completion for ${name}
${fn}() {
  local words="\${COMP_WORDS[@]:1:COMP_CWORD}"
  local out
  out="$(${name} __complete $words "\${COMP_WORDS[COMP_CWORD]:+}" 2>/dev/null | sed '$d')"
  COMPREPLY=($(compgen -W "$out" -- "\${COMP_WORDS[COMP_CWORD]}"))
}
complete -o default -F ${fn} ${name}
`;
}

function zsh(name: string): string {
  return `#compdef ${name}
_${name.replaceAll('-', '_')}() {
  local -a candidates
  candidates=("\${(@f)$(${name} __complete "\${words[@]:1}" 2>/dev/null | sed '$d')}")
  compadd -a candidates
}
compdef _${name.replaceAll('-', '_')} ${name}
`;
}

function fish(name: string): string {
  return `# fish completion for ${name}
complete -c ${name} -f -a '(${name} __complete (commandline -opc)[2..-1] (commandline -ct) 2>/dev/null | sed "\\$d")'
`;
}

function powershell(name: string): string {
  return `# powershell completion for ${name}
Register-ArgumentCompleter -Native -CommandName '${name}' -ScriptBlock {
  param($wordToComplete, $commandAst, $cursorPosition)
  $words = $commandAst.CommandElements | Select-Object -Skip 1 | ForEach-Object { "$_" }
  & '${name}' __complete @words 2>$null | Where-Object { $_ -notmatch '^:' } | ForEach-Object {
    [System.Management.Automation.CompletionResult]::new($_)
  }
}
`;
}

const SCRIPTS: Readonly<Record<(typeof SHELLS)[number], (name: string) => string>> = {
  bash,
  zsh,
  fish,
  powershell,
};

export const COMPLETION: Leaf = {
  kind: 'leaf',
  name: 'completion',
  args: '[bash|zsh|fish|powershell]',
  minArgs: 0,
  maxArgs: Number.POSITIVE_INFINITY,
  short: 'Generate completion script',
  long: 'Print a script that completes commands and names in a shell: source it in its start-up file.',
  flags: [],
  run: ({ terminal, root }, args) => {
    const [shell = ''] = args;
    if (args.length !== 1) throw new CommandError(`accepts 1 arg(s), received ${args.length}`);
    const known = SHELLS.find((one) => one === shell);
    if (known === undefined) {
      const command = `${root} completion`;
      throw new CommandError(
        `invalid argument ${JSON.stringify(shell)} for ${JSON.stringify(command)}`,
      );
    }
    terminal.out(SCRIPTS[known](root));
    return Promise.resolve(0);
  },
};

const RESOURCES: Readonly<Record<NonNullable<Leaf['completes']>, ResourceType>> = {
  rollouts: ROLLOUTS,
  experiments: EXPERIMENTS,
  analysisruns: ANALYSIS_RUNS,
};

const NO_FILES = 4;
const FAILED = 1;

/** Answers with candidates for the last word: commands, flags, or names from the cluster. */
export function completeCommand(rootOf: () => Group): Leaf {
  return {
    kind: 'leaf',
    name: '__complete',
    minArgs: 0,
    maxArgs: Number.POSITIVE_INFINITY,
    short: 'Answer a shell that completes',
    flags: [],
    isHidden: true,
    run: async (context, words) => {
      const typed = words.at(-1) ?? '';
      const place = placeOf(rootOf(), words.slice(0, -1));
      try {
        const candidates = await candidatesFor(context, place, typed);
        const lines = candidates.filter((one) => one.startsWith(typed)).toSorted();
        context.terminal.out(`${[...lines, `:${NO_FILES}`].join('\n')}\n`);
        return 0;
      } catch {
        // A shell wants candidates or none, not a message in the middle of a line.
        context.terminal.out(`:${FAILED}\n`);
        return 0;
      }
    },
  };
}

interface Place {
  readonly command: Command;
  readonly args: readonly string[];
}

function placeOf(root: Group, words: readonly string[]): Place {
  let command: Command = root;
  const args: string[] = [];
  for (const word of words) {
    if (word.startsWith('-')) continue;
    const child: Command | undefined =
      command.kind === 'group'
        ? command.children.find(
            (one) =>
              one.name === word || (one.kind === 'leaf' && (one.aliases ?? []).includes(word)),
          )
        : undefined;
    if (child === undefined) args.push(word);
    else command = child;
  }
  return { command, args };
}

async function candidatesFor(
  context: Context,
  { command, args }: Place,
  typed: string,
): Promise<readonly string[]> {
  if (typed.startsWith('-')) {
    return command.kind === 'leaf' ? command.flags.map(({ name }) => `--${name}`) : [];
  }
  if (command.kind === 'group') {
    return command.children
      .filter((one) => one.kind === 'group' || one.isHidden !== true)
      .map(({ name }) => name);
  }
  if (command.name === 'completion') return SHELLS;
  if (command.completes === undefined || args.length > 0) return [];
  const { client, namespace } = await context.connect();
  const { items } = await client.listAll<KubeObject>(RESOURCES[command.completes], { namespace });
  return items.map(({ metadata }) => metadata.name);
}
