// JSON patches (RFC 6902).
import jsonPatch from 'fast-json-patch';

export type PatchOutcome =
  | { readonly ok: true; readonly document: unknown }
  | { readonly ok: false; readonly error: string };

/** `document` with the operations applied to a copy. Fails as a whole: the first bad operation is told. */
export function applyJsonPatch(document: unknown, operations: unknown): PatchOutcome {
  if (!Array.isArray(operations)) return { ok: false, error: 'a JSON patch must be a list' };
  try {
    const copy: unknown = jsonPatch.deepClone(document);
    const result = jsonPatch.applyPatch(copy, operations, true);
    return { ok: true, document: result.newDocument };
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    return { ok: false, error: text.split('\n')[0] ?? text };
  }
}
