// The vocabulary in which kinds are defined once: from one value come the static type, the CRD's structural schema
// (schema/open-api.ts) and, through that, checks, defaults and pruning. It cannot express a schema that is not
// structural: there are no unions, no references, and every part has a type.

interface Base {
  /** One sentence for people: `kubectl explain` and the reference page show it. */
  readonly doc?: string;
}

export interface Schema<T> extends Base {
  readonly kind: SchemaKind;
  /** Never present at run time: it carries the static type. */
  readonly type?: T;
}

export type SchemaKind =
  | 'string'
  | 'integer'
  | 'number'
  | 'boolean'
  | 'intOrString'
  | 'list'
  | 'map'
  | 'object'
  | 'any';

export interface TextSchema<T extends string> extends Schema<T> {
  readonly kind: 'string';
  readonly format?: 'date-time' | 'byte';
  readonly values?: readonly T[];
  readonly default?: T;
}

export interface BooleanSchema extends Schema<boolean> {
  readonly kind: 'boolean';
  readonly default?: boolean;
}

export interface IntegerSchema extends Schema<number> {
  readonly kind: 'integer';
  readonly format: 'int32' | 'int64';
}

export interface ListSchema<T> extends Schema<readonly T[]> {
  readonly kind: 'list';
  readonly item: Schema<T>;
}

export interface MapSchema<T> extends Schema<Readonly<Record<string, T>>> {
  readonly kind: 'map';
  readonly value: Schema<T>;
}

export interface ObjectSchema<T> extends Schema<T> {
  readonly kind: 'object';
  readonly fields: Readonly<Record<string, Schema<unknown>>>;
  readonly required: readonly string[];
  /** Members that are not listed are kept. */
  readonly open: boolean;
  /** Rules in the API server's expression language, checked at each write. */
  readonly rules: readonly { readonly rule: string; readonly message: string }[];
}

export type Infer<S> = S extends Schema<infer T> ? T : never;

type Fields = Readonly<Record<string, Schema<unknown>>>;

/** All members optional but those named in R. */
export type ObjectOf<F extends Fields, R extends keyof F> = {
  readonly [K in R]: Infer<F[K]>;
} & { readonly [K in Exclude<keyof F, R>]?: Infer<F[K]> };

export const text: TextSchema<string> = { kind: 'string' };
export const integer: IntegerSchema = { kind: 'integer', format: 'int32' };
export const long: IntegerSchema = { kind: 'integer', format: 'int64' };
export const boolean: BooleanSchema = { kind: 'boolean' };
/** A number or a text: counts and percentages, ports, durations. */
export const intOrString: Schema<number | string> = { kind: 'intOrString' };
/** RFC 3339. */
export const time: TextSchema<string> = { kind: 'string', format: 'date-time' };
/** Any JSON, kept as it is. */
export const any: Schema<unknown> = { kind: 'any' };

export function oneOf<const T extends string>(...values: readonly T[]): TextSchema<T> {
  return { kind: 'string', values };
}

/** Text that the API server fills in when it is absent. */
export function textOr(value: string): TextSchema<string> {
  return { kind: 'string', default: value };
}

/** A truth value that the API server fills in when it is absent. */
export function booleanOr(value: boolean): BooleanSchema {
  return { kind: 'boolean', default: value };
}

export function list<T>(item: Schema<T>): ListSchema<T> {
  return { kind: 'list', item };
}

export function map<T>(value: Schema<T>): MapSchema<T> {
  return { kind: 'map', value };
}

/** An object with these members; those named after them must be present. */
export function object<F extends Fields, R extends keyof F & string = never>(
  fields: F,
  ...required: readonly R[]
): ObjectSchema<ObjectOf<F, R>> {
  return { kind: 'object', fields, required, open: false, rules: [] };
}

/** The same schema with its sentence. */
export function documented<S extends Schema<unknown>>(schema: S, doc: string): S {
  return { ...schema, doc };
}

/** The same object schema, keeping members that it does not list. */
export function opened<T>(schema: ObjectSchema<T>): ObjectSchema<T> {
  return { ...schema, open: true };
}

/** The same object schema with a rule of the API server's expression language. */
export function ruled<T>(schema: ObjectSchema<T>, rule: string, message: string): ObjectSchema<T> {
  return { ...schema, rules: [...schema.rules, { rule, message }] };
}
