// Services and DestinationRules of a Rollout that is gone are given back as their users wrote them.
// Entry point: `releaseObjects`.
import type { KubeObject } from '../api/object.ts';
import { ROLLOUTS } from '../api/resources.ts';
import { releaseWrite } from '../core/rollout/release.ts';
import type { KubeClient } from '../kube/client.ts';
import { isNotFound } from '../kube/errors.ts';
import type { Cancel } from '../lib/ports.ts';
import { applyWrites } from './apply.ts';
import type { Log } from './log.ts';
import type { RolloutName } from './managed-objects.ts';
import type { PassResult } from './queue.ts';

export interface ReleasePorts {
  readonly client: KubeClient;
  readonly log: Log;
  /** Cancelled when nothing more is to be written. */
  readonly abandoned: Cancel;
}

/** Gives back `objects`, those that the Rollout has pointed. */
export async function releaseObjects(
  { client, log, abandoned }: ReleasePorts,
  { namespace, name }: RolloutName,
  objects: readonly KubeObject[],
): Promise<PassResult> {
  if (objects.length === 0) return 'done';
  const isThere = await client.get({ resource: ROLLOUTS, namespace, name }).then(
    () => true,
    (error: unknown) => {
      if (!isNotFound(error)) throw error;
      return false;
    },
  );
  // The caches do not show it yet, or it is another controller's: both look at it themselves.
  if (isThere) return 'done';
  const ports = { client, tell: () => undefined, cancel: abandoned };
  const outcome = await applyWrites(ports, objects.map(releaseWrite));
  if (outcome.kind === 'ok') return 'done';
  const cause = 'error' in outcome ? outcome.error.message : outcome.kind;
  log.warn('cannot give back what a Rollout that is gone has pointed', { namespace, name, cause });
  return 'retry';
}
