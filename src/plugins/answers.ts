// Plugins as the controller asks them: what it wants of them all, in one place.
import type {
  RouteAsk,
  RouteOutcome,
  StepPluginAsk,
  StepPluginOutcome,
} from '../api/plugin-asks.ts';
import type { Rollout } from '../api/rollout.ts';
import { cancellation } from '../lib/clock.ts';
import type { Cancel } from '../lib/ports.ts';
import { type MeasuringPlugins, measuringPlugins } from './kinds/metric.ts';
import { routeByPlugin } from './kinds/router.ts';
import { askStep } from './kinds/step.ts';
import type { Plugins } from './plugins.ts';

export interface PluginAnswers {
  readonly measuring: MeasuringPlugins;
  readonly answers: {
    step(request: StepPluginAsk, cancel: Cancel): Promise<StepPluginOutcome>;
    route(request: RouteAsk, cancel: Cancel): Promise<RouteOutcome>;
  };
}

/** `onProblem` is told what is of no consequence for an answer. */
export function pluginAnswers(plugins: Plugins, onProblem: (text: string) => void): PluginAnswers {
  const lines = new Lines();
  const lineOf = (name: string, { metadata }: Rollout) => `${metadata.uid} ${name}`;
  return {
    measuring: measuringPlugins(plugins, onProblem),
    answers: {
      step: (request) =>
        lines.join(lineOf(request.name, request.rollout), () =>
          // Not to be cancelled: what has been begun goes on, and the next call must not overtake it.
          askStep(plugins, request, cancellation().cancel),
        ),
      route: (request, cancel) =>
        lines.join(lineOf(request.plugin, request.rollout), () =>
          routeByPlugin(plugins, request, cancel),
        ),
    },
  };
}

/** Work of one name is done one after the other, in the order in which it came. */
class Lines {
  readonly #ends = new Map<string, Promise<unknown>>();

  join<T>(name: string, work: () => Promise<T>): Promise<T> {
    const before = this.#ends.get(name) ?? Promise.resolve();
    const mine = before.then(work, work);
    this.#ends.set(name, mine);
    const leave = () => {
      if (this.#ends.get(name) === mine) this.#ends.delete(name);
    };
    mine.then(leave, leave);
    return mine;
  }
}
