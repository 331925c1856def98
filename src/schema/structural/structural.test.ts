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
