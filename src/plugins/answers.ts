// Plugins as the controller asks them: what it wants of them all, in one place.
import type { Cancel } from '../lib/ports.ts';
import { type MeasuringPlugins, measuringPlugins } from './kinds/metric.ts';
import { type RouterOutcome, type RouterRequest, routeByPlugin } from './kinds/router.ts';
import { askStep, type StepOutcome, type StepRequest } from './kinds/step.ts';
import type { Plugins } from './plugins.ts';

export interface PluginAnswers {
  readonly measuring: MeasuringPlugins;
  readonly answers: {
    step(request: StepRequest, cancel: Cancel): Promise<StepOutcome>;
    route(request: RouterRequest, cancel: Cancel): Promise<RouterOutcome>;
  };
}

/** `onProblem` is told what is of no consequence for an answer. */
export function pluginAnswers(plugins: Plugins, onProblem: (text: string) => void): PluginAnswers {
  return {
    measuring: measuringPlugins(plugins, onProblem),
    answers: {
      step: (request, cancel) => askStep(plugins, request, cancel),
      route: (request, cancel) => routeByPlugin(plugins, request, cancel),
    },
  };
}
