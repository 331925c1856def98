// Whether a canary's traffic is shifted by router plugins (rollout.md 10.1): an empty list of them is none.
import type { CanaryStrategy } from '../../../api/rollout.ts';

export function hasPlugins(routing: CanaryStrategy['trafficRouting']): boolean {
  const { plugins } = routing ?? {};
  return typeof plugins === 'object' && plugins !== null && Object.keys(plugins).length > 0;
}
