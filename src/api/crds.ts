// The CustomResourceDefinitions of our five kinds (rollout.md 1, operations.md 9).
import { openApi } from '../schema/open-api.ts';
import { type Schema, text } from '../schema/schema.ts';
import { analysisRunSchema, analysisTemplateSchema } from './analysis.ts';
import { experimentSchema } from './experiment.ts';
import type { ResourceType } from './object.ts';
import {
  ANALYSIS_RUNS,
  ANALYSIS_TEMPLATES,
  CLUSTER_ANALYSIS_TEMPLATES,
  EXPERIMENTS,
  ROLLOUTS,
} from './resources.ts';
import { rolloutSchema } from './rollout.ts';
import { slim } from './slim.ts';

export interface PrinterColumn {
  readonly name: string;
  readonly type: 'integer' | 'string' | 'date' | 'boolean' | 'number';
  readonly jsonPath: string;
  readonly description?: string;
  readonly priority?: number;
}

interface Definition {
  readonly resource: ResourceType;
  readonly shortName: string;
  readonly schema: Schema<unknown>;
  readonly columns: readonly PrinterColumn[];
  readonly subresources?: Readonly<Record<string, unknown>>;
}

const AGE: PrinterColumn = {
  name: 'Age',
  type: 'date',
  jsonPath: '.metadata.creationTimestamp',
};
const STATUS: PrinterColumn = { name: 'Status', type: 'string', jsonPath: '.status.phase' };

function count(name: string, jsonPath: string, description: string): PrinterColumn {
  return { name, type: 'integer', jsonPath, description };
}

const DEFINITIONS: readonly Definition[] = [
  {
    resource: ROLLOUTS,
    shortName: 'ro',
    schema: rolloutSchema,
    columns: [
      count('Desired', '.spec.replicas', 'Number of desired pods'),
      count('Current', '.status.replicas', 'Number of pods of all revisions'),
      count('Up-to-date', '.status.updatedReplicas', 'Number of pods of the current revision'),
      count('Available', '.status.availableReplicas', 'Number of pods that are available'),
      AGE,
    ],
    subresources: {
      status: {},
      scale: {
        specReplicasPath: '.spec.replicas',
        statusReplicasPath: '.status.HPAReplicas',
        labelSelectorPath: '.status.selector',
      },
    },
  },
  { resource: EXPERIMENTS, shortName: 'exp', schema: experimentSchema, columns: [STATUS, AGE] },
  { resource: ANALYSIS_RUNS, shortName: 'ar', schema: analysisRunSchema, columns: [STATUS, AGE] },
  {
    resource: ANALYSIS_TEMPLATES,
    shortName: 'at',
    schema: analysisTemplateSchema,
    columns: [AGE],
  },
  {
    resource: CLUSTER_ANALYSIS_TEMPLATES,
    shortName: 'cat',
    schema: analysisTemplateSchema,
    columns: [AGE],
  },
];

export interface Crd {
  readonly apiVersion: 'apiextensions.k8s.io/v1';
  readonly kind: 'CustomResourceDefinition';
  readonly metadata: {
    readonly name: string;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly spec: Readonly<Record<string, unknown>>;
}

function topLevel(schema: Schema<unknown>) {
  const shape = openApi(schema);
  return {
    ...shape,
    properties: {
      apiVersion: openApi(text),
      kind: openApi(text),
      metadata: { type: 'object' },
      ...shape.properties,
    },
  };
}

function crdOf({ resource, shortName, schema, columns, subresources }: Definition): Crd {
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${resource.plural}.${resource.group}` },
    spec: {
      group: resource.group,
      names: {
        kind: resource.kind,
        listKind: `${resource.kind}List`,
        plural: resource.plural,
        shortNames: [shortName],
        singular: resource.kind.toLowerCase(),
      },
      scope: resource.namespaced ? 'Namespaced' : 'Cluster',
      versions: [
        {
          additionalPrinterColumns: columns,
          name: resource.version,
          schema: { openAPIV3Schema: topLevel(schema) },
          served: true,
          storage: true,
          ...(subresources === undefined ? { subresources: {} } : { subresources }),
        },
      ],
    },
  };
}

/** How closely the API server looks into pod templates: `full` checks them, `slim` only fills in what it must. */
export type CrdForm = 'full' | 'slim';

/** Our five kinds, in the order in which people learn them. */
export function crds(form: CrdForm = 'full'): readonly Crd[] {
  return DEFINITIONS.map((definition) =>
    crdOf(form === 'full' ? definition : { ...definition, schema: slim(definition.schema) }),
  );
}
