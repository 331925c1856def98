// Traffic router plugins: routes that a plugin writes (traffic.md 3.8). Entry point: `routeByPlugin`.
import type { Json } from '../../api/object.ts';
import type { RouteAsk, RouteCall, RouteOutcome } from '../../api/plugin-asks.ts';
import type { Rollout } from '../../api/rollout.ts';
import { unreachable } from '../../lib/assert.ts';
import type { Cancel } from '../../lib/ports.ts';
import { PluginError } from '../plugin-error.ts';
import type { PluginCall, Plugins } from '../plugins.ts';

const TASKS = {
  removeManagedRoutes: 'remove managed routes',
  setHeaderRoute: 'set header route',
  setMirrorRoute: 'set mirror route',
  updateHash: 'update hash',
  setWeight: 'set weight',
  verifyWeight: 'verify weight',
} as const;

/** As plugins say it; other numbers mean not verified. */
const VERIFIED = 1;
const CANNOT_VERIFY = 2;

/**
 * Makes the calls in order up to the first that fails. When it is cancelled no further one is made, but the one under way
 * is waited for: a later one must not be overtaken by it. Never throws: what stands in the way is the outcome.
 */
export async function routeByPlugin(
  plugins: Plugins,
  { plugin, rollout, calls }: RouteAsk,
  cancel: Cancel,
): Promise<RouteOutcome> {
  let verified: boolean | undefined;
  for (const call of calls) {
    if (cancel.cancelled) break;
    try {
      const answer = await plugins.call({ ...pluginCall(rollout, call), name: plugin });
      const said = call.op === 'verifyWeight' ? (answer as VerifyAnswer) : undefined;
      const refusal = said === undefined ? (answer as Refusal) : (said.err ?? {});
      if (said !== undefined) verified = verdictOf(said.verified ?? 0);
      const text = refusal.errorString ?? '';
      if (text !== '') return failed(call.op, text, verified);
    } catch (error) {
      if (!(error instanceof PluginError)) throw error;
      return broken(plugin, call.op, error);
    }
  }
  return verified === undefined ? {} : { verified };
}

interface Refusal {
  readonly errorString?: string;
}

interface VerifyAnswer {
  readonly verified?: number;
  readonly err?: Refusal;
}

function verdictOf(said: number): boolean | undefined {
  return said === CANNOT_VERIFY ? undefined : said === VERIFIED;
}

function failed(op: RouteCall['op'], text: string, verified: boolean | undefined): RouteOutcome {
  const error = `failed to ${TASKS[op]} via plugin: ${text}`;
  return { failed: { op, error }, ...(verified === undefined ? {} : { verified }) };
}

function broken(plugin: string, op: RouteCall['op'], error: PluginError): RouteOutcome {
  if (error.kind === 'unavailable') {
    const text = `failed to get traffic router plugin ${plugin}: unable to start plugin system: ${error.message}`;
    return { failed: { op, error: text } };
  }
  const method = `${op.charAt(0).toUpperCase()}${op.slice(1)}`;
  const verified = op === 'verifyWeight' ? false : undefined;
  return failed(op, `${method} rpc call error: ${error.message}`, verified);
}

type Sent = Pick<PluginCall, 'kind' | 'method' | 'argument' | 'answer'>;

function pluginCall(rollout: Rollout, call: RouteCall): Sent {
  const sent = (method: string, type: string, members: object): Sent => ({
    kind: 'router',
    method,
    argument: { type, registered: type, value: { rollout, ...members } as unknown as Json },
    answer: method === 'VerifyWeight' ? 'VerifyWeightResponse' : 'RpcError',
  });
  switch (call.op) {
    case 'removeManagedRoutes':
      return sent('RemoveManagedRoutes', 'RemoveManagedRoutesArgs', {});
    case 'setHeaderRoute':
      return sent('SetHeaderRoute', 'SetHeaderArgs', { setHeaderRoute: call.step });
    case 'setMirrorRoute':
      return sent('SetMirrorRoute', 'SetMirrorArgs', { setMirrorRoute: call.step });
    case 'updateHash':
      return sent('UpdateHash', 'UpdateHashArgs', {
        canaryHash: call.canaryHash,
        stableHash: call.stableHash,
        additionalDestinations: call.extras,
      });
    case 'setWeight':
    case 'verifyWeight': {
      const method = call.op === 'setWeight' ? 'SetWeight' : 'VerifyWeight';
      return sent(method, 'SetWeightAndVerifyWeightArgs', {
        desiredWeight: call.weight,
        additionalDestinations: call.extras,
      });
    }
    default:
      return unreachable(call);
  }
}
