import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Cluster, startCluster } from '../../test/support/cluster.ts';
import { type PluginOptions, runPlugin } from '../../test/support/command-line.ts';
import type { Command } from './command.ts';
import { rootCommand } from './root.ts';
import { usageText } from './usage.ts';

let cluster: Cluster;
beforeAll(async () => {
  cluster = await startCluster();
});
afterAll(() => cluster.stop());

function run(line: string, options: PluginOptions = {}) {
  return runPlugin(cluster, 'default', line === '' ? [] : line.split(' '), options);
}

/** The usage block of the command under this path. */
function usageOf(path: string): string {
  const [root = '', ...words] = path.split(' ');
  let command: Command = rootCommand('kubectl-argo-rollouts');
  for (const word of words) {
    const next: Command | undefined =
      command.kind === 'group' ? command.children.find(({ name }) => name === word) : undefined;
    if (next === undefined) throw new Error(`no command ${path}`);
    command = next;
  }
  return usageText(command, [root, ...words].join(' '));
}

const NAME = 'kubectl-argo-rollouts';

describe('wrong use', () => {
  it.each([
    { line: '', path: '', reason: 'the root does nothing of its own' },
    { line: 'get', path: ' get', reason: 'nor does a group' },
    { line: 'list', path: ' list', reason: 'nor does a group' },
    { line: 'set', path: ' set', reason: 'nor does a group' },
    { line: 'retry', path: ' retry', reason: 'nor does a group' },
    { line: 'terminate', path: ' terminate', reason: 'nor does a group' },
    { line: 'get foo', path: ' get', reason: 'a word that is no command of the group' },
    { line: 'get rollout', path: ' get rollout', reason: 'a name is missing' },
    { line: 'get ro a b', path: ' get rollout', reason: 'one name too many; by its own name' },
    { line: 'get exp', path: ' get experiment', reason: 'a name is missing' },
    { line: 'list rollouts a', path: ' list rollouts', reason: 'it takes no name' },
    { line: 'list experiments a', path: ' list experiments', reason: 'it takes no name' },
    { line: 'status', path: ' status', reason: 'a name is missing' },
    { line: 'promote a b', path: ' promote', reason: 'one at a time' },
    { line: 'restart', path: ' restart', reason: 'a name is missing' },
    { line: 'undo a b', path: ' undo', reason: 'one at a time' },
    { line: 'pause', path: ' pause', reason: 'a name is missing' },
    { line: 'abort', path: ' abort', reason: 'a name is missing' },
    { line: 'retry rollout', path: ' retry rollout', reason: 'a name is missing' },
    { line: 'retry experiment', path: ' retry experiment', reason: 'a name is missing' },
    { line: 'terminate ar', path: ' terminate analysisrun', reason: 'a name is missing' },
    { line: 'terminate exp', path: ' terminate experiment', reason: 'a name is missing' },
    { line: 'set image a', path: ' set image', reason: 'the image is missing' },
    { line: 'set image a b', path: ' set image', reason: 'no sign between name and image' },
    { line: 'set image a b=c=d', path: ' set image', reason: 'two signs' },
    { line: 'set image a b=', path: ' set image', reason: 'no image' },
    { line: 'version x', path: ' version', reason: 'it takes nothing' },
  ])('"$line" shows the usage and ends with 1: $reason', async ({ line, path }) => {
    expect(await run(line)).toEqual({ code: 1, out: '', err: usageOf(NAME + path) });
  });

  it.each([
    {
      line: 'foo',
      err: `unknown command "foo" for "${NAME}"\nRun '${NAME} --help' for usage.`,
      reason: 'nothing is like it',
    },
    {
      line: '-n x promot a',
      err: `unknown command "promot" for "${NAME}"\n\nDid you mean this?\n\tpromote\n\nRun '${NAME} --help' for usage.`,
      reason: 'one edit away, behind a flag',
    },
    {
      line: 'RE',
      err: `unknown command "RE" for "${NAME}"\n\nDid you mean this?\n\tget\n\trestart\n\tretry\n\tset\n\nRun '${NAME} --help' for usage.`,
      reason: 'the beginning of two, two edits from two',
    },
    { line: 'get rollout a --foo', err: 'unknown flag: --foo', reason: 'a flag of nobody' },
    { line: 'get --foo', err: 'unknown flag: --foo', reason: 'of a group too' },
    { line: 'status -x a', err: "unknown shorthand flag: 'x' in -x", reason: 'a letter of nobody' },
    {
      line: 'status a -t 5',
      err: 'invalid argument "5" for "-t, --timeout" flag: time: missing unit in duration "5"',
      reason: 'a bare number is no duration',
    },
    {
      line: 'undo a --to-revision x',
      err: 'invalid argument "x" for "--to-revision" flag: strconv.ParseInt: parsing "x": invalid syntax',
      reason: 'no number',
    },
    {
      line: '--loglevel loud list rollouts',
      err: '--loglevel "loud" is no level: use debug, info, warn or error',
      reason: 'no level',
    },
    { line: 'completion', err: 'accepts 1 arg(s), received 0', reason: 'no shell' },
    { line: 'completion a b', err: 'accepts 1 arg(s), received 2', reason: 'two shells' },
    {
      line: 'completion tcsh',
      err: `invalid argument "tcsh" for "${NAME} completion"`,
      reason: 'a shell that is not known',
    },
    {
      line: 'restart a --in 5',
      err: '--in: time: missing unit in duration "5": write it as in 30s, 5m or 1h',
      reason: 'the reference crashes here',
    },
    {
      line: 'create -f x.yaml',
      err: 'create is not in this version of Slipway yet: use kubectl create -f',
      reason: 'later',
    },
    {
      line: 'create analysisrun --from x -a a=b',
      err: 'create is not in this version of Slipway yet: use kubectl create -f',
      reason: 'later',
    },
    {
      line: 'lint -f x.yaml',
      err: 'lint is not in this version of Slipway yet: use kubectl apply --dry-run=server',
      reason: 'later',
    },
    {
      line: 'dashboard -p 3100',
      err: 'dashboard is not in this version of Slipway yet: use get rollout -w',
      reason: 'later',
    },
    {
      line: 'notifications template get -o json',
      err: 'notifications is not in this version of Slipway yet: use kubectl get events',
      reason: 'later',
    },
  ])('"$line" ends with 1 and $err', async ({ line, err }) => {
    expect(await run(line)).toEqual({ code: 1, out: '', err: `Error: ${err}\n` });
  });

  it('shows the program’s own usage for help on nothing known', async () => {
    expect(await run('help foo bar')).toEqual({
      code: 1,
      out: '',
      err: `Unknown help topic [\`foo\` \`bar\`]\n${usageOf(NAME)}`,
    });
  });
});

