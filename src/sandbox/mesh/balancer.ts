// Which pod of a destination: Envoy's three simple ways.
import { unreachable } from '../../lib/assert.ts';
import type { Random } from '../../lib/ports.ts';
import type { Endpoint } from './plan.ts';

export type Balancer = 'least-request' | 'round-robin' | 'random';

/** Turns of one destination for `round-robin`. */
export interface Turns {
  next: number;
}

export interface Choice {
  readonly endpoints: readonly Endpoint[];
  readonly balancer: Balancer;
  readonly random: Random;
  readonly turns: Turns;
}

export function choose({ endpoints, balancer, random, turns }: Choice): Endpoint | undefined {
  if (endpoints.length <= 1) return endpoints[0];
  switch (balancer) {
    case 'round-robin': {
      const turn = turns.next % endpoints.length;
      turns.next = turn + 1;
      return endpoints[turn];
    }
    case 'random':
      return drawn(endpoints, random);
    case 'least-request':
      return lessBusy(drawn(endpoints, random), drawn(endpoints, random));
    default:
      return unreachable(balancer);
  }
}

function drawn(endpoints: readonly Endpoint[], random: Random): Endpoint | undefined {
  return endpoints[Math.floor(random.next() * endpoints.length)];
}

/** The better of two drawn ones: nearly as even as the best of all, and no herd runs to it. */
function lessBusy(a: Endpoint | undefined, b: Endpoint | undefined): Endpoint | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  return b.load.active < a.load.active ? b : a;
}
