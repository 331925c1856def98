// Step plugins: a step of a canary that a plugin takes (rollout.md 5.4). Entry point: `askStep`.
import type { Json } from '../../api/object.ts';
import type { StepPluginAsk, StepPluginOutcome } from '../../api/plugin-asks.ts';
import type { Cancel } from '../../lib/ports.ts';
import { milliseconds } from '../../lib/time.ts';
import { PluginError } from '../plugin-error.ts';
import type { Plugins } from '../plugins.ts';

/** What a plugin answers, as far as it does. */
interface Answer {
  readonly result?: {
    readonly phase?: string;
    readonly message?: string;
    /** Nanoseconds. */
    readonly requeueAfter?: number;
    readonly status?: Json;
  };
  readonly error?: { readonly errorString?: string };
}

const NANOSECONDS = 1e6;

/** Never throws: what stands in the way is the outcome. */
export async function askStep(
  plugins: Plugins,
  { operation, name, rollout, config, state }: StepPluginAsk,
  cancel: Cancel,
): Promise<StepPluginOutcome> {
  const context = {
    pluginName: name,
    ...(config === undefined ? {} : { config }),
    ...(state === undefined ? {} : { status: state }),
  };
  try {
    if (await plugins.isDisabled(name)) return { kind: 'disabled' };
    const { result = {}, error } = (await plugins.call({
      kind: 'step',
      name,
      method: operation,
      argument: {
        type: 'StepArgs',
        registered: `step.${operation}Args`,
        value: { rollout, context } as unknown as Json,
      },
      answer: 'StepResponse',
      cancel,
    })) as Answer;
    const refusal = error?.errorString ?? '';
    if (refusal !== '') return { kind: 'error', error: refusal };
    return {
      kind: 'result',
      phase: result.phase ?? '',
      message: result.message ?? '',
      requeueAfter: milliseconds((result.requeueAfter ?? 0) / NANOSECONDS),
      ...(result.status === undefined ? {} : { state: result.status }),
    };
  } catch (error) {
    if (!(error instanceof PluginError)) throw error;
    return error.kind === 'unavailable'
      ? { kind: 'unavailable', error: `unable to start plugin system: ${error.message}` }
      : { kind: 'error', error: `${operation} rpc call error: ${error.message}` };
  }
}
