// Schemas with pod templates that the API server does not look into: a fraction of the size. Entry point: `slim`.
//
// What it fills in still stands there, since that enters the pod template hash (rollout.md 1, operations.md 9): a template
// stored under either form has the same hash.
import { type Known, known } from '../schema/open-api.ts';
import { list, map, object, type ObjectSchema, opened, type Schema } from '../schema/schema.ts';
import { podTemplate } from './pod-template.ts';

/** The same schema, with its pod templates reduced to what is filled in. */
export function slim(schema: Schema<unknown>): Schema<unknown> {
  const part = known(schema);
  const isTemplate = part.kind === 'object' && part.fields === TEMPLATE_FIELDS;
  return isTemplate ? slimTemplate(part) : within(part, slim);
}

/** Copies of it with another sentence have the same members. */
const TEMPLATE_FIELDS = (podTemplate as ObjectSchema<unknown>).fields;

/** Labels and annotations stay as they are: of a template's metadata nothing else is kept (rollout.md 1). */
function slimTemplate(template: ObjectSchema<unknown>): Schema<unknown> {
  const { spec, ...rest } = template.fields;
  const unseen = opened(object({}));
  const fields = spec === undefined ? rest : { ...rest, spec: unchecked(spec) ?? unseen };
  return withFields(template, fields);
}

function withFields(
  schema: ObjectSchema<unknown>,
  fields: ObjectSchema<unknown>['fields'],
): ObjectSchema<unknown> {
  return { ...schema, fields };
}

/** The parts of a schema that are filled in, everything beside them kept unseen; undefined if there are none. */
function unchecked(schema: Schema<unknown>): Schema<unknown> | undefined {
  const part = known(schema);
  if ('default' in part) return part;
  switch (part.kind) {
    case 'object': {
      const fields = Object.entries(part.fields).flatMap(([name, field]) => {
        const reduced = unchecked(field);
        return reduced === undefined ? [] : [[name, reduced] as const];
      });
      if (fields.length === 0) return undefined;
      return opened(withFields(part, Object.fromEntries(fields)));
    }
    case 'list': {
      const item = unchecked(part.item);
      return item === undefined ? undefined : list(item);
    }
    case 'map': {
      const value = unchecked(part.value);
      return value === undefined ? undefined : map(value);
    }
    default:
      return undefined;
  }
}

/** The schema with its direct parts changed. */
function within(
  part: Known,
  change: (schema: Schema<unknown>) => Schema<unknown>,
): Schema<unknown> {
  const doc = part.doc === undefined ? {} : { doc: part.doc };
  switch (part.kind) {
    case 'object': {
      const fields = Object.entries(part.fields).map(([name, field]) => {
        return [name, change(field)] as const;
      });
      return withFields(part, Object.fromEntries(fields));
    }
    case 'list':
      return { ...list(change(part.item)), ...doc };
    case 'map':
      return { ...map(change(part.value)), ...doc };
    default:
      return part;
  }
}
