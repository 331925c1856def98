// What it takes to serve a kind: names, schema, columns, defaults, checks, subresources.
import type { KubeObject, ResourceType } from '../../api/object.ts';
import type { OpenApi } from '../../schema/open-api.ts';
import { humanDuration, milliseconds, parseInstant } from '../../lib/time.ts';
import type { FieldProblem } from '../../schema/structural/problem.ts';
import { type NameRule, wholeSchema } from './metadata.ts';

export interface Column {
  readonly name: string;
  readonly type: 'string' | 'integer' | 'date' | 'number' | 'boolean';
  readonly description?: string;
  /** Above 0: shown only in wide output. */
  readonly priority?: number;
  /** The cell; `now` is the server's time in milliseconds, for ages. */
  readonly cell: (object: KubeObject, now: number) => string | number | boolean;
}

export interface ScalePaths {
  readonly spec: string;
  readonly status: string;
  readonly selector?: string;
}

/** How an object is brought into the form that is stored. */
export interface Admission {
  /** Fills in what the kind's own server would. */
  readonly defaults?: (object: KubeObject) => KubeObject;
  readonly problems?: (
    object: KubeObject,
    before: KubeObject | undefined,
  ) => readonly FieldProblem[];
}

export interface ServedKind extends Admission {
  readonly resource: ResourceType;
  /** All served versions, the preferred one first. */
  readonly versions: readonly string[];
  readonly listKind: string;
  readonly singular: string;
  readonly shortNames: readonly string[];
  readonly categories: readonly string[];
  readonly verbs: readonly string[];
  readonly schema: OpenApi;
  readonly columns: readonly Column[];
  readonly hasStatus: boolean;
  readonly scale?: ScalePaths;
  /** Subresources of its own, by name, with the kind of their answer. */
  readonly subresources: Readonly<
    Record<string, { readonly kind: string; readonly verbs: readonly string[] }>
  >;
  /** Defined by a CustomResourceDefinition: no strategic merge, unknown members pruned by schema. */
  readonly isCustom: boolean;
  readonly nameRule: NameRule;
  /** Fields that lists can be narrowed by, besides name and namespace. */
  readonly selectableFields: readonly string[];
  /** Removed only after its grace period, by the node that runs it. */
  readonly isGraceful: boolean;
}

export const ALL_VERBS = [
  'create',
  'delete',
  'deletecollection',
  'get',
  'list',
  'patch',
  'update',
  'watch',
] as const;

export interface KindOptions extends Admission {
  readonly shortNames?: readonly string[];
  readonly categories?: readonly string[];
  readonly hasStatus?: boolean;
  readonly scale?: ScalePaths;
  readonly subresources?: ServedKind['subresources'];
  readonly columns?: readonly Column[];
  readonly isGraceful?: boolean;
  readonly nameRule?: NameRule;
  readonly selectableFields?: readonly string[];
}

/** A kind of the server's own. */
export function builtin(
  resource: ResourceType,
  schema: OpenApi,
  { columns, ...options }: KindOptions = {},
): ServedKind {
  return {
    resource,
    versions: [resource.version],
    listKind: `${resource.kind}List`,
    singular: resource.kind.toLowerCase(),
    shortNames: [],
    categories: [],
    verbs: ALL_VERBS,
    schema: wholeSchema(schema),
    columns: columns ?? [AGE],
    hasStatus: false,
    subresources: {},
    isCustom: false,
    isGraceful: false,
    nameRule: 'subdomain',
    selectableFields: [],
    ...options,
  };
}

/** `5s`, `3m`, `2d`: how long ago, as tables show it. */
export function age(since: string | undefined, now: number): string {
  const at = parseInstant(since ?? '');
  return at === undefined ? '<unknown>' : humanDuration(milliseconds(now - at));
}

export const AGE: Column = {
  name: 'Age',
  type: 'string',
  description: 'Time since creation.',
  cell: ({ metadata }, now) => age(metadata.creationTimestamp, now),
};
