// OpenAPI v3 documents, as far as kubectl reads them: schemas for `explain`, and for every kind the operation that
// says the server validates fields (kubectl-protocol: Endpoints).
import { groupsOf } from './documents.ts';
import type { ServedKind } from './kinds.ts';
import type { Registry } from './registry.ts';

function documentPath(group: string, version: string): string {
  return group === '' ? `api/${version}` : `apis/${group}/${version}`;
}

/** The index; addresses change with what is served, since clients keep documents by address. */
export function openApiIndex(registry: Registry) {
  const paths = [{ group: '', versions: ['v1'] }, ...groupsOf(registry)].flatMap(
    ({ group, versions }) =>
      versions.map((version) => {
        const path = documentPath(group, version);
        const serverRelativeURL = `/openapi/v3/${path}?hash=${registry.generation}`;
        return [path, { serverRelativeURL }] as const;
      }),
  );
  return { paths: Object.fromEntries(paths) };
}

function schemaName({ resource }: ServedKind, version: string): string {
  const group = resource.group === '' ? 'core' : resource.group;
  return `io.slipway.${group}.${version}.${resource.kind}`;
}

function documented(kind: ServedKind, version: string) {
  const { resource, schema } = kind;
  return {
    ...schema,
    description: schema.description ?? `${resource.kind} of ${resource.group || 'the core group'}.`,
    'x-kubernetes-group-version-kind': [{ group: resource.group, version, kind: resource.kind }],
  };
}

const FIELD_VALIDATION = {
  name: 'fieldValidation',
  in: 'query',
  schema: { type: 'string' },
} as const;

function pathsOf(kind: ServedKind, version: string) {
  const { resource } = kind;
  const root = `/${documentPath(resource.group, version)}`;
  const place = resource.namespaced ? '/namespaces/{namespace}' : '';
  const collection = `${root}${place}/${resource.plural}`;
  const operation = (action: string) => ({
    operationId: `${action}${resource.kind}`,
    'x-kubernetes-action': action,
    'x-kubernetes-group-version-kind': { group: resource.group, version, kind: resource.kind },
    parameters: [FIELD_VALIDATION],
    responses: { 200: { description: 'OK' } },
  });
  return [
    [collection, { post: operation('post') }],
    [`${collection}/{name}`, { put: operation('put'), patch: operation('patch') }],
  ] as const;
}

/** The document of one group and version; undefined if it is not served. */
export function openApiDocument(registry: Registry, group: string, version: string) {
  const kinds = registry
    .all()
    .filter(({ resource, versions }) => resource.group === group && versions.includes(version));
  if (kinds.length === 0) return undefined;
  return {
    openapi: '3.0.0',
    info: { title: 'Kubernetes', version: 'v1.34.0' },
    paths: Object.fromEntries(kinds.flatMap((kind) => pathsOf(kind, version))),
    components: {
      schemas: Object.fromEntries(
        kinds.map((kind) => [schemaName(kind, version), documented(kind, version)]),
      ),
    },
  };
}
