// Bounds of single values: of numbers, texts, lists and maps, worded as an API server does.
import { compilePattern } from '../../lib/pattern.ts';
import type { OpenApi } from '../open-api.ts';
import { type FieldProblem, printed } from './problem.ts';
import { isObject } from './shape.ts';

/** What is out of bounds in the value itself, not in what it holds. */
export function boundProblems(
  schema: OpenApi,
  value: unknown,
  path: string,
): readonly FieldProblem[] {
  if (typeof value === 'number') return numberProblems(schema, value, path);
  if (typeof value === 'string') return textProblems(schema, value, path);
  if (Array.isArray(value)) {
    const { minItems: least, maxItems: most } = schema;
    return sizeProblems({ size: value.length, least, most, unit: 'items' }, path);
  }
  if (!isObject(value)) return [];
  const { minProperties: least, maxProperties: most } = schema;
  return sizeProblems({ size: Object.keys(value).length, least, most, unit: 'properties' }, path);
}

function invalid(path: string, value: unknown, text: string): FieldProblem {
  const message = `Invalid value: ${printed(value)}: ${path} in body ${text}`;
  return { field: path, reason: 'FieldValueInvalid', message };
}

function numberProblems(schema: OpenApi, value: number, path: string): readonly FieldProblem[] {
  const { minimum, maximum, multipleOf, format } = schema;
  const isMultiple = multipleOf === undefined || value % multipleOf === 0;
  const isSmall = format !== 'int32' || (value < 2 ** 31 && value >= -(2 ** 31));
  return [
    belowText(value, minimum, schema.exclusiveMinimum === true),
    aboveText(value, maximum, schema.exclusiveMaximum === true),
    isMultiple ? undefined : `should be a multiple of ${multipleOf}`,
    isSmall ? undefined : 'should be of type int32',
  ].flatMap((text) => (text === undefined ? [] : [invalid(path, value, text)]));
}

function belowText(value: number, bound: number | undefined, isOpen: boolean) {
  if (bound === undefined || value > bound || (value === bound && !isOpen)) return undefined;
  return `should be greater than ${isOpen ? '' : 'or equal to '}${bound}`;
}

function aboveText(value: number, bound: number | undefined, isOpen: boolean) {
  if (bound === undefined || value < bound || (value === bound && !isOpen)) return undefined;
  return `should be less than ${isOpen ? '' : 'or equal to '}${bound}`;
}

function textProblems(schema: OpenApi, value: string, path: string): readonly FieldProblem[] {
  const { minLength, maxLength, pattern } = schema;
  const found: FieldProblem[] = [];
  if (minLength !== undefined && value.length < minLength) {
    found.push(invalid(path, value, `should be at least ${minLength} chars long`));
  }
  if (maxLength !== undefined && value.length > maxLength) {
    const message = `Too long: may not be more than ${maxLength} bytes`;
    found.push({ field: path, reason: 'FieldValueTooLong', message });
  }
  if (pattern !== undefined) {
    const compiled = compilePattern(pattern);
    if (compiled.ok && !compiled.pattern.test(value)) {
      found.push(invalid(path, value, `should match '${pattern}'`));
    }
  }
  return found;
}

interface Size {
  readonly size: number;
  readonly least: number | undefined;
  readonly most: number | undefined;
  readonly unit: 'items' | 'properties';
}

function sizeProblems({ size, least, most, unit }: Size, path: string): readonly FieldProblem[] {
  const found: FieldProblem[] = [];
  if (least !== undefined && size < least) {
    found.push(invalid(path, size, `should have at least ${least} ${unit}`));
  }
  if (most !== undefined && size > most) {
    const message = `Too many: ${size}: must have at most ${most} items`;
    found.push({ field: path, reason: 'FieldValueTooMany', message });
  }
  return found;
}
