// The phase of an Experiment from its templates and analyses (experiment.md 7). Entry point: `phaseOf`.
import type { ExperimentAnalysisRef, TemplateStatus } from '../../api/experiment.ts';
import { isCompleted } from '../analysis/assess.ts';
import { type AnalysisEntry, hasRequiredSuccess } from './situation.ts';

export interface PhaseAndMessage {
  readonly phase: string;
  readonly message: string;
}

const TEMPLATE_ORDER = ['Successful', 'Running', 'Progressing', 'Error', 'Failed'];
const ANALYSIS_ORDER = ['Successful', 'Running', 'Pending', 'Inconclusive', 'Error', 'Failed'];

function badness(order: readonly string[], word: string): number {
  return Math.max(0, order.indexOf(word));
}

/** The worst entry of a list, the first of equals; undefined if it is empty. */
function worstOf<T>(items: readonly T[], rank: (item: T) => number): T | undefined {
  return items.reduce<T | undefined>(
    (worst, item) => (worst === undefined || rank(item) > rank(worst) ? item : worst),
    undefined,
  );
}

/** Progressing templates make it Pending; without templates it is Successful. */
export function templatesPhase(
  names: readonly string[],
  statuses: readonly TemplateStatus[],
): PhaseAndMessage {
  const entries = names.map((name) => {
    const { status = 'Progressing', message = '' } =
      statuses.find((entry) => entry.name === name) ?? {};
    return { status, message };
  });
  const worst = worstOf(entries, ({ status }) => badness(TEMPLATE_ORDER, status));
  if (worst === undefined) return { phase: 'Successful', message: '' };
  const { status, message } = worst;
  return { phase: status === 'Progressing' ? 'Pending' : status, message };
}

function analysesPhase(
  analyses: readonly ExperimentAnalysisRef[],
  entries: readonly AnalysisEntry[],
): PhaseAndMessage {
  const all = analyses.map((analysis) => {
    const { phase = '', message = '' } =
      entries.find((entry) => entry.name === analysis.name) ?? {};
    return { phase, message };
  });
  const worst = worstOf(all, ({ phase }) => badness(ANALYSIS_ORDER, phase));
  if (worst === undefined) return { phase: 'Successful', message: '' };
  const isDone = all.every(({ phase }) => phase === 'Successful' || phase === '');
  if (isDone && hasRequiredSuccess(analyses, entries)) {
    return { phase: 'Successful', message: 'Required AnalysisRuns completed' };
  }
  const phase = worst.phase === '' ? 'Successful' : worst.phase;
  return { phase: phase === 'Pending' ? 'Running' : phase, message: worst.message };
}

export interface PhaseParts {
  readonly templates: PhaseAndMessage;
  readonly analyses: readonly ExperimentAnalysisRef[];
  readonly entries: readonly AnalysisEntry[];
}

const BAD: ReadonlySet<string> = new Set(['Failed', 'Error', 'Inconclusive']);

/** The phase of an Experiment that was Pending or Running. */
export function phaseOf({ templates, analyses, entries }: PhaseParts): PhaseAndMessage {
  const analysis = analysesPhase(analyses, entries);
  const hasRequired = analyses.some((one) => one.requiredForCompletion === true);
  switch (templates.phase) {
    case 'Successful':
      return isCompleted(analysis.phase) || hasRequired ? analysis : templates;
    case 'Failed':
    case 'Error':
      return templates;
    default:
      return BAD.has(analysis.phase) || hasRequiredSuccess(analyses, entries)
        ? analysis
        : templates;
  }
}
