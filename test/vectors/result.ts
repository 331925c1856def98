// How one recorded fact fared.

export interface CaseResult {
  readonly name: string;
  readonly ok: boolean;
  /** What was expected and what came, for a case that failed. */
  readonly detail?: string;
}
