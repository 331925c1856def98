// Names of the scopes in which routes hold: the mesh, or one gateway.
import type { Caller, GatewayListener } from './plan.ts';
import { MESH } from './routes.ts';

/** The name of the scope whose routes hold for a caller. */
export function scopeOf(caller: Caller): string {
  if (caller.kind !== 'gateway') return MESH;
  return listenerScope(caller.listener);
}

/** Istio's routes name a Gateway as a whole, those of the Gateway API one of its ports. */
export function listenerScope({ api, namespace, name, port }: GatewayListener): string {
  return api === 'istio' ? `istio/${namespace}/${name}` : `kubernetes/${namespace}/${name}/${port}`;
}
