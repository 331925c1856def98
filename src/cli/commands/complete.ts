// The hidden `__complete` that shells and kubectl ask for candidates: one a line, last `:DIRECTIVE` (cli.md 1.5).
import type { KubeObject, ResourceType } from '../../api/object.ts';
import { ANALYSIS_RUNS, EXPERIMENTS, ROLLOUTS } from '../../api/resources.ts';
import type { Context, Flag, Group, Leaf } from '../command.ts';
import { findCommand } from '../dispatch.ts';
import { GLOBAL_FLAGS, parseFlags } from '../flags.ts';
import { SHELLS } from './completion.ts';

const RESOURCES: Readonly<Record<NonNullable<Leaf['completes']>, ResourceType>> = {
  rollouts: ROLLOUTS,
  experiments: EXPERIMENTS,
  analysisruns: ANALYSIS_RUNS,
};

/** What the shell is to do with the candidates. */
const DIRECTIVE = { files: 0, failed: 1, noFiles: 4 } as const;

interface Answer {
  readonly candidates: readonly string[];
  readonly directive: number;
}

function answer(candidates: readonly string[] = []): Answer {
  return { candidates, directive: DIRECTIVE.noFiles };
}

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
    unknownFlags: 'arguments',
    run: async (context, words) => {
      const typed = words.at(-1) ?? '';
      const { candidates, directive } = await answerFor(context, rootOf(), words);
      const lines = candidates.filter((one) => one.startsWith(typed)).toSorted();
      context.terminal.out(`${[...lines, `:${directive}`].join('\n')}\n`);
      return 0;
    },
  };
}

async function answerFor(context: Context, root: Group, words: readonly string[]): Promise<Answer> {
  const typed = words.at(-1) ?? '';
  const { command, words: rest } = findCommand(root, words.slice(0, -1));
  const flags = [...(command.kind === 'leaf' ? command.flags : []), ...GLOBAL_FLAGS];
  const open = flagBefore(flags, words.at(-2) ?? '');
  if (open !== undefined) return { candidates: [], directive: directiveFor(open) };
  if (typed.startsWith('-')) {
    const shown = flags.filter((flag) => flag.isHidden !== true);
    return answer(['--help', ...shown.map(({ name }) => `--${name}`)]);
  }
  try {
    const { args, values } = parseFlags(rest, flags, { ignoresUnknown: true });
    if (args.length > 0) return answer();
    if (command.kind === 'leaf') return await namesFor(context.withFlags(values), command);
    const children = command.children.filter(
      (one) => one.kind === 'group' || one.isHidden !== true,
    );
    return answer(children.map(({ name }) => name));
  } catch {
    // A shell wants candidates or none, not a message in the middle of a line.
    return { candidates: [], directive: DIRECTIVE.failed };
  }
}

/** The flag whose value is being typed. */
function flagBefore(flags: readonly Flag[], word: string): Flag | undefined {
  return flags.find(
    ({ name, shorthand, type }) =>
      type !== 'bool' &&
      (word === `--${name}` || (shorthand !== undefined && word === `-${shorthand}`)),
  );
}

const FILES: ReadonlySet<string> = new Set([
  'cache-dir',
  'certificate-authority',
  'client-certificate',
  'client-key',
  'kubeconfig',
  'persist',
  'record',
]);

function directiveFor({ name }: Flag): number {
  return FILES.has(name) ? DIRECTIVE.files : DIRECTIVE.noFiles;
}

async function namesFor(context: Context, leaf: Leaf): Promise<Answer> {
  if (leaf.name === 'completion') return answer(SHELLS);
  if (leaf.completes === undefined) return answer();
  const { client, namespace } = await context.connect();
  const { items } = await client.listAll<KubeObject>(RESOURCES[leaf.completes], { namespace });
  return answer(items.map(({ metadata }) => metadata.name));
}
