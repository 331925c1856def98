// One pass of a blue-green (rollout.md 6.1): preview, sizes, pause, switch, analyses. Entry point: `blueGreenPass`.
import type { RolloutStatus } from '../../../api/rollout.ts';
import { cleanRevisions, cleanRuns } from '../history.ts';
import { syncMetadata } from '../metadata.ts';
import type { Pass } from '../pass.ts';
import { restartPods } from '../restart.ts';
import { hashOf } from '../sets.ts';
import { resetStatus, scaledStatus } from '../status.ts';
import { followGates } from './analyses.ts';
import { pauseBeforeSwitch } from './gates.ts';
import { scaleBlueGreen } from './scaling.ts';
import { pointPreview, readSelectors, switchActive } from './services.ts';
import { blueGreenStatus } from './status.ts';

/** Undefined: pods were evicted or a run cannot be made; the status stays. */
export function blueGreenPass(pass: Pass): RolloutStatus | undefined {
  const { draft } = pass;
  draft.weights = undefined;
  readSelectors(pass);
  pointPreview(pass);
  if (isChanged(pass)) return resetStatus(pass);
  if (restartPods(pass)) return undefined;
  scaleBlueGreen(pass);
  syncMetadata(pass);
  cleanRevisions(pass);
  pauseBeforeSwitch(pass);
  switchActive(pass);
  if (!followGates(pass)) return undefined;
  cleanRuns(pass);
  return blueGreenStatus(pass);
}

/** Only `spec.replicas` has changed: sizes follow, nothing else is looked at. */
export function blueGreenScaling(pass: Pass): RolloutStatus {
  readSelectors(pass);
  scaleBlueGreen(pass);
  return scaledStatus(pass);
}

/** Another template; or the Rollout was a canary until now, of which no pause or step is left over. */
function isChanged({ stored, sets }: Pass): boolean {
  const { currentPodHash = '', currentStepHash = '' } = stored;
  return (
    (currentPodHash !== '' && hashOf(sets.newSet) !== currentPodHash) || currentStepHash !== ''
  );
}
