// How problems of a spec are worded (rollout.md 10): `FIELD: KIND: VALUE: DETAIL`.

import type { EventNote } from '../../decision.ts';

/** Why a Rollout cannot be driven. */
export interface RolloutProblem {
  /** In the words of the condition. */
  readonly text: string;
  /** The spec itself is fine; something that it names is missing or does not fit. */
  readonly isReference: boolean;
  /** Told beside the condition, once. */
  readonly event?: EventNote;
}

export interface Problem {
  readonly field: string;
  readonly text: string;
}

/** Values as the texts show them: strings quoted, other things as compact JSON. */
function printed(value: unknown): string {
  if (value === undefined) return 'null';
  const text = JSON.stringify(value);
  return text
    .replaceAll('<', String.raw`\u003c`)
    .replaceAll('>', String.raw`\u003e`)
    .replaceAll('&', String.raw`\u0026`);
}

export function invalid(field: string, value: unknown, detail: string): Problem {
  return { field, text: `${field}: Invalid value: ${printed(value)}: ${detail}` };
}

export function required(field: string, detail: string): Problem {
  return { field, text: `${field}: Required value: ${detail}` };
}

export function internal(field: string, detail: string): Problem {
  return { field, text: `${field}: Internal error: ${detail}` };
}

/** A check adds nothing when it holds. */
export function when(condition: boolean, problem: () => Problem): readonly Problem[] {
  return condition ? [problem()] : [];
}
