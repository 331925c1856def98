// `status` of HTTPRoutes and Gateways of the Gateway API, as its controllers write it: what each parent makes of a route,
// and what each listener has (https://gateway-api.sigs.k8s.io/guides/implementers/#resource-details).
import type { Condition } from '../../api/kubernetes.ts';
import type { Json, KubeObject } from '../../api/object.ts';
import { jsonEqual } from '../../lib/equal.ts';
import type { Instant } from '../../lib/ports.ts';
import { formatInstant } from '../../lib/time.ts';
import { verdictOf } from './condition.ts';
import { GATEWAY_API } from './http-route.ts';
import type { AttachedRoute, ParentAnswer } from './http-routes.ts';
import type { KubernetesGateway } from './kubernetes-gateway.ts';
import type { Problem, ProblemReason } from './reading.ts';

export const CONTROLLER = 'slipway.dev/mesh';

export interface ParentStatus {
  readonly parentRef: unknown;
  readonly controllerName: string;
  readonly conditions: readonly Condition[];
}

interface Saying {
  readonly type: string;
  readonly status: 'True' | 'False';
  readonly reason: string;
  readonly message: string;
}

export interface RouteFindings {
  readonly route: AttachedRoute;
  readonly problems: readonly Problem[];
  readonly answers: readonly ParentAnswer[];
}

/** All entries of `status.parents`, those of other controllers untouched; undefined: they say so already. */
export function parentsStatus(
  object: KubeObject,
  { route, problems, answers }: RouteFindings,
  now: Instant,
): readonly ParentStatus[] | undefined {
  const before = parentsOf(object);
  const { generation } = route.object.metadata;
  const own = route.compiled.parents.flatMap(({ written }, index): readonly ParentStatus[] => {
    const answer = answers[index];
    if (answer === undefined || answer.kind === 'unknown') return [];
    const said = before.find(
      (one) => one.controllerName === CONTROLLER && jsonEqual(one.parentRef, written),
    );
    const sayings = [accepted(answer), ...sayingsOf(problems)];
    const conditions = conditionsOf(sayings, { said: said?.conditions ?? [], generation, now });
    return [{ parentRef: written, controllerName: CONTROLLER, conditions }];
  });
  const all = [...before.filter(({ controllerName }) => controllerName !== CONTROLLER), ...own];
  return jsonEqual(all, before) ? undefined : all;
}

/** `status` of a Gateway; undefined: it says so already. */
export function gatewayStatus(
  object: KubeObject,
  {
    gateway,
    attached,
    now,
  }: {
    readonly gateway: KubernetesGateway;
    readonly attached: (listener: string) => number;
    readonly now: Instant;
  },
): Json | undefined {
  const before = (object as { readonly status?: GatewayStatus }).status ?? {};
  const { generation } = gateway.object.metadata;
  const context = (said: readonly Condition[] = []) => ({ said, generation, now });
  const conditions = conditionsOf(
    [yes('Accepted'), yes('Programmed'), ...partly(gateway.problems)],
    context(before.conditions),
  );
  const listeners = gateway.listeners.map(({ name }) => {
    const said = before.listeners?.find((one) => one.name === name)?.conditions;
    return {
      name,
      attachedRoutes: attached(name),
      supportedKinds: [{ group: GATEWAY_API, kind: 'HTTPRoute' }],
      conditions: conditionsOf(
        [yes('Accepted'), yes('Programmed'), yes('ResolvedRefs', 'ResolvedRefs')],
        context(said),
      ),
    };
  });
  const after = { ...before, conditions, listeners };
  return jsonEqual(after, before) ? undefined : (after as unknown as Json);
}

interface GatewayStatus {
  readonly conditions?: readonly Condition[];
  readonly listeners?: readonly {
    readonly name?: string;
    readonly conditions?: readonly Condition[];
  }[];
}

function parentsOf(object: KubeObject): readonly ParentStatus[] {
  const { status } = object as { readonly status?: { readonly parents?: readonly ParentStatus[] } };
  return status?.parents ?? [];
}

function yes(type: string, reason = type): Saying {
  return { type, status: 'True', reason, message: '' };
}

function accepted(answer: ParentAnswer): Saying {
  if (answer.kind !== 'refused') return yes('Accepted');
  const { reason } = answer;
  return { type: 'Accepted', status: 'False', reason, message: REFUSALS[reason] };
}

const REFUSALS = {
  NoMatchingParent: 'the Gateway has no listener of that name and port for HTTP',
  NotAllowedByListeners: 'no listener takes routes of this namespace',
  NoMatchingListenerHostname: 'no listener has a host of this route',
} as const;

const UNRESOLVED: readonly ProblemReason[] = ['ReferenceNotFound', 'ReferenceNotPermitted'];

function sayingsOf(problems: readonly Problem[]): readonly Saying[] {
  const unresolved = problems.filter(({ reason }) => UNRESOLVED.includes(reason));
  const rest = problems.filter(({ reason }) => !UNRESOLVED.includes(reason));
  const { reason, message } = verdictOf(unresolved);
  const resolved: Saying =
    unresolved.length === 0
      ? yes('ResolvedRefs')
      : {
          type: 'ResolvedRefs',
          status: 'False',
          reason: reason === 'ReferenceNotFound' ? 'BackendNotFound' : 'RefNotPermitted',
          message,
        };
  return [resolved, ...partly(rest)];
}

function partly(problems: readonly Problem[]): readonly Saying[] {
  if (problems.length === 0) return [];
  const { message } = verdictOf(problems);
  return [{ type: 'PartiallyInvalid', status: 'True', reason: 'UnsupportedValue', message }];
}

/** The time of a condition is that of its last change of status. */
function conditionsOf(
  sayings: readonly Saying[],
  context: {
    readonly said: readonly Condition[];
    readonly generation: number | undefined;
    readonly now: Instant;
  },
): readonly Condition[] {
  const { said, generation, now } = context;
  return sayings.map((saying) => {
    const before = said.find(({ type }) => type === saying.type);
    const lastTransitionTime =
      before?.status === saying.status && before.lastTransitionTime !== undefined
        ? before.lastTransitionTime
        : formatInstant(now);
    const observed = generation === undefined ? {} : { observedGeneration: generation };
    return { ...saying, ...observed, lastTransitionTime };
  });
}
