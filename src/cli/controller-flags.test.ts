import { expect, it } from 'vitest';
import type { Context } from './command.ts';
import { CONTROLLER_FLAGS, controllerSettings, effectlessNotices } from './controller-flags.ts';
import { GLOBAL_FLAGS, parseFlags } from './flags.ts';

function flagsOf(...words: readonly string[]) {
  return parseFlags(words, [...CONTROLLER_FLAGS, ...GLOBAL_FLAGS]);
}

function settingsOf(...words: readonly string[]) {
  return controllerSettings({ flags: flagsOf(...words).values } as Context);
}

it('without flags it is as the reference is', () => {
  expect(settingsOf()).toEqual({
    metricsPort: 8090,
    metricsFlag: 'metricsPort',
    healthPort: 8080,
    healthFlag: 'healthzPort',
    address: '0.0.0.0',
    resync: 900_000,
    propagationDelay: 5000,
    pluginTimeout: 60_000,
    workers: 40,
    onlyAnalysis: false,
  });
});

it('the old spelling of a port counts, unless the new one is there too', () => {
  expect(settingsOf('--metricsport=1').metricsPort).toBe(1);
  expect(settingsOf('--metricsport=1', '--metricsPort=2').metricsPort).toBe(2);
  expect(flagsOf('--metricsport=1').deprecations).toEqual([
    'Flag --metricsport has been deprecated, use --metricsPort instead',
  ]);
});

it.each([
  [['--metricsPort=65536'], '--metricsPort 65536: it is a number from 0 to 65535'],
  [['--metricsport=-1'], '--metricsport -1: it is a number from 0 to 65535'],
  [['--healthzPort=-1'], '--healthzPort -1: it is a number from 0 to 65535'],
  [
    ['--healthzPort=8090'],
    '--metricsPort and --healthzPort are both 8090: give each a port of its own',
  ],
  [['--rollout-resync=0'], '--rollout-resync 0: it is a number from 1 to 31536000'],
  [['--workers=0'], '--workers 0: it is a number from 1 to 10000'],
  [['--propagation-delay=-1s'], '--propagation-delay -1s: it is 0s or longer'],
  [
    ['--controllers=analysis,rollouts'],
    'unsupported controller: rollouts; --controllers takes analysis, without it all are run',
  ],
])('%j is refused with its remedy', (words, message) => {
  expect(() => settingsOf(...words)).toThrow(message);
});

it('both ports may be free ones, and analysis may be alone', () => {
  expect(settingsOf('--metricsPort=0', '--healthzPort=0').healthPort).toBe(0);
  expect(settingsOf('--controllers', 'analysis').onlyAnalysis).toBe(true);
});

it('every flag that changes nothing says why when it is given, and stays out of the help', () => {
  const hidden = CONTROLLER_FLAGS.filter(
    (flag) => flag.isHidden === true && flag.deprecated === undefined,
  );
  expect(hidden.length).toBeGreaterThan(20);
  for (const { name, type } of hidden) {
    const { values } = flagsOf(type === 'bool' ? `--${name}` : `--${name}=1`);
    const [notice, ...others] = effectlessNotices(values);
    expect(notice).toMatch(new RegExp(`^flag --${name} has no effect: \\w`));
    expect(others).toEqual([]);
  }
  expect(effectlessNotices(flagsOf('--workers=3').values)).toEqual([]);
});

it('no flag is there twice', () => {
  const names = [...CONTROLLER_FLAGS, ...GLOBAL_FLAGS].map(({ name }) => name);
  expect(new Set(names).size).toBe(names.length);
});
