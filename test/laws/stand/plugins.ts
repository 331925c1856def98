// Plugins as a story has them: a router that takes whatever it is told, and steps that end as their configuration says.
import type { PluginAnswers } from '../../../src/controller/asks.ts';
import type { StepPluginOutcome } from '../../../src/api/plugin-asks.ts';
import { seconds } from '../../../src/lib/time.ts';

/** How a step of a plugin goes: done at once, done at the third call, failed, or never asked. */
export type PluginStepWish = 'once' | 'thrice' | 'fails' | 'off' | 'missing';

export const ROUTER_PLUGIN = 'tests/router';
export const STEP_PLUGIN = 'tests/step';

/** `turn` is awaited before each answer, so that none comes at once. */
export function storyPlugins(turn: () => Promise<void>): PluginAnswers {
  return {
    step: async ({ operation, config, state }) => {
      await turn();
      if (operation !== 'Run') return result('');
      return answerOf(
        (config as { readonly wish: PluginStepWish }).wish,
        ((state ?? { calls: 0 }) as { readonly calls: number }).calls + 1,
      );
    },
    route: async ({ calls }) => {
      await turn();
      return calls.some(({ op }) => op === 'verifyWeight') ? { verified: true } : {};
    },
  };
}

function result(phase: string, state?: number): StepPluginOutcome {
  const requeueAfter = seconds(12);
  const kept = state === undefined ? {} : { state: { calls: state } };
  return { kind: 'result', phase, message: '', requeueAfter, ...kept };
}

function answerOf(wish: PluginStepWish, call: number): StepPluginOutcome {
  switch (wish) {
    case 'once':
      return result('Successful', call);
    case 'thrice':
      return result(call < 3 ? 'Running' : 'Successful', call);
    case 'fails':
      return result('Failed');
    case 'off':
      return { kind: 'disabled' };
    default:
      return { kind: 'unavailable', error: 'there is no such plugin' };
  }
}
