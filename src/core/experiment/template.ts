// One template of an Experiment: its set, its Service, its status (experiment.md 4, 5). Entry point: `templateStep`.
import type { ExperimentTemplate, TemplateStatus } from '../../api/experiment.ts';
import type { ReplicaSet } from '../../api/kubernetes.ts';
import { formatInstant, type Instant, later, parseInstant, seconds } from '../../lib/time.ts';
import type { EventNote, Write } from '../decision.ts';
import { claimed, replicaSetStep } from './replica-set.ts';
import { serviceStep, type ServiceStep } from './service.ts';
import { desiredReplicas, isEndedTemplate, type Situation, storedTemplate } from './situation.ts';
import { DEFAULT_PROGRESS_DEADLINE_SECONDS } from './validation.ts';

export interface TemplateStep {
  readonly status: TemplateStatus;
  readonly writes: readonly Write[];
  readonly events: readonly EventNote[];
  readonly requeueAt?: Instant;
}

type Counters = Pick<
  TemplateStatus,
  'replicas' | 'updatedReplicas' | 'readyReplicas' | 'availableReplicas'
>;

const NO_PODS: Counters = {
  replicas: 0,
  updatedReplicas: 0,
  readyReplicas: 0,
  availableReplicas: 0,
};

export function templateStep(situation: Situation, template: ExperimentTemplate): TemplateStep {
  const stored = storedTemplate(situation, template.name);
  const desired = desiredReplicas(situation, template, stored);
  const { world } = situation;
  const [set] = claimed(world, world.replicaSets, template.name);
  const service: ServiceStep =
    set === undefined ? { writes: [] } : serviceStep(situation, template, { set, desired });
  const scaled = replicaSetStep(situation, template, { set, desired });
  const begun = begunStatus(situation, { template, stored, set, isChanged: scaled.isChanged });
  const named = withService(begun, service);
  const isScaling = set !== undefined && (set.spec.replicas ?? 1) !== desired;
  const problem = service.error ?? scaled.error;
  const judged =
    problem === undefined || isEndedTemplate(named.status)
      ? judgedStatus(situation, template, { status: named, desired, isScaling })
      : { ...named, status: 'Error', message: problem };
  return {
    status: judged,
    writes: [...service.writes, ...scaled.writes],
    events: [...(scaled.events ?? []), ...transition(template.name, stored?.status ?? '', judged)],
    ...(scaled.requeueAt === undefined ? {} : { requeueAt: scaled.requeueAt }),
  };
}

/** The stored status with the counters of now; any change starts the deadline for progress anew. */
function begunStatus(
  { now }: Situation,
  {
    template,
    stored,
    set,
    isChanged,
  }: {
    readonly template: ExperimentTemplate;
    readonly stored: TemplateStatus | undefined;
    readonly set: ReplicaSet | undefined;
    readonly isChanged: boolean;
  },
): TemplateStatus {
  const before: TemplateStatus = stored ?? { name: template.name, ...NO_PODS };
  const counters = countersOf(set);
  const isMoved = isChanged || hasMoved(before, counters);
  return {
    ...before,
    ...counters,
    ...(isMoved ? { lastTransitionTime: formatInstant(now) } : {}),
  };
}

function countersOf(set: ReplicaSet | undefined): Counters {
  const { replicas = 0, readyReplicas = 0, availableReplicas = 0 } = set?.status ?? {};
  return { replicas, updatedReplicas: replicas, readyReplicas, availableReplicas };
}

export function hasMoved(before: Counters, after: Counters): boolean {
  return (
    before.replicas !== after.replicas ||
    before.updatedReplicas !== after.updatedReplicas ||
    before.readyReplicas !== after.readyReplicas ||
    before.availableReplicas !== after.availableReplicas
  );
}

function withService(status: TemplateStatus, { service }: ServiceStep): TemplateStatus {
  if (service === undefined) return status;
  const { serviceName: _name, podTemplateHash: _hash, ...rest } = status;
  return service === null ? rest : { ...rest, ...service };
}

function judgedStatus(
  situation: Situation,
  template: ExperimentTemplate,
  {
    status,
    desired,
    isScaling,
  }: {
    readonly status: TemplateStatus;
    readonly desired: number;
    readonly isScaling: boolean;
  },
): TemplateStatus {
  if (isEndedTemplate(status.status)) return status;
  const { terminating, hasPassedDuration } = situation;
  if (desired === status.availableReplicas) {
    return { ...status, status: hasPassedDuration || terminating ? 'Successful' : 'Running' };
  }
  const limit = progressDeadlineSeconds(situation);
  // A set that is being scaled has only now begun to be late.
  if (!isScaling && situation.now > deadlineOf(situation, status)) {
    const message = `Template '${template.name}' exceeded its progressDeadlineSeconds (${limit})`;
    return { ...status, status: 'Failed', message };
  }
  return { ...status, status: terminating ? 'Successful' : 'Progressing' };
}

function progressDeadlineSeconds({ world }: Situation): number {
  return world.experiment.spec.progressDeadlineSeconds ?? DEFAULT_PROGRESS_DEADLINE_SECONDS;
}

/** The moment after which a template that lacks pods has failed. */
export function deadlineOf(situation: Situation, status: TemplateStatus): Instant {
  const from = parseInstant(status.lastTransitionTime ?? '') ?? situation.now;
  return later(from, seconds(progressDeadlineSeconds(situation)));
}

const BAD: ReadonlySet<string> = new Set(['Failed', 'Error']);

function transition(name: string, before: string, after: TemplateStatus): readonly EventNote[] {
  const { status = '', message = '' } = after;
  if (status === before) return [];
  const text = `Template '${name}' transitioned from ${before} -> ${status}`;
  return [
    {
      type: BAD.has(status) ? 'Warning' : 'Normal',
      reason: `Template${status}`,
      message: message === '' ? text : `${text}: ${message}`,
    },
  ];
}
