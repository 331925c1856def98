// Which sets a live route, Service or subset still refers to (rollout.md 4.7, traffic.md 1.8): they keep their pods.
import { HASH_LABEL } from '../../api/names.ts';
import type { DestinationRule } from '../traffic/istio-objects.ts';
import type { Rollout } from '../../api/rollout.ts';
import { blueGreenOf, canaryOf } from './limits.ts';
import type { Pass } from './pass.ts';
import { idleService } from './ping-pong.ts';

/** Hashes that something refers to. */
export function referencedHashes(pass: Pass): ReadonlySet<string> {
  const { stored, draft, world } = pass;
  const recorded = [stored.canary?.weights, draft.weights].flatMap((weights) =>
    weights === undefined
      ? []
      : [weights.canary, weights.stable, ...(weights.additional ?? [])].map(
          (party) => party.podTemplateHash,
        ),
  );
  const names = serviceNames(pass);
  const selected = world.services
    .filter((service) => names.has(service.metadata.name))
    .map((service) => service.spec.selector?.[HASH_LABEL]);
  const subsets = (world.destinationRules as readonly DestinationRule[]).flatMap((rule) =>
    (rule.spec?.subsets ?? []).flatMap((subset) => Object.values(subset.labels ?? {})),
  );
  const { activeSelector, previewSelector } = stored.blueGreen ?? {};
  const named = [stored.stableRS, stored.currentPodHash, activeSelector, previewSelector];
  return nonEmpty([...named, ...recorded, ...selected, ...subsets]);
}

/** Those that keep the set alive that they select. */
function serviceNames(pass: Pass): ReadonlySet<string> {
  const names = namedServices(pass.rollout);
  const idle = idleService(pass);
  return new Set([...names].filter((name) => name !== idle));
}

/** Services that the spec names. */
export function namedServices(rollout: Rollout): ReadonlySet<string> {
  const canary = canaryOf(rollout);
  const { pingPong } = canary ?? {};
  const blueGreen = blueGreenOf(rollout);
  const names = [
    canary?.canaryService,
    canary?.stableService,
    pingPong?.pingService,
    pingPong?.pongService,
    blueGreen?.activeService,
    blueGreen?.previewService,
  ];
  return nonEmpty(names);
}

function nonEmpty(texts: readonly (string | undefined)[]): ReadonlySet<string> {
  return new Set(texts.filter((text): text is string => text !== undefined && text !== ''));
}
