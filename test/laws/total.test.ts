// Law 2: total. No object that the API server would store makes a decision throw, and what is decided can be stored.
// Worlds are those of stories with some places changed: in the object itself by its schema, around it by losing pieces.
import fc from 'fast-check';
import { beforeAll, expect, it } from 'vitest';
import { analysisRunSchema, analysisTemplateSchema } from '../../src/api/analysis.ts';
import { experimentSchema } from '../../src/api/experiment.ts';
import type { KubeObject, ResourceType } from '../../src/api/object.ts';
import { ANALYSIS_RUNS, EXPERIMENTS, ROLLOUTS } from '../../src/api/resources.ts';
import { rolloutSchema } from '../../src/api/rollout.ts';
import type { Decision, Write } from '../../src/core/decision.ts';
import { rolloutProblem } from '../../src/core/rollout/validation.ts';
import type { RolloutWorld } from '../../src/core/rollout/world.ts';
import { instant, type Instant } from '../../src/lib/time.ts';
import { type OpenApi, openApi } from '../../src/schema/open-api.ts';
import type { Schema } from '../../src/schema/schema.ts';
import { problems } from '../../src/schema/structural/validate.ts';
import { decideAt } from './decide-at.ts';
import { frozen, holdsAtOnce, PATIENCE_MS } from './runs.ts';
import { type Change, changed, changesOf } from './schema-values.ts';
import type { Decided } from './stand/stand.ts';
import { STORIES } from './stories.ts';
import { play } from './story.ts';

interface Case {
  readonly resource: ResourceType;
  /** Where the world holds the object that is decided. */
  readonly member: string;
  readonly schema: Schema<unknown>;
}

const CASES: readonly Case[] = [
  { resource: ROLLOUTS, member: 'rollout', schema: rolloutSchema },
  { resource: EXPERIMENTS, member: 'experiment', schema: experimentSchema },
  { resource: ANALYSIS_RUNS, member: 'run', schema: analysisRunSchema },
];

/** Lists of a world whose objects have a schema of ours. */
const SCHEMAS: Readonly<Record<string, Schema<unknown>>> = {
  experiments: experimentSchema,
  analysisRuns: analysisRunSchema,
  analysisTemplates: analysisTemplateSchema,
};

type World = Readonly<Record<string, unknown>>;

const worlds = new Map<ResourceType, Decided[]>();

beforeAll(async () => {
  for (const story of fc.sample(STORIES, { numRuns: 20, seed: 8 })) {
    await play(story, {
      onDecision: (decided) => {
        const known = worlds.get(decided.resource) ?? [];
        worlds.set(decided.resource, [...known, decided]);
      },
    });
  }
}, PATIENCE_MS);

/** What else may be strange: pieces that are gone, counts and marks that others wrote, junk where nothing is checked. */
const MARKS = [
  ['metadata', 'annotations', 'scale-down-deadline'],
  ['metadata', 'annotations', 'rollout.argoproj.io/revision'],
  ['metadata', 'annotations', 'rollout.argoproj.io/desired-replicas'],
  ['metadata', 'annotations'],
  ['metadata', 'labels', 'rollouts-pod-template-hash'],
  ['metadata', 'labels'],
  ['metadata', 'creationTimestamp'],
  ['metadata', 'deletionTimestamp'],
] as const;
const COUNTS = [
  ['spec', 'replicas'],
  ['status', 'replicas'],
  ['status', 'availableReplicas'],
  ['status', 'readyReplicas'],
] as const;

const around = fc.oneof(
  fc.record({
    path: fc.constantFrom(...MARKS),
    value: fc.constantFrom(
      undefined,
      '',
      'soon',
      '-1',
      '99999999999999999999',
      '2026-01-01T00:00:09Z',
    ),
  }),
  fc.record({
    path: fc.constantFrom(...COUNTS),
    value: fc.constantFrom(undefined, 0, 1, 3, 1_000_000),
  }),
);
/** Meshes and Services are kept as users write them. */
const junk = fc.record({
  path: fc.constantFrom<readonly (string | number)[]>(
    ['spec'],
    ['spec', 'http'],
    ['spec', 'http', 1],
    ['spec', 'http', 1, 'route'],
    ['spec', 'http', 1, 'route', 0],
    ['spec', 'http', 1, 'route', 1, 'weight'],
    ['spec', 'tls'],
    ['spec', 'subsets'],
    ['spec', 'subsets', 0, 'labels'],
    ['spec', 'host'],
  ),
  value: fc.oneof(fc.constant(undefined), fc.jsonValue({ maxDepth: 3 })),
});

interface Strange {
  readonly at: number;
  readonly own: readonly Change[];
  readonly others: readonly {
    readonly list: string;
    readonly index: number;
    readonly change: Change;
  }[];
  readonly lost: readonly { readonly list: string; readonly index: number }[];
  readonly ms: number;
}

