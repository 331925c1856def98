// Which sub-schema governs a member or an element, and which values are structures.
import type { OpenApi } from '../open-api.ts';

export type JsonObject = Readonly<Record<string, unknown>>;

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function isIntOrString(schema: OpenApi): boolean {
  return schema['x-kubernetes-int-or-string'] === true;
}

export function keepsUnknown(schema: OpenApi): boolean {
  return schema['x-kubernetes-preserve-unknown-fields'] === true;
}

/** The schema of a member; undefined if the schema does not know it. */
export function memberSchema(schema: OpenApi, name: string): OpenApi | undefined {
  const { properties, additionalProperties } = schema;
  return properties !== undefined && Object.hasOwn(properties, name)
    ? properties[name]
    : additionalProperties;
}
