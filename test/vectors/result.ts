// How one recorded fact fared.

export interface CaseResult {
  readonly name: string;
  readonly ok: boolean;
  /** What was expected and what came, for a case that failed. */
  readonly detail?: string;
}

/** A fact that nobody knows how to check has failed, whatever it expects. */
export function unknownKind(name: string, kind: string): CaseResult {
  return { name, ok: false, detail: `unknown kind ${kind}` };
}
