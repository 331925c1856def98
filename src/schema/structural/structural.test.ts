import { describe, expect, it } from 'vitest';
import type { OpenApi } from '../open-api.ts';
import { defaulted } from './defaults.ts';
import { pruned } from './prune.ts';
import { problems } from './validate.ts';

const SCHEMA: OpenApi = {
  type: 'object',
  required: ['spec'],
  properties: {
    spec: {
      type: 'object',
      required: ['name'],
      properties: {
        name: { type: 'string' },
        protocol: { type: 'string', enum: ['TCP', 'UDP'], default: 'TCP' },
        size: { type: 'integer', format: 'int32' },
        surge: { 'x-kubernetes-int-or-string': true },
        labels: { type: 'object', additionalProperties: { type: 'string' } },
        free: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
        list: {
          type: 'array',
          items: { type: 'object', properties: { port: { type: 'integer', default: 80 } } },
        },
      },
    },
  },
};

describe('pruned', () => {
  it('drops what the schema does not know, at any depth, and tells where', () => {
    const unknown: string[] = [];
    const value = { spec: { name: 'a', nme: 1, list: [{ port: 1, x: 2 }], free: { any: 1 } } };
    const result = pruned(SCHEMA, value, (path) => unknown.push(path));
    expect(result).toEqual({ spec: { name: 'a', list: [{ port: 1 }], free: { any: 1 } } });
    expect(unknown).toEqual(['spec.nme', 'spec.list[0].x']);
  });

  it('drops null where a member may not be null, without telling of it', () => {
    const unknown: string[] = [];
    const value = { spec: { name: 'a', size: null, nme: null } };
    const result = pruned(SCHEMA, value, (path) => unknown.push(path));
    expect(result).toEqual({ spec: { name: 'a' } });
    expect(unknown).toEqual([]);
  });

  it('gives the very same value back when nothing is unknown', () => {
    const value = { spec: { name: 'a', labels: { x: 'y' } } };
    expect(pruned(SCHEMA, value)).toBe(value);
  });
});

describe('defaulted', () => {
  it('fills what is absent, in elements of lists too', () => {
    expect(defaulted(SCHEMA, { spec: { name: 'a', list: [{}] } })).toEqual({
      spec: { name: 'a', protocol: 'TCP', list: [{ port: 80 }] },
    });
  });
});

describe('problems', () => {
  it.each([
    { reason: 'a missing member is required', value: {}, expected: ['spec: Required value'] },
    {
      reason: 'a wrong type names both types',
      value: { spec: { name: 1 } },
      expected: [
        'spec.name: Invalid value: 1: spec.name in body must be of type string: "integer"',
      ],
    },
    {
      reason: 'a value outside an enumeration lists what is allowed',
      value: { spec: { name: 'a', protocol: 'X' } },
      expected: ['spec.protocol: Unsupported value: "X": supported values: "TCP", "UDP"'],
    },
    {
      reason: 'a number or text may be either',
      value: { spec: { name: 'a', surge: '25%' } },
      expected: [],
    },
    {
      reason: 'values of a map are checked',
      value: { spec: { name: 'a', labels: { x: true } } },
      expected: [
        'spec.labels.x: Invalid value: true: spec.labels.x in body must be of type string: "boolean"',
      ],
    },
  ])('$reason', ({ value, expected }) => {
    expect(problems(SCHEMA, value).map(({ field, message }) => `${field}: ${message}`)).toEqual(
      expected,
    );
  });
});

describe('bounds', () => {
  it.each([
    {
      reason: 'a text has a pattern',
      schema: { type: 'string', pattern: '^[a-z]+$' },
      value: 'A',
      expected: `x: Invalid value: "A": x in body should match '^[a-z]+$'`,
    },
    {
      reason: 'a text has a shortest length',
      schema: { type: 'string', minLength: 2 },
      value: 'a',
      expected: 'x: Invalid value: "a": x in body should be at least 2 chars long',
    },
    {
      reason: 'a text has a longest length',
      schema: { type: 'string', maxLength: 2 },
      value: 'abc',
      expected: 'x: Too long: may not be more than 2 bytes',
    },
    {
      reason: 'a list has a largest size',
      schema: { type: 'array', maxItems: 1, items: { type: 'integer' } },
      value: [1, 2],
      expected: 'x: Too many: 2: must have at most 1 items',
    },
    {
      reason: 'a list has a smallest size',
      schema: { type: 'array', minItems: 1, items: { type: 'integer' } },
      value: [],
      expected: 'x: Invalid value: 0: x in body should have at least 1 items',
    },
    {
      reason: 'a map has a largest size',
      schema: { type: 'object', maxProperties: 0, additionalProperties: { type: 'integer' } },
      value: { a: 1 },
      expected: 'x: Too many: 1: must have at most 0 items',
    },
    {
      reason: 'a bound may be outside of what is allowed',
      schema: { type: 'integer', minimum: 0, exclusiveMinimum: true },
      value: 0,
      expected: 'x: Invalid value: 0: x in body should be greater than 0',
    },
    {
      reason: 'a number is a multiple',
      schema: { type: 'integer', multipleOf: 5 },
      value: 7,
      expected: 'x: Invalid value: 7: x in body should be a multiple of 5',
    },
    {
      reason: 'one of several schemas must fit',
      schema: { anyOf: [{ minimum: 5 }, { maximum: 1 }] },
      value: 3,
      expected: 'x: Invalid value: 3: x in body must validate at least one schema (anyOf)',
    },
    {
      reason: 'exactly one of several schemas must fit',
      schema: { oneOf: [{ minimum: 1 }, { maximum: 5 }] },
      value: 3,
      expected: 'x: Invalid value: 3: x in body must validate one and only one schema (oneOf)',
    },
    {
      reason: 'all of several schemas must fit',
      schema: { allOf: [{ minimum: 5 }] },
      value: 3,
      expected: 'x: Invalid value: 3: x in body should be greater than or equal to 5',
    },
    {
      reason: 'a schema may be forbidden',
      schema: { not: { minimum: 1 } },
      value: 3,
      expected: 'x: Invalid value: 3: x in body must not validate the schema (not)',
    },
  ] satisfies readonly {
    readonly reason: string;
    readonly schema: OpenApi;
    readonly value: unknown;
    readonly expected: string;
  }[])('$reason', ({ schema, value, expected }) => {
    const whole: OpenApi = { type: 'object', properties: { x: schema } };
    expect(problems(whole, { x: value }).map((one) => `${one.field}: ${one.message}`)).toEqual([
      expected,
    ]);
  });
});
