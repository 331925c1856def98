// The settings of plugins: what is read, and what is said of what is wrong.
import { describe, expect, it } from 'vitest';
import { pluginSettings } from './settings.ts';

const STEP = `
- name: acme/approval
  location: file:///plugins/approval
  args: ["--level", "2"]
  disabled: true
`;

describe('settings of plugins', () => {
  it('are lists of three kinds, as many as there are', () => {
    expect(pluginSettings({})).toEqual([]);
    const metric = `
- name: acme/metrics_v1.2
  location: https://example.com/metrics
  sha256: ${'AB'.repeat(32)}
  headersFrom:
    - secretRef: {name: token}
`;
    expect(pluginSettings({ stepPlugins: STEP, metricProviderPlugins: metric })).toEqual([
      {
        kind: 'metric',
        name: 'acme/metrics_v1.2',
        location: 'https://example.com/metrics',
        sha256: 'ab'.repeat(32),
        args: [],
        headersFrom: ['token'],
        disabled: false,
      },
      {
        kind: 'step',
        name: 'acme/approval',
        location: 'file:///plugins/approval',
        sha256: '',
        args: ['--level', '2'],
        headersFrom: [],
        disabled: true,
      },
    ]);
  });

  it('may name one executable as several kinds', () => {
    const both = '- {name: a/b, location: "file:///b"}';
    expect(pluginSettings({ stepPlugins: both, metricProviderPlugins: both })).toHaveLength(2);
  });

  it.each([
    {
      data: { metricProviderPlugins: '- name: [' },
      problem: /^failed to unmarshal metric provider plugins while initializing: not YAML: /,
    },
    {
      data: { trafficRouterPlugins: 'name: a/b' },
      problem:
        'failed to unmarshal traffic router plugins while initializing: trafficRouterPlugins is no list; begin each plugin with "- name:"',
    },
    {
      data: { stepPlugins: '- name: approval' },
      problem:
        'stepPlugins[0].name: plugin repository (approval) must be in the format of <namespace>/<name>',
    },
    {
      data: { stepPlugins: '- name: a/..' },
      problem:
        'stepPlugins[0].name: plugin repository (a/..) must be in the format of <namespace>/<name>',
    },
    {
      data: { stepPlugins: '- {name: a/b, sha256: abc}' },
      problem: 'stepPlugins[0].sha256: abc is no SHA-256: 64 hexadecimal digits',
    },
    {
      data: { stepPlugins: '- {name: a/b, args: [1]}' },
      problem: 'stepPlugins[0].args[0]: it is no text; put it into quotes',
    },
    {
      data: { stepPlugins: '- {name: a/b, disabled: "yes"}' },
      problem: 'stepPlugins[0].disabled: it is true or false',
    },
    {
      data: { stepPlugins: '- {name: a/b, headersFrom: [{secretRef: {}}]}' },
      problem: 'stepPlugins[0].headersFrom[0].secretRef.name: it names no Secret',
    },
    {
      data: { stepPlugins: '[{name: a/b, location: "file:///x"}, {name: a/b}]' },
      problem: /^plugin a\/b is listed twice, from file:\/\/\/x and from : /,
    },
  ])('that are wrong are told: $problem', ({ data, problem }) => {
    expect(() => pluginSettings(data as Readonly<Record<string, string>>)).toThrow(problem);
  });
});
