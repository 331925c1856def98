// The Service of an experiment template (experiment.md 5). Entry point: `serviceStep`.
import type { ExperimentTemplate } from '../../api/experiment.ts';
import type { Container, ReplicaSet, Service, ServicePort } from '../../api/kubernetes.ts';
import { HASH_LABEL } from '../../api/names.ts';
import { SERVICES } from '../../api/resources.ts';
import { refusalOf, type Write } from '../decision.ts';
import { controllerReference, refOf } from '../ownership.ts';
import { claimAnnotations, claimed } from './replica-set.ts';
import type { Situation } from './situation.ts';

export interface ServiceStep {
  readonly writes: readonly Write[];
  /** What the template's status says of it; absent keeps what is stored, null empties it. */
  readonly service?: { readonly serviceName: string; readonly podTemplateHash: string } | null;
  readonly error?: string;
}

const NOTHING: ServiceStep = { writes: [] };
/** Also when it was deleted by a pass that did not come to write the status. */
const GONE: ServiceStep = { writes: [], service: null };

/** What to do about the Service of a template whose set was there when the pass began. */
export function serviceStep(
  situation: Situation,
  template: ExperimentTemplate,
  { set, desired }: { readonly set: ReplicaSet; readonly desired: number },
): ServiceStep {
  const { world } = situation;
  const [own] = claimed(world, world.services, template.name);
  const isWanted = template.service !== undefined && desired > 0;
  if (isWanted) return wantedStep(situation, template, { set, own });
  if (own === undefined) return GONE;
  if (template.service === undefined) return deleteStep(own);
  const isIdle = (set.status?.availableReplicas ?? 0) === 0;
  return isIdle ? deleteStep(own) : NOTHING;
}

function deleteStep(service: Service): ServiceStep {
  const { uid = '', resourceVersion = '' } = service.metadata;
  const ref = refOf(SERVICES, service);
  return {
    writes: [{ kind: 'delete', ref, uid, resourceVersion, events: [] }],
    service: null,
  };
}

function wantedStep(
  { world }: Situation,
  template: ExperimentTemplate,
  { set, own }: { readonly set: ReplicaSet; readonly own: Service | undefined },
): ServiceStep {
  const custom = template.service?.name ?? '';
  const name = custom === '' ? set.metadata.name : custom;
  const hash = set.metadata.labels?.[HASH_LABEL] ?? '';
  const service = { serviceName: name, podTemplateHash: hash };
  if (own?.metadata.name === name) return { writes: [], service };
  const ports = servicePorts(set);
  if (ports.length === 0) return NOTHING;
  const isTaken = world.taken.some(
    (object) => object.kind === 'Service' && object.metadata.name === name,
  );
  if (isTaken) {
    const cause = `service ${name} already exists and is not owned by experiment template ${template.name}`;
    const error = `Failed to create Service ${name} for template '${template.name}': ${cause}`;
    return { writes: [], error };
  }
  const { namespace } = world.experiment.metadata;
  const object: Service = {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: {
      name,
      ...(namespace === undefined ? {} : { namespace }),
      annotations: claimAnnotations(world, template.name),
      ownerReferences: [controllerReference(world.experiment)],
    },
    spec: { selector: set.metadata.labels ?? {}, ports },
  };
  const refusal = refusalOf(world.refused, object);
  if (refusal !== undefined) {
    const cause = `cannot create service: ${refusal.message}`;
    return {
      writes: [],
      error: `Failed to create Service ${name} for template '${template.name}': ${cause}`,
    };
  }
  const write: Write = { kind: 'create', ref: refOf(SERVICES, object), object, events: [] };
  return { writes: [write], service };
}

/** One port for each container port, in order; init containers have none. */
function servicePorts(set: ReplicaSet): readonly ServicePort[] {
  const containers: readonly Container[] = set.spec.template?.spec?.containers ?? [];
  return containers.flatMap((container) =>
    (container.ports ?? []).map(({ name = '', containerPort, protocol }) => ({
      ...(name === '' ? {} : { name }),
      ...(protocol === undefined ? {} : { protocol }),
      port: containerPort,
      targetPort: containerPort,
    })),
  );
}
