// Everything an AnalysisRun's decision may look at.
import type { AnalysisRun } from '../../api/analysis.ts';
import type { Answer } from '../decision.ts';

export interface AnalysisWorld {
  readonly run: AnalysisRun;
  /** Measurements and secrets that were asked for and have come, not yet in the stored status. */
  readonly answers: readonly Answer[];
}
