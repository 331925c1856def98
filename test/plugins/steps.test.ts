// Step plugins: the whole controller on the sandbox, and a real program that takes the steps (rollout.md 5.4).
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Rollout } from '../../src/api/rollout.ts';
import {
  isHealthy,
  isPaused,
  type Strategy,
  timesTold,
  type Web,
  withWeb,
} from '../scenarios/web.ts';
import { builtPlugin, hasGo } from '../support/go.ts';
import { pluginStand, recordedCalls } from '../support/plugins.ts';

const NAME = 'tests/own';

function strategyThat(...steps: readonly object[]): Strategy {
  return { canary: { steps } };
}

function plugin(config: object, name = NAME) {
  return { plugin: { name, config } };
}

function entries({ status }: Rollout) {
  return status?.canary?.stepPluginStatuses ?? [];
}

describe.runIf(hasGo)('a step that a plugin takes', () => {
  let command = '';
  beforeAll(() => {
    command = builtPlugin('own');
  }, 300_000);

  interface Played {
    readonly args?: readonly string[];
    readonly disabled?: boolean;
    readonly callSeconds?: number;
  }

  async function play(
    strategy: Strategy,
    story: (web: Web, calls: () => readonly string[]) => Promise<void>,
    { args = [], disabled = false, callSeconds = 20 }: Played = {},
  ): Promise<void> {
    const file = join(mkdtempSync(join(tmpdir(), 'slipway-plugin-')), 'calls');
    await using stand = pluginStand(
      [{ kind: 'step', name: NAME, command, args: ['-calls', file, ...args], disabled }],
      { callSeconds },
    );
    const calls = () => recordedCalls(file).map(({ method }) => method);
    await withWeb({ strategy, plugins: stand }, async (web) => {
      await web.until('healthy', isHealthy);
      await web.setImage('app:v2');
      await story(web, calls);
    });
  }

  it('goes on when the plugin is done, and what it said stays', async () => {
    const strategy = strategyThat({ setWeight: 50 }, plugin({ message: 'approved' }));
    await play(strategy, async (web, calls) => {
      await web.until('healthy', (rollout) => isHealthy(rollout) && entries(rollout).length > 0);
      expect(entries(await web.rollout())).toEqual([
        {
          index: 1,
          name: NAME,
          operation: 'Run',
          phase: 'Successful',
          message: 'approved',
          executions: 1,
          startedAt: expect.any(String) as string,
          updatedAt: expect.any(String) as string,
          finishedAt: expect.any(String) as string,
          status: { Count: 1 },
        },
      ]);
      expect(calls()).toEqual(['InitPlugin', 'Run']);
      expect(web.sizes()).toEqual({ 'app:v1': 0, 'app:v2': 2 });
      expect(web.told('StepPluginTransition')).toEqual([]);
      expect(web.told('RolloutStepCompleted')).toContain(
        `Rollout step 2/2 completed (plugin: ${NAME})`,
      );
    });
  });

  it('is asked again when the plugin says so, with what it gave to be kept', async () => {
    const strategy = strategyThat(plugin({ do: 'times', times: 3, after: '45s' }));
    await play(strategy, async (web, calls) => {
      await web.seconds(20);
      expect(entries(await web.rollout())).toMatchObject([
        { phase: 'Running', backoff: '45s', executions: 1, status: { Count: 1 } },
      ]);
      await web.seconds(50);
      expect(entries(await web.rollout())).toMatchObject([
        { phase: 'Running', executions: 2, status: { Count: 2 } },
      ]);
      await web.until('done', isHealthy);
      expect(entries(await web.rollout())).toMatchObject([
        { phase: 'Successful', executions: 3, status: { Count: 3 } },
      ]);
      expect(calls()).toEqual(['InitPlugin', 'Run', 'Run', 'Run']);
      expect(web.told('StepPluginTransition')).toEqual([
        `Step plugin ${NAME} (step 1) transitioned to Running`,
      ]);
    });
  });

  it('aborts the update when it fails, and earlier steps are undone from the last on', async () => {
    const strategy = strategyThat(
      plugin({ message: 'one' }),
      plugin({ message: 'two' }),
      plugin({ do: 'phase', value: 'Failed', message: 'too many errors' }),
    );
    await play(strategy, async (web, calls) => {
      await web.until('undone', (rollout) => entries(rollout).length === 5);
      await web.seconds(60);
      const rollout = await web.rollout();
      expect(rollout.status).toMatchObject({ abort: true, phase: 'Degraded' });
      expect(
        entries(rollout).map(({ index, operation, phase }) => [index, operation, phase]),
      ).toEqual([
        [0, 'Run', 'Successful'],
        [1, 'Run', 'Successful'],
        [2, 'Run', 'Failed'],
        [1, 'Abort', 'Successful'],
        [0, 'Abort', 'Successful'],
      ]);
      expect(web.told('RolloutAborted')[0]).toContain(
        `Step Plugin 3 (${NAME}) failed: too many errors`,
      );
      expect(web.told('StepPluginTransition')).toEqual([
        `Step plugin ${NAME} (step 3) transitioned to Failed`,
        `Step plugin ${NAME} (step 2) aborted (Successful)`,
        `Step plugin ${NAME} (step 1) aborted (Successful)`,
      ]);
      expect(calls()).toEqual(['InitPlugin', 'Run', 'Run', 'Run', 'Abort', 'Abort']);

      await web.run('retry', 'rollout', 'web');
      const runs = () => calls().filter((method) => method === 'Run').length;
      await web.until('tried again', () => runs() === 6);
    });
  });

  it('is terminated by a full promotion', async () => {
    const strategy = strategyThat(plugin({ do: 'times', times: 99 }));
    await play(strategy, async (web, calls) => {
      await web.until('begun', (rollout) => entries(rollout).length === 1);
      await web.run('promote', '--full', 'web');
      await web.until('healthy', isHealthy);
      await web.seconds(120);
      expect(entries(await web.rollout())).toMatchObject([
        { operation: 'Run', phase: 'Running' },
        { operation: 'Terminate', phase: 'Successful', message: 'ended early' },
      ]);
      expect(calls()).toEqual(['InitPlugin', 'Run', 'Terminate']);
    });
  });

  it('counts as done where its plugin is switched off', async () => {
    const strategy = strategyThat(plugin({ do: 'times', times: 99 }), { pause: {} });
    await play(
      strategy,
      async (web, calls) => {
        await web.until('past it', isPaused);
        expect(entries(await web.rollout())).toEqual([
          { index: 0, name: NAME, operation: 'Run', disabled: true },
        ]);
        expect(calls()).toEqual([]);
      },
      { disabled: true },
    );
  });

  it.each([
    {
      reason: 'a plugin that says it failed in its work',
      config: { do: 'error', message: 'no database' },
      message: 'no database',
      told: `Step plugin ${NAME} (step 1) transitioned to Error`,
    },
    {
      reason: 'a plugin that dies',
      config: { do: 'die' },
      message: 'Run rpc call error: the plugin ended (exit status 3)',
      told: `Step plugin ${NAME} (step 1) transitioned to Error`,
    },
    {
      reason: 'a plugin that hangs',
      config: { do: 'hang' },
      message: 'Run rpc call error: no answer within 1 s',
      told: `Step plugin ${NAME} (step 1) transitioned to Error`,
    },
    {
      reason: 'a plugin that answers nonsense',
      config: { do: 'phase', value: 'Banana' },
      message: "failed to run plugin: could not validate rpc phase: phase 'Banana' is not valid",
      told: "Reconciliation failed with error: failed to run plugin: could not validate rpc phase: phase 'Banana' is not valid",
    },
    {
      reason: 'a plugin that gives a text to be kept',
      config: { do: 'state', value: '"done"' },
      message: 'failed to run plugin: its status is "done", but only a JSON object can be kept',
      told: 'Reconciliation failed with error: failed to run plugin: its status is "done"',
    },
    {
      reason: 'a plugin that gives what is no JSON to be kept',
      config: { do: 'state', value: '{' },
      message:
        'Run rpc call error: the answer of Run cannot be read: a member that should be JSON is none',
      told: `Step plugin ${NAME} (step 1) transitioned to Error`,
    },
    {
      reason: 'a plugin that nobody has configured',
      name: 'tests/none',
      config: {},
      message:
        'could not create step plugin at index 0 : failed to get step plugin tests/none: unable to start plugin system: ' +
        'unable to find plugin (tests/none): plugin tests/none not configured in configmap',
      told: 'Reconciliation failed with error: could not create step plugin at index 0 : failed to get step plugin tests/none',
    },
  ])('waits thirty seconds after $reason', async ({ config, message, told, name = NAME }) => {
    await play(
      strategyThat(plugin(config, name)),
      async (web) => {
        await web.until('said', (rollout) => entries(rollout)[0]?.updatedAt !== undefined);
        const [entry] = entries(await web.rollout());
        expect(entry).toMatchObject({ phase: 'Error', message, backoff: '30s' });
        const all = [...web.told('StepPluginTransition'), ...web.told('ReconciliationError')];
        expect(all[0]).toContain(told);
        expect((await web.rollout()).status).toMatchObject({
          phase: 'Progressing',
          currentStepIndex: 0,
        });
        await web.seconds(25);
        expect(entries(await web.rollout())).toEqual([entry]);
        await web.seconds(10);
        const [next] = entries(await web.rollout());
        expect(next?.updatedAt).not.toBe(entry?.updatedAt);
        // The same again is told no second time.
        const reasons = ['StepPluginTransition', 'ReconciliationError'];
        expect(Math.max(...reasons.map((one) => timesTold(web, one)))).toBe(1);
        // And an abort is not held up by it.
        await web.run('abort', 'web');
        await web.until('aborted', ({ status }) => status?.phase === 'Degraded');
      },
      { callSeconds: 1 },
    );
  });
});