/** Paths of all commands that are shown. */
function paths(command: Command, path: string): readonly string[] {
  if (command.kind === 'leaf') return command.isHidden === true ? [] : [path];
  return [path, ...command.children.flatMap((child) => paths(child, `${path} ${child.name}`))];
}

describe('help', () => {
  it.each([{ program: NAME }, { program: 'slipway' }] as const)(
    'of every command of $program is as recorded, under --help, -h and help',
    async ({ program }) => {
      let all = '';
      for (const path of paths(rootCommand(program), program)) {
        const words = path.split(' ').slice(1).join(' ');
        const asked = await run(`${words} --help`.trim(), { program });
        expect(asked).toEqual({ code: 0, out: asked.out, err: '' });
        expect(await run(`${words} -h`.trim(), { program })).toEqual(asked);
        expect(await run(`help ${words}`.trim(), { program })).toEqual(asked);
        all += `$ ${path} --help\n${asked.out}\n`;
      }
      await expect(all).toMatchFileSnapshot(`../../test/scenarios/golden/help-${program}.txt`);
    },
  );

  it('is given for what is later too', async () => {
    const { code, out } = await run('create --help');
    expect(code).toBe(0);
    expect(out.split('\n')[0]).toBe(
      'Create a Rollout, Experiment, AnalysisTemplate, ClusterAnalysisTemplate, or AnalysisRun resource. ' +
        'Not in this version of Slipway yet: use kubectl create -f.',
    );
  });
});

describe('version', () => {
  it('has a line for the program and one for each thing about its build', async () => {
    expect(await run('version')).toEqual({
      code: 0,
      out: [
        'kubectl-argo-rollouts: v99.99.99+unknown',
        '  BuildDate: 1970-01-01T00:00:00Z',
        '  GitCommit: ',
        '  GitTreeState: ',
        '  GoVersion: none',
        '  Compiler: node v24.0.0',
        '  Platform: linux/amd64',
        '',
      ].join('\n'),
      err: '',
    });
  });

  it('is one line with --short', async () => {
    expect(await run('version --short')).toEqual({
      code: 0,
      out: 'kubectl-argo-rollouts: v99.99.99+unknown\n',
      err: '',
    });
  });

  it('is a flag of slipway, not of the plugin', async () => {
    expect(await run('--version', { program: 'slipway' })).toEqual({
      code: 0,
      out: 'slipway version v99.99.99+unknown\n',
      err: '',
    });
    expect((await run('--version')).err).toBe('Error: unknown flag: --version\n');
  });
});
