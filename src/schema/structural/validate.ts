// Checks a value against a structural schema: types, required members, enumerations, bounds.
import type { OpenApi } from '../open-api.ts';
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
  });
}

function checkValue(schema: OpenApi, value: unknown, at: At): void {
  const { path, found } = at;
  if (schema.enum !== undefined && !schema.enum.includes(value)) {
    const allowed = schema.enum.map((one) => JSON.stringify(one)).join(', ');
    const message = `Unsupported value: ${printed(value)}: supported values: ${allowed}`;
    found.push({ field: path, reason: 'FieldValueNotSupported', message });
  }
  if (typeof value !== 'number') return;
  const bound = (text: string) => {
    const message = `Invalid value: ${value}: ${path} in body should be ${text}`;
    found.push({ field: path, reason: 'FieldValueInvalid', message });
  };
  if (schema.minimum !== undefined && value < schema.minimum) {
    bound(`greater than or equal to ${schema.minimum}`);
  }
  if (schema.maximum !== undefined && value > schema.maximum) {
    bound(`less than or equal to ${schema.maximum}`);
  }
  if (schema.format === 'int32' && Math.abs(value) > 2 ** 31) {
    bound('of type int32');
  }
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
