// Services that a Rollout has pointed at its sets and names no more: they select by what their users wrote again, lest they
// stay with one version for ever (rollout.md 8.2). Entry point: `releaseServices`; of a Rollout that is gone, `releaseWrite`.
import type { Service } from '../../api/kubernetes.ts';
import { HASH_LABEL, MANAGED_BY, SWITCHED } from '../../api/names.ts';
import { SERVICES } from '../../api/resources.ts';
import type { PatchWrite } from '../decision.ts';
import { refOf } from '../ownership.ts';
import type { Pass } from './pass.ts';
import { namedServices } from './references.ts';

export function releaseServices(pass: Pass): void {
  const { world, draft } = pass;
  const named = namedServices(pass.rollout);
  for (const service of world.managedServices) {
    const { name } = service.metadata;
    if (named.has(name)) continue;
    draft.writes.push(releaseWrite(service));
    draft.reasons.push({
      code: 'SwitchingService',
      message: `Service ${name} is no longer named and selects all pods again`,
    });
  }
}

/** Takes away what a Rollout has put into the Service. */
export function releaseWrite(service: Service): PatchWrite {
  const annotations = { [MANAGED_BY]: null, [SWITCHED]: null };
  return {
    kind: 'patch',
    ref: refOf(SERVICES, service),
    resourceVersion: service.metadata.resourceVersion ?? '',
    patch: {
      type: 'merge',
      body: { metadata: { annotations }, spec: { selector: { [HASH_LABEL]: null } } },
    },
    events: [],
  };
}
