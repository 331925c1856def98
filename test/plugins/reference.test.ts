// What arrives in a plugin that was built with the reference's own types: every field of a whole object, and the
// answers of all methods. In complete runs only: Go compiles these types for minutes.
import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Json } from '../../src/api/object.ts';
import { cancellation } from '../../src/lib/clock.ts';
import { parseYaml } from '../../src/lib/yaml.ts';
import { measurePlugin } from '../../src/plugins/kinds/metric.ts';
import { builtPlugin, buildsReference } from '../support/go.ts';
import { pluginStand } from '../support/plugins.ts';

const NAME = 'tests/echo';
const never = cancellation().cancel;

function example(name: string): Json {
  const text = readFileSync(new URL(`objects/${name}.yaml`, import.meta.url), 'utf8');
  const parsed = parseYaml(text);
  if (!parsed.ok) throw new Error(parsed.error);
  return parsed.documents[0] as Json;
}

describe.runIf(buildsReference)("a plugin with the reference's types", () => {
  let command = '';
  beforeAll(() => {
    command = builtPlugin('reference');
  }, 900_000);

  const stand = (kind: 'metric' | 'step' | 'router') =>
    pluginStand([{ kind, name: NAME, command }]);

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
});
