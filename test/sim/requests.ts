// What one rollout of the fleet costs the API server, on the virtual clock: requests by verb and resource.
import type { HttpRequest } from '../../src/lib/ports.ts';
import { withCluster } from '../support/cluster.ts';
import { deploy, RequestCount, update } from './fleet.ts';

export interface Cost {
  readonly requests: number;
  readonly events: number;
  /** `PATCH rollouts/status` and how often, by name. */
  readonly by: ReadonlyMap<string, number>;
}

const REST_MS = 60_000;

/** From nothing to Healthy and at rest, then the same for another image. */
export async function costs(
  propagationDelayMs: number,
): Promise<{ readonly create: Cost; readonly update: Cost }> {
  const count = new RequestCount();
  const options = {
    podStartMs: 50,
    podStopMs: 50,
    propagationDelayMs,
    onRequest: (request: HttpRequest) => count.see(request),
  };
  return withCluster(options, async (cluster) => {
    const cost = async (act: Promise<void>): Promise<Cost> => {
      count.clear();
      await act;
      await cluster.advance(REST_MS);
      const by = new Map([...count.by].toSorted(([a], [b]) => (a < b ? -1 : 1)));
      return { requests: count.total, events: count.events, by };
    };
    return {
      create: await cost(deploy(cluster.client, 'web')),
      update: await cost(update(cluster.client, 'web', 2)),
    };
  });
}
