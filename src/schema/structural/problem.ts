// What a structural schema finds wrong, worded as an API server does.

export interface FieldProblem {
  readonly field: string;
  readonly reason:
    | 'FieldValueInvalid'
    | 'FieldValueRequired'
    | 'FieldValueNotSupported'
    | 'FieldValueTypeInvalid'
    | 'FieldValueTooLong'
    | 'FieldValueTooMany'
    | 'FieldValueDuplicate'
    | 'FieldValueForbidden';
  /** Without the field's name: `Required value`, `Invalid value: …`. */
  readonly message: string;
  /** Of a wrong type: which was expected and which was found. */
  readonly types?: { readonly expected: string; readonly found: string };
}

export function child(path: string, name: string): string {
  return path === '' ? name : `${path}.${name}`;
}

/** Values as they stand in messages: strings quoted, structures as their JSON type. */
export function printed(value: unknown): string {
  return typeof value === 'object' && value !== null
    ? JSON.stringify(Array.isArray(value) ? 'array' : 'object')
    : JSON.stringify(value);
}
