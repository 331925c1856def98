import { describe, expect, it } from 'vitest';
import { bool, GLOBAL_FLAGS, int, list, parseFlags, text } from './flags.ts';

const FLAGS = [
  ...GLOBAL_FLAGS,
  { ...bool('watch', ''), shorthand: 'w' },
  bool('color', '', true),
  int('port', '0', ''),
  list('argument', ''),
  { ...text('in', ''), shorthand: 'i' },
  { name: 'timeout', shorthand: 't', type: 'duration' as const, default: '0s', usage: '' },
  { ...bool('old', ''), shorthand: 'o', deprecated: 'use --new' },
];

function parsed(line: string) {
  const { args, values, deprecations, wantsHelp } = parseFlags(line.split(' '), FLAGS);
  const flags = Object.fromEntries(
    FLAGS.filter(({ name }) => values.has(name)).map(({ name, type }) => [
      name,
      type === 'list' ? values.list(name) : values.text(name),
    ]),
  );
  return { args, flags, deprecations, wantsHelp };
}

describe('a command line is read as kubectl reads it', () => {
  it.each([
    { line: 'a --namespace=x b', args: ['a', 'b'], flags: { namespace: 'x' }, reason: 'anywhere' },
    { line: '-n x a', args: ['a'], flags: { namespace: 'x' }, reason: 'the next word' },
    { line: '-nx a', args: ['a'], flags: { namespace: 'x' }, reason: 'the rest of the word' },
    { line: '-n=x', args: [], flags: { namespace: 'x' }, reason: 'a sign between' },
    { line: '--in= a', args: ['a'], flags: { in: '' }, reason: 'an empty value is a value' },
    { line: '-w a', args: ['a'], flags: { watch: 'true' }, reason: 'a switch takes no word' },
    {
      line: '-wn x',
      args: [],
      flags: { watch: 'true', namespace: 'x' },
      reason: 'letters together',
    },
    { line: '-w=false', args: [], flags: { watch: 'false' }, reason: 'a switch set by sign' },
    { line: '--color=F', args: [], flags: { color: 'false' }, reason: 'all truth values of Go' },
    { line: '--watch=1', args: [], flags: { watch: 'true' }, reason: 'numbers too' },
    { line: '-n x -n y', args: [], flags: { namespace: 'y' }, reason: 'the last one wins' },
    {
      line: '--argument a=1 --argument b=2',
      args: [],
      flags: { argument: ['a=1', 'b=2'] },
      reason: 'lists keep every use',
    },
    {
      line: '-w -- -n x',
      args: ['-n', 'x'],
      flags: { watch: 'true' },
      reason: 'two dashes end it',
    },
    { line: 'a -', args: ['a', '-'], flags: {}, reason: 'one dash is an argument' },
    { line: '-t 1m30s', args: [], flags: { timeout: '1m30s' }, reason: 'a duration' },
  ])('$line: $reason', ({ line, args, flags }) => {
    expect(parsed(line)).toEqual({ args, flags, deprecations: [], wantsHelp: false });
  });

  it('asks for help by either name', () => {
    expect(parsed('a -h').wantsHelp).toBe(true);
    expect(parsed('--help').wantsHelp).toBe(true);
  });

  it('tells of a flag that goes away in the words of the way it was written', () => {
    expect(parsed('--old').deprecations).toEqual(['Flag --old has been deprecated, use --new']);
    expect(parsed('-o').deprecations).toEqual(['Flag shorthand -o has been deprecated, use --new']);
  });

  it.each([
    { line: '--foo', error: 'unknown flag: --foo' },
    { line: '--foo=1', error: 'unknown flag: --foo' },
    { line: '-q', error: "unknown shorthand flag: 'q' in -q" },
    { line: '-wqn', error: "unknown shorthand flag: 'q' in -qn" },
    { line: '---x', error: 'bad flag syntax: ---x' },
    { line: '--=x', error: 'bad flag syntax: --=x' },
    { line: '--namespace', error: 'flag needs an argument: --namespace' },
    { line: '-wn', error: "flag needs an argument: 'n' in -n" },
    {
      line: '--watch=maybe',
      error:
        'invalid argument "maybe" for "-w, --watch" flag: strconv.ParseBool: parsing "maybe": invalid syntax',
    },
    {
      line: '--port x',
      error:
        'invalid argument "x" for "--port" flag: strconv.ParseInt: parsing "x": invalid syntax',
    },
    {
      line: '-t 5',
      error: 'invalid argument "5" for "-t, --timeout" flag: time: missing unit in duration "5"',
    },
  ])('$line: $error', ({ line, error }) => {
    expect(() => parsed(line)).toThrow(error);
  });

  it('passes over unknown flags where they are someone else’s', () => {
    const { args } = parseFlags(['-f', 'x', '--bar=1', 'y'], FLAGS, { ignoresUnknown: true });
    expect(args).toEqual(['x', 'y']);
  });
});
