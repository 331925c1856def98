// Which kinds are served: the server's own, and those of CustomResourceDefinitions as they come and go.
import type { KubeObject, ResourceType } from '../../api/object.ts';
import { CRDS } from '../../api/resources.ts';
import type { OpenApi } from '../../schema/open-api.ts';
import { builtinKinds } from './builtin-kinds.ts';
import { valueAt } from './json-path.ts';
import { AGE, age, ALL_VERBS, type Column, type ServedKind } from './kinds.ts';
import { wholeSchema } from './metadata.ts';
import { type Store, storeKey } from './store.ts';

interface CrdVersion {
  readonly name: string;
  readonly served?: boolean;
  readonly storage?: boolean;
  readonly schema?: { readonly openAPIV3Schema?: OpenApi };
  readonly subresources?: {
    readonly status?: unknown;
    readonly scale?: {
      readonly specReplicasPath: string;
      readonly statusReplicasPath: string;
      readonly labelSelectorPath?: string;
    };
  };
  readonly selectableFields?: readonly { readonly jsonPath: string }[];
  readonly additionalPrinterColumns?: readonly {
    readonly name: string;
    readonly type: string;
    readonly jsonPath: string;
    readonly description?: string;
    readonly priority?: number;
  }[];
}

export interface CrdObject extends KubeObject {
  readonly spec: {
    readonly group: string;
    readonly scope: string;
    readonly names: {
      readonly kind: string;
      readonly listKind?: string;
      readonly plural: string;
      readonly singular?: string;
      readonly shortNames?: readonly string[];
      readonly categories?: readonly string[];
    };
    readonly versions: readonly CrdVersion[];
  };
}

/** Looks kinds up; follows the CustomResourceDefinitions in the store. */
export class Registry {
  readonly #kinds = new Map<string, ServedKind>();
  /** Grows with every change of what is served; part of documents' addresses that clients keep. */
  #generation = 1;

  constructor(store: Store) {
    for (const kind of builtinKinds()) this.#kinds.set(storeKey(kind.resource), kind);
    for (const object of store.list(storeKey(CRDS))) this.#add(object as CrdObject);
    store.subscribe(storeKey(CRDS), ({ type, object }) => {
      if (type === 'DELETED') this.#remove(object as CrdObject);
      else this.#add(object as CrdObject);
    });
  }

  get generation(): number {
    return this.#generation;
  }

  /** All kinds in a stable order: groups as they were added. */
  all(): readonly ServedKind[] {
    return [...this.#kinds.values()];
  }

  find(group: string, version: string, plural: string): ServedKind | undefined {
    const kind = this.#kinds.get(storeKey({ group, plural }));
    return kind?.versions.includes(version) === true ? kind : undefined;
  }

  /** By group and plural, whatever the version. */
  byKey(key: string): ServedKind | undefined {
    return this.#kinds.get(key);
  }

  #add(crd: CrdObject): void {
    const kind = customKind(crd);
    if (kind !== undefined) this.#kinds.set(storeKey(kind.resource), kind);
    this.#generation += 1;
  }

  #remove({ spec }: CrdObject): void {
    this.#kinds.delete(storeKey({ group: spec.group, plural: spec.names.plural }));
    this.#generation += 1;
  }
}

const ANYTHING: OpenApi = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true };

function customKind({ spec }: CrdObject): ServedKind | undefined {
  const served = spec.versions.filter((version) => version.served !== false);
  const main = served.find((version) => version.storage === true) ?? served[0];
  if (main === undefined) return undefined;
  const { names, group, scope } = spec;
  const resource: ResourceType = {
    group,
    version: main.name,
    kind: names.kind,
    plural: names.plural,
    namespaced: scope === 'Namespaced',
  };
  const { status, scale } = main.subresources ?? {};
  const others = served.filter((version) => version !== main).map((version) => version.name);
  return {
    resource,
    versions: [main.name, ...others],
    listKind: names.listKind ?? `${names.kind}List`,
    singular: names.singular ?? names.kind.toLowerCase(),
    shortNames: names.shortNames ?? [],
    categories: names.categories ?? [],
    verbs: ALL_VERBS,
    schema: wholeSchema(main.schema?.openAPIV3Schema ?? ANYTHING),
    columns: columnsOf(main),
    hasStatus: status !== undefined,
    ...(scale === undefined
      ? {}
      : {
          scale: {
            spec: scale.specReplicasPath,
            status: scale.statusReplicasPath,
            ...(scale.labelSelectorPath === undefined ? {} : { selector: scale.labelSelectorPath }),
          },
        }),
    subresources: {},
    isCustom: true,
    isGraceful: false,
    nameRule: 'subdomain',
    selectableFields: (main.selectableFields ?? []).map(({ jsonPath }) => jsonPath.slice(1)),
  };
}

function columnsOf({ additionalPrinterColumns = [] }: CrdVersion): readonly Column[] {
  if (additionalPrinterColumns.length === 0) return [AGE];
  return additionalPrinterColumns.map(({ name, type, jsonPath, description, priority }) => ({
    name,
    type: type as Column['type'],
    ...(description === undefined ? {} : { description }),
    ...(priority === undefined ? {} : { priority }),
    cell: (object, now) => cellOf(valueAt(object, jsonPath), type, now),
  }));
}

function cellOf(value: unknown, type: string, now: number): string | number | boolean {
  if (type === 'date') return age(typeof value === 'string' ? value : undefined, now);
  switch (typeof value) {
    case 'string':
    case 'number':
    case 'boolean':
      return value;
    case 'undefined':
      return '';
    default:
      return value === null ? '' : JSON.stringify(value);
  }
}
