// Checks a value against a structural schema: types, required members, enumerations, bounds, combinations.
import type { OpenApi } from '../open-api.ts';
import { boundProblems } from './bounds.ts';
import { child, type FieldProblem, printed } from './problem.ts';
import { isIntOrString, isObject, memberSchema } from './shape.ts';

/** All problems, in the order of the value's members. */
export function problems(schema: OpenApi, value: unknown): readonly FieldProblem[] {
  const found: FieldProblem[] = [];
  check(schema, value, { path: '', found });
  return found;
}

interface At {
  readonly path: string;
  readonly found: FieldProblem[];
}

function typeOf(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  if (typeof value === 'number') return Number.isInteger(value) ? 'integer' : 'number';
  return typeof value;
}

function fits(type: NonNullable<OpenApi['type']>, actual: string): boolean {
  return type === actual || (type === 'number' && actual === 'integer');
}

function check(schema: OpenApi, value: unknown, at: At): void {
  const actual = typeOf(value);
  if (actual === 'null' && schema.nullable === true) return;
  const { type } = schema;
  if (isIntOrString(schema)) {
    if (actual !== 'integer' && actual !== 'string') wrongType(at, 'integer,string', value);
    return;
  }
  if (type !== undefined && !fits(type, actual)) {
    wrongType(at, type, value);
    return;
  }
  checkValue(schema, value, at);
  if (Array.isArray(value) && schema.items !== undefined) {
    const { items } = schema;
    for (const [index, item] of value.entries()) {
      check(items, item, { ...at, path: `${at.path}[${index}]` });
    }
  }
  if (isObject(value)) checkObject(schema, value, at);
}

function wrongType({ path, found }: At, type: string, value: unknown): void {
  const where = path === '' ? '' : `${path} in body `;
  found.push({
    field: path,
    reason: 'FieldValueTypeInvalid',
    message:
      `Invalid value: ${printed(value)}: ${where}must be of type ${type}: ` +
      printed(typeOf(value)),
    types: { expected: type, found: typeOf(value) },
  });
}

function checkValue(schema: OpenApi, value: unknown, at: At): void {
  const { path, found } = at;
  if (schema.enum !== undefined && !schema.enum.includes(value)) {
    const allowed = schema.enum.map((one) => JSON.stringify(one)).join(', ');
    const message = `Unsupported value: ${printed(value)}: supported values: ${allowed}`;
    found.push({ field: path, reason: 'FieldValueNotSupported', message });
  }
  found.push(...boundProblems(schema, value, path));
  checkCombinations(schema, value, at);
}

/** Schemas that are combined say only that none fits, as an API server does. */
function checkCombinations({ allOf, anyOf, oneOf, not }: OpenApi, value: unknown, at: At): void {
  const fit = (schema: OpenApi): boolean => problems(schema, value).length === 0;
  const told = (text: string): void => {
    const message = `Invalid value: ${printed(value)}: ${at.path} in body ${text}`;
    at.found.push({ field: at.path, reason: 'FieldValueInvalid', message });
  };
  for (const schema of allOf ?? []) check(schema, value, at);
  if (anyOf !== undefined && !anyOf.some(fit)) told('must validate at least one schema (anyOf)');
  if (oneOf !== undefined && oneOf.filter(fit).length !== 1) {
    told('must validate one and only one schema (oneOf)');
  }
  if (not !== undefined && fit(not)) told('must not validate the schema (not)');
}

function checkObject(schema: OpenApi, value: Readonly<Record<string, unknown>>, at: At): void {
  for (const name of schema.required ?? []) {
    if (value[name] !== undefined) continue;
    const field = child(at.path, name);
    at.found.push({ field, reason: 'FieldValueRequired', message: 'Required value' });
  }
  for (const [name, member] of Object.entries(value)) {
    const own = memberSchema(schema, name);
    if (own === undefined || member === undefined) continue;
    check(own, member, { ...at, path: child(at.path, name) });
  }
}
