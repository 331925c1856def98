// A schema as the OpenAPI v3 structural schema that stands in a CustomResourceDefinition.
import { unreachable } from '../lib/assert.ts';
import type {
  BooleanSchema,
  IntegerSchema,
  ListSchema,
  MapSchema,
  ObjectSchema,
  Schema,
  TextSchema,
} from './schema.ts';

export interface OpenApi {
  readonly type?: 'string' | 'integer' | 'number' | 'boolean' | 'array' | 'object';
  readonly format?: string;
  readonly description?: string;
  readonly enum?: readonly unknown[];
  readonly default?: unknown;
  readonly nullable?: boolean;
  readonly items?: OpenApi;
  readonly properties?: Readonly<Record<string, OpenApi>>;
  readonly additionalProperties?: OpenApi;
  readonly required?: readonly string[];
  readonly anyOf?: readonly OpenApi[];
  readonly oneOf?: readonly OpenApi[];
  readonly allOf?: readonly OpenApi[];
  readonly not?: OpenApi;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: boolean;
  readonly exclusiveMaximum?: boolean;
  readonly multipleOf?: number;
  readonly pattern?: string;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly minProperties?: number;
  readonly maxProperties?: number;
  readonly 'x-kubernetes-int-or-string'?: boolean;
  readonly 'x-kubernetes-preserve-unknown-fields'?: boolean;
  readonly 'x-kubernetes-validations'?: readonly {
    readonly rule: string;
    readonly message?: string;
  }[];
}

/** The structural schema of `schema`. */
export function openApi(schema: Schema<unknown>): OpenApi {
  const described = schema.doc === undefined ? {} : { description: schema.doc };
  return { ...described, ...shapeOf(known(schema)) };
}

/** Every schema that the vocabulary can make. */
export type Known =
  | TextSchema<string>
  | BooleanSchema
  | IntegerSchema
  | (Schema<unknown> & { readonly kind: 'number' | 'intOrString' | 'any' })
  | ListSchema<unknown>
  | MapSchema<unknown>
  | ObjectSchema<unknown>;

/** The vocabulary's functions are the only makers of schemas, so the kind tells the rest. */
export function known(schema: Schema<unknown>): Known {
  return schema as Known;
}

function shapeOf(schema: Known): OpenApi {
  switch (schema.kind) {
    case 'string':
      return {
        type: 'string',
        ...(schema.format === undefined ? {} : { format: schema.format }),
        ...(schema.values === undefined ? {} : { enum: schema.values }),
        ...(schema.default === undefined ? {} : { default: schema.default }),
      };
    case 'integer':
      return { type: 'integer', format: schema.format };
    case 'number':
      return { type: 'number' };
    case 'boolean':
      return {
        type: 'boolean',
        ...(schema.default === undefined ? {} : { default: schema.default }),
      };
    case 'intOrString':
      return {
        anyOf: [{ type: 'integer' }, { type: 'string' }],
        'x-kubernetes-int-or-string': true,
      };
    case 'any':
      return { type: 'object', 'x-kubernetes-preserve-unknown-fields': true };
    case 'list':
      return { type: 'array', items: openApi(schema.item) };
    case 'map':
      return { type: 'object', additionalProperties: openApi(schema.value) };
    case 'object':
      return objectShape(schema);
    default:
      return unreachable(schema);
  }
}

function objectShape(schema: ObjectSchema<unknown>): OpenApi {
  const properties = Object.entries(schema.fields).map(
    ([name, field]) => [name, openApi(field)] as const,
  );
  return {
    type: 'object',
    ...(schema.required.length === 0 ? {} : { required: schema.required }),
    ...(properties.length === 0 ? {} : { properties: Object.fromEntries(properties) }),
    ...(schema.open ? { 'x-kubernetes-preserve-unknown-fields': true } : {}),
    ...(schema.rules.length === 0 ? {} : { 'x-kubernetes-validations': schema.rules }),
  };
}