function strangeOf(schema: Schema<unknown>): fc.Arbitrary<Strange> {
  const index = fc.nat({ max: 3 });
  const other = fc.oneof(
    fc.record({ list: fc.constant('replicaSets'), index, change: around }),
    fc.record({
      list: fc.constantFrom('virtualServices', 'destinationRules'),
      index,
      change: junk,
    }),
    ...Object.entries(SCHEMAS).map(([list, own]) =>
      fc.record({ list: fc.constant(list), index, change: changesOf(own) }),
    ),
  );
  const lists = [
    'replicaSets',
    'services',
    'virtualServices',
    'destinationRules',
    ...Object.keys(SCHEMAS),
  ];
  return fc.record({
    at: fc.nat(),
    own: fc.array(changesOf(schema), { minLength: 1, maxLength: 4 }),
    others: fc.array(other, { maxLength: 2 }),
    lost: fc.array(fc.record({ list: fc.constantFrom(...lists), index }), { maxLength: 2 }),
    ms: fc.constantFrom(0, 1, 999, 60_000, 86_400_000),
  });
}

const SHAPES = new Map(
  [rolloutSchema, experimentSchema, analysisRunSchema, analysisTemplateSchema].map(
    (schema): [Schema<unknown>, OpenApi] => [schema, openApi(schema)],
  ),
);

/** What the API server would say against it. */
function refusals(schema: Schema<unknown>, object: unknown): readonly unknown[] {
  return problems(SHAPES.get(schema) ?? {}, object);
}

function isStorable(schema: Schema<unknown>, object: unknown): boolean {
  return refusals(schema, object).length === 0;
}

function objectsOf(world: World, list: string): readonly KubeObject[] {
  return (world[list] ?? []) as readonly KubeObject[];
}

/** Whatever else happens to it, an object that is stored has its kind and its name. */
function changedObject(object: KubeObject, changes: readonly Change[]): KubeObject {
  const odd = changes.reduce<unknown>(changed, object) as KubeObject;
  const { apiVersion, kind, metadata } = object;
  const { name, namespace, uid, resourceVersion } = metadata;
  const own = { name, ...(namespace === undefined ? {} : { namespace }) };
  const given = {
    ...(uid === undefined ? {} : { uid }),
    ...(resourceVersion === undefined ? {} : { resourceVersion }),
  };
  return { ...odd, apiVersion, kind, metadata: { ...odd.metadata, ...own, ...given } };
}

function strangeWorld({ member, schema }: Case, world: World, strange: Strange): World {
  let next = world;
  for (const { list, index } of strange.lost) {
    next = { ...next, [list]: objectsOf(next, list).filter((_one, at) => at !== index) };
  }
  for (const { list, index, change } of strange.others) {
    const own = SCHEMAS[list];
    next = {
      ...next,
      [list]: objectsOf(next, list).map((object, at) => {
        const other = at === index ? changedObject(object, [change]) : object;
        return own !== undefined && !isStorable(own, other) ? object : other;
      }),
    };
  }
  const object = changedObject(next[member] as KubeObject, strange.own);
  fc.pre(isStorable(schema, object));
  next = { ...next, [member]: object };
  if (schema !== rolloutSchema) return next;
  return { ...next, problem: rolloutProblem(next as unknown as RolloutWorld) };
}

const INT32 = 2 ** 31;

/** A write that the API server takes from us: with its precondition, and without sizes that are none. */
function writeProblem(write: Write): string | undefined {
  const { kind, ref } = write;
  const what = `${kind} ${ref.resource.plural} ${ref.name}`;
  if (kind === 'patch') {
    const { spec } = write.patch.body as { readonly spec?: { readonly replicas?: number } };
    const size = spec?.replicas ?? 0;
    if (!Number.isInteger(size) || size < 0 || size >= INT32) return `${what}: size ${size}`;
    return write.resourceVersion === '' ? `${what} has no version` : undefined;
  }
  if (kind === 'create') {
    const { ownerReferences = [], name } = write.object.metadata;
    return ownerReferences.length === 1 && name !== ''
      ? undefined
      : `${what}: ${name} has no owner`;
  }
  return write.uid === '' ? `${what} has no uid` : undefined;
}

function check({ schema }: Case, before: unknown, decision: Decision<unknown>, now: Instant): void {
  const { status, writes, requeueAt, reasons } = decision;
  expect(reasons.length).toBeGreaterThan(0);
  expect(writes.flatMap((write) => writeProblem(write) ?? [])).toEqual([]);
  if (requeueAt !== undefined) {
    expect(Number.isFinite(requeueAt), `looks again at ${requeueAt}, now is ${now}`).toBe(true);
  }
  expect(JSON.parse(JSON.stringify(status))).toEqual(status);
  expect(refusals(schema, { ...(before as object), status })).toEqual([]);
}

for (const one of CASES) {
  it(
    `every ${one.resource.kind} that can be stored gets a decision that can be carried out`,
    () => {
      const all = worlds.get(one.resource) ?? [];
      expect(all.length).toBeGreaterThan(10);
      const property = fc.property(strangeOf(one.schema), (strange) => {
        const { world, now } = all[strange.at % all.length] ?? { world: {}, now: instant(0) };
        const odd = frozen(strangeWorld(one, world as World, strange));
        const at = instant(now + strange.ms);
        check(one, odd[one.member], decideAt(one.resource, odd, at), at);
      });
      holdsAtOnce(property, 250);
    },
    PATIENCE_MS,
  );
}
