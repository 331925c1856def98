// Values that a schema allows, likely and unlikely ones, and changes of one place in an object: what users and clients
// may store. Entry points: `valuesOf` and `changesOf`.
import fc from 'fast-check';
import { podTemplate } from '../../src/api/pod-template.ts';
import { type Known, known } from '../../src/schema/open-api.ts';
import type { Schema } from '../../src/schema/schema.ts';

/** One text a word; those with blanks stand in the second list. */
const TEXTS = [
  ...words('x web canary stable step background web-mesh web-canary primary'),
  ...words('0 -1 7 99999999999 25% -5% % 1e3 NaN __proto__ constructor'),
  ...words('0s 5s -5s 1h30m 90000h 9999999999h 1.5 ä€😀 {{args.x}} {{'),
  ...words('2026-01-01T00:00:05Z 0001-01-01T00:00:00Z 9999-12-31T23:59:59Z 2026-13-01T00:00:00Z'),
  ...words('Running Successful Failed Error Inconclusive Pending Progressing True False'),
  ...words('RolloutPaused RolloutAborted ProgressDeadlineExceeded Paused Available Healthy'),
  ...words('CanaryPauseStep InconclusiveAnalysisRun metadata.labels spec.replicas spec.template'),
  '',
  '5 s',
  '\u0000',
  'result < 1',
  'result <',
  "metadata.labels['app']",
];
const TIMES = [
  ...words('2026-01-01T00:00:00Z 2026-01-01T00:01:00Z 2026-01-01T00:00:00.999Z soon'),
  ...words('1970-01-01T00:00:00Z 0001-01-01T00:00:00Z 9999-12-31T23:59:59Z'),
  '2026-01-01t00:00:00+02:00',
  '',
];
const INTEGERS = [0, 1, 2, 3, 5, 10, 50, 100, 101, -1, 2_147_483_647, -2_147_483_648];

const LABELS = fc.constantFrom<Record<string, string>>({}, { app: 'web' }, { app: 'other' });
const CONTAINERS = fc.constantFrom(
  [],
  [{ name: 'web', image: 'example.com/web:1' }],
  [{ name: '' }],
);
/** Pod templates have a thousand places that a decision only copies. */
const PODS = fc.record(
  {
    metadata: fc.record({ labels: LABELS, annotations: LABELS }, { requiredKeys: [] }),
    spec: fc.record({ containers: CONTAINERS }, { requiredKeys: [] }),
  },
  { requiredKeys: [] },
);

function words(text: string): readonly string[] {
  return text.split(' ');
}

/** Generators of large schemas are dear to make: each is made once. */
const VALUES = new WeakMap<Schema<unknown>, fc.Arbitrary<unknown>>();
const CHANGES = new WeakMap<Schema<unknown>, fc.Arbitrary<Change>>();

export function valuesOf(schema: Schema<unknown>): fc.Arbitrary<unknown> {
  const made = VALUES.get(schema) ?? (schema === podTemplate ? PODS : shapeOf(known(schema)));
  VALUES.set(schema, made);
  return made;
}

function shapeOf(schema: Known): fc.Arbitrary<unknown> {
  switch (schema.kind) {
    case 'string': {
      const { values = [], format } = schema;
      if (values.length > 0) return fc.constantFrom(...values);
      return fc.constantFrom(...(format === 'date-time' ? TIMES : TEXTS));
    }
    case 'integer':
      return fc.constantFrom(...INTEGERS);
    case 'number':
      return fc.constantFrom(...INTEGERS, 0.5);
    case 'boolean':
      return fc.boolean();
    case 'intOrString':
      return fc.constantFrom(...INTEGERS, ...TEXTS);
    case 'any':
      return fc.dictionary(fc.constantFrom('a', 'name', 'weights'), fc.jsonValue({ maxDepth: 2 }));
    case 'list':
      return fc.array(valuesOf(schema.item), { maxLength: 3 });
    case 'map':
      return fc.dictionary(fc.constantFrom('a', 'app', '__proto__'), valuesOf(schema.value), {
        maxKeys: 2,
        noNullPrototype: true,
      });
    default:
      return fc.record(
        Object.fromEntries(
          Object.entries(schema.fields).map(([name, field]) => [name, valuesOf(field)]),
        ),
        { requiredKeys: [...schema.required], noNullPrototype: true },
      );
  }
}

/** Another value at one place of an object; `undefined` takes it away. */
export interface Change {
  readonly path: readonly (string | number)[];
  readonly value: unknown;
}

/** A place that the schema knows, near the top or deep inside, and a value that it allows there. */
export function changesOf(schema: Schema<unknown>): fc.Arbitrary<Change> {
  const made = CHANGES.get(schema) ?? changesIn(schema);
  CHANGES.set(schema, made);
  return made;
}

function changesIn(schema: Schema<unknown>): fc.Arbitrary<Change> {
  const here = valuesOf(schema).map((value): Change => ({ path: [], value }));
  if (schema === podTemplate) return here;
  const shape = known(schema);
  if (shape.kind === 'list') {
    const inside = fc.nat({ max: 2 }).chain((index) => within(index, shape.item));
    return fc.oneof({ weight: 1, arbitrary: here }, { weight: 3, arbitrary: inside });
  }
  if (shape.kind !== 'object') return here;
  const fields = Object.entries(shape.fields);
  if (fields.length === 0) return here;
  const inside = fc.constantFrom(...fields).chain(([name, field]) => {
    const gone = fc.constant<Change>({ path: [name], value: undefined });
    return fc.oneof(
      { weight: 8, arbitrary: within(name, field) },
      { weight: shape.required.includes(name) ? 0 : 1, arbitrary: gone },
    );
  });
  return fc.oneof({ weight: 1, arbitrary: here }, { weight: 12, arbitrary: inside });
}

function within(step: string | number, schema: Schema<unknown>): fc.Arbitrary<Change> {
  return changesOf(schema).map(({ path, value }) => ({ path: [step, ...path], value }));
}

/** The value with the change made; objects and lists on the way are made if they are not there. */
export function changed(value: unknown, { path, value: next }: Change): unknown {
  const [step, ...rest] = path;
  if (step === undefined) return next;
  if (typeof step === 'number') {
    const list: readonly unknown[] = Array.isArray(value) ? value : [];
    const at = Math.min(step, list.length);
    const item = changed(list[at], { path: rest, value: next });
    return item === undefined
      ? list.filter((_one, index) => index !== at)
      : list.toSpliced(at, 1, item);
  }
  const members = (typeof value === 'object' && value !== null ? value : {}) as Record<
    string,
    unknown
  >;
  const { [step]: before, ...others } = members;
  const member = changed(before, { path: rest, value: next });
  return member === undefined ? others : { ...others, [step]: member };
}
