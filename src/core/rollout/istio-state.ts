// What the Istio router sees of a pass.
import type { IstioState } from '../traffic/istio.ts';
import type { Pass } from './pass.ts';
import { availableOf, hashOf, sizeOf } from './sets.ts';

export function stateOf({ rollout, world, sets }: Pass): IstioState {
  return {
    rollout,
    virtualServices: world.virtualServices,
    destinationRules: world.destinationRules,
    sets: sets.all.map((set) => ({
      name: set.metadata.name,
      hash: hashOf(set),
      spec: sizeOf(set),
      available: availableOf(set),
    })),
  };
}
