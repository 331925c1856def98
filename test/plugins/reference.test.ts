// What arrives in a plugin that was built with the reference's own types: every field of a whole object, and the
// answers of all methods. In complete runs only (vitest.config.ts): Go compiles these types for minutes.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Json } from '../../src/api/object.ts';
import type { RouteCall } from '../../src/api/plugin-asks.ts';
import { cancellation } from '../../src/lib/clock.ts';
import { parseYaml } from '../../src/lib/yaml.ts';
import { MESSAGE_TYPES } from '../../src/plugins/go/message-types.ts';
import { REFERENCE_TYPES } from '../../src/plugins/go/reference-types.ts';
import { measurePlugin } from '../../src/plugins/kinds/metric.ts';
import { routeByPlugin } from '../../src/plugins/kinds/router.ts';
import { askStep } from '../../src/plugins/kinds/step.ts';
import { builtPlugin } from '../support/go.ts';
import { pluginStand } from '../support/plugins.ts';

const NAME = 'tests/echo';
const never = cancellation().cancel;

function example(name: string): Json {
  const text = readFileSync(new URL(`objects/${name}.yaml`, import.meta.url), 'utf8');
  const parsed = parseYaml(text);
  if (!parsed.ok) throw new Error(parsed.error);
  return parsed.documents[0] as Json;
}

describe("a plugin with the reference's types", () => {
  let command = '';
  beforeAll(() => {
    command = builtPlugin('reference');
  }, 900_000);

  const stand = (kind: 'metric' | 'step' | 'router') =>
    pluginStand([{ kind, name: NAME, command }]);

  it('is told of the same types as it has', () => {
    const text = execFileSync(command, ['-types'], { encoding: 'utf8' });
    const theirs = Object.fromEntries(
      text
        .trim()
        .split('\n')
        .map((line) => {
          const [name = '', fields = ''] = line.split(/: ?/, 2);
          return [name, fields];
        }),
    );
    expect({ ...REFERENCE_TYPES, ...MESSAGE_TYPES }).toEqual(theirs);
  });

  it('gets a whole run and a whole metric, and its measurement comes back', async () => {
    await using echo = stand('metric');
    const run = example('analysis-run') as never;
    const [metric] = (example('analysis-run') as { spec: { metrics: never[] } }).spec.metrics;
    const request = { run, metric: metric as never, cancel: never };
    const measured = await measurePlugin(echo.plugins, { ...request, action: 'run' });
    if (!measured.ok) throw new Error(measured.error);
    expect(JSON.parse(measured.measurement.value ?? '')).toEqual([run, metric]);
    expect(measured.measurement.startedAt).toBe('2026-01-02T03:04:06Z');
    const measurement = {
      phase: 'Running',
      message: 'm',
      startedAt: '2026-01-02T03:04:05Z',
      finishedAt: '2026-01-02T03:04:06Z',
      value: 'v',
      metadata: { a: 'b' },
      resumeAt: '2026-01-02T03:04:07Z',
    };
    const resumed = await measurePlugin(echo.plugins, {
      ...request,
      action: 'resume',
      measurement,
    });
    expect(resumed).toEqual({ ok: true, measurement });
    const ended = await measurePlugin(echo.plugins, {
      ...request,
      action: 'terminate',
      measurement,
    });
    if (!ended.ok) throw new Error(ended.error);
    expect(JSON.parse(ended.measurement.message ?? '')).toEqual(measurement);
  });

  it('gets a whole Rollout but for the amounts of resources, which Go does not send either', async () => {
    await using echo = stand('step');
    const rollout = example('rollout');
    const answer = (await echo.plugins.call({
      kind: 'step',
      name: NAME,
      method: 'Run',
      argument: {
        type: 'StepArgs',
        registered: 'step.RunArgs',
        value: { rollout, context: { pluginName: NAME, config: { a: [1, 'ü', null] } } },
      },
      answer: 'StepResponse',
    })) as { result: { message: string; status: Json } };
    expect(answer.result.status).toEqual({ a: [1, 'ü', null] });
    const [seen, context] = JSON.parse(answer.result.message) as [Json, Json];
    expect(context).toEqual({ PluginName: NAME, Config: { a: [1, 'ü', null] }, Status: null });
    expect(seen).toEqual(rollout);
  });

  it('is told of routes, and says whether they are verified', async () => {
    await using echo = stand('router');
    const rollout = example('rollout') as never;
    const extras = [{ weight: 5, serviceName: 'x', podTemplateHash: 'h' }];
    const match = [{ headerName: 'X', headerValue: { regex: '.*' } }];
    const told = async (call: RouteCall) => {
      const request = { plugin: NAME, rollout, calls: [call] };
      const { failed, verified } = await routeByPlugin(echo.plugins, request, never);
      const [, json = ''] = / via plugin: (.*)$/.exec(failed?.error ?? '') ?? [];
      return { said: JSON.parse(json) as Json, verified };
    };
    expect(await told({ op: 'updateHash', canaryHash: 'c', stableHash: 's', extras })).toEqual({
      said: ['web', 'c', 's', extras],
      verified: undefined,
    });
    expect(await told({ op: 'setWeight', weight: 20, extras })).toMatchObject({
      said: ['web', 20, extras],
    });
    expect(await told({ op: 'setWeight', weight: 0, extras: [] })).toMatchObject({
      said: ['web', 0, null],
    });
    expect(await told({ op: 'setHeaderRoute', step: { name: 'a', match } })).toMatchObject({
      said: ['web', { name: 'a', match }],
    });
    const mirror = { name: 'm', percentage: 7, match: [{ method: { exact: 'GET' } }] };
    expect(await told({ op: 'setMirrorRoute', step: mirror })).toMatchObject({
      said: ['web', mirror],
    });
    expect(await told({ op: 'removeManagedRoutes' })).toMatchObject({ said: ['web'] });
    expect(await told({ op: 'verifyWeight', weight: 20, extras })).toEqual({
      said: ['web', 20, extras],
      verified: true,
    });
  });

  it.each(['Run', 'Terminate', 'Abort'] as const)('takes a step: %s', async (operation) => {
    await using echo = stand('step');
    const request = {
      operation,
      name: NAME,
      rollout: example('rollout') as never,
      config: { a: 1 },
      state: { b: 2 },
    };
    const outcome = await askStep(echo.plugins, request, never);
    if (outcome.kind !== 'result') throw new Error(outcome.kind);
    expect(outcome).toMatchObject({ phase: 'Successful', state: { a: 1 }, requeueAfter: 0 });
    const [, context] = JSON.parse(outcome.message) as [Json, Json];
    expect(context).toEqual({ PluginName: NAME, Config: { a: 1 }, Status: { b: 2 } });
  });
});
