// Defaults of a structural schema, put where a member is absent.
import type { OpenApi } from '../open-api.ts';
import { isObject } from './shape.ts';

/** The value with its defaults. The same value comes back if none was missing. */
export function defaulted<T>(schema: OpenApi, value: T): T {
  return fill(schema, value) as T;
}

function fill(schema: OpenApi, value: unknown): unknown {
  if (Array.isArray(value)) {
    const { items } = schema;
    if (items === undefined) return value;
    const next = value.map((item: unknown) => fill(items, item));
    return next.every((item, index) => item === value[index]) ? value : next;
  }
  return isObject(value) ? fillObject(schema, value) : value;
}

function fillObject(schema: OpenApi, value: Readonly<Record<string, unknown>>): unknown {
  const { properties = {}, additionalProperties } = schema;
  let next: Record<string, unknown> | undefined;
  const change = (name: string, member: unknown): void => {
    next ??= { ...value };
    next[name] = member;
  };
  for (const [name, own] of Object.entries(properties)) {
    const member = value[name];
    if (member === undefined) {
      if (own.default !== undefined) change(name, own.default);
      continue;
    }
    const filled = fill(own, member);
    if (filled !== member) change(name, filled);
  }
  if (additionalProperties === undefined) return next ?? value;
  for (const [name, member] of Object.entries(value)) {
    if (Object.hasOwn(properties, name)) continue;
    const filled = fill(additionalProperties, member);
    if (filled !== member) change(name, filled);
  }
  return next ?? value;
}
