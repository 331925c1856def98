// How problems of a spec are worded (rollout.md 10): `FIELD: KIND: VALUE: DETAIL`.
import { canonicalStepPart, printJson, type StepPart } from '../../../api/hash.ts';
import { quoteValue } from '../../analysis/substitution.ts';
import type { EventNote } from '../../decision.ts';

/** Why a Rollout cannot be driven. */
export interface RolloutProblem {
  /** In the words of the condition. */
  readonly text: string;
  /** The spec itself is fine; something that it names is missing or does not fit. */
  readonly isReference: boolean;
  /** What an abort goes by is sound, so that it can be carried out all the same. */
  readonly allowsAbort: boolean;
  /** Told beside the condition, once. */
  readonly event?: EventNote;
}

export interface Problem {
  readonly field: string;
  readonly text: string;
}

/** Values as the texts show them: strings quoted, other things as compact JSON. */
function printed(value: unknown): string {
  return typeof value === 'string' ? `"${quoteValue(value)}"` : printJson(value);
}

/** `field: body`; without detail the body ends at its kind. */
function problem(field: string, kind: string, detail: string): Problem {
  return { field, text: `${field}: ${kind}${detail === '' ? '' : `: ${detail}`}` };
}

export function invalid(field: string, value: unknown, detail: string): Problem {
  return problem(field, `Invalid value: ${printed(value)}`, detail);
}

/** As `invalid`, for a value whose members have an order of their own. */
export function invalidPart(
  field: string,
  part: { readonly type: StepPart; readonly value: unknown },
  detail: string,
): Problem {
  return problem(field, `Invalid value: ${canonicalStepPart(part.type, part.value)}`, detail);
}

export function required(field: string, detail = ''): Problem {
  return problem(field, 'Required value', detail);
}

export function forbidden(field: string, detail: string): Problem {
  return problem(field, 'Forbidden', detail);
}

export function duplicate(field: string, value: unknown): Problem {
  return problem(field, `Duplicate value: ${printed(value)}`, '');
}

export function unsupported(field: string, value: unknown, supported: readonly string[]): Problem {
  const list = supported.map((one) => printed(one)).join(', ');
  return problem(field, `Unsupported value: ${printed(value)}`, `supported values: ${list}`);
}

export function internal(field: string, detail: string): Problem {
  return problem(field, 'Internal error', detail);
}

/** A text that is required and may be missing all the same: what is checked need not come from an API server. */
export function given(text: string | undefined): string {
  return text ?? '';
}

/** A check adds nothing when it holds. */
export function when(condition: boolean, found: () => Problem): readonly Problem[] {
  return condition ? [found()] : [];
}
