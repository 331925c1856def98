// Routers that are plugins (traffic.md 3.8): what they wrote cannot be seen here, so that they did it is an answer.
// Entry point: `routeByPlugins`.
//
// The question is what is wanted: calls in order, for one generation of the spec. Its answer counts until something else
// is wanted, or until it is time to ask again: after a failure, for a verification, and now and then in case somebody
// else has changed the routes.
import { type Instant, later, seconds } from '../../lib/time.ts';
import type { RouteAnswer, RouteCall } from '../../api/plugin-asks.ts';
import type { Operation, Plan } from '../traffic/plan.ts';
import { canaryOf, maxWeightOf } from './limits.ts';
import { type Pass, ROUTE_KEYS } from './pass.ts';

/** The routers' word on this pass. */
export type Routed =
  | { readonly kind: 'accepted'; readonly verified?: boolean; readonly verifyError?: string }
  | { readonly kind: 'asked' }
  | { readonly kind: 'refused'; readonly op: RouteCall['op']; readonly error: string };

const RETRY = seconds(10);
const ASSERTED_FOR = seconds(900);

export function routerPlugins({ rollout }: Pass): readonly string[] {
  const plugins: unknown = canaryOf(rollout)?.trafficRouting?.plugins;
  return typeof plugins === 'object' && plugins !== null ? Object.keys(plugins).toSorted() : [];
}

/** Asks every router at the same time; weights count once all have accepted them. */
export function routeByPlugins(pass: Pass, plan: Plan): Routed {
  const calls = callsOf(plan);
  const { draft } = pass;
  draft.keeps = draft.keeps.filter((key) => key !== ROUTE_KEYS);
  if (calls.length === 0) return { kind: 'accepted' };
  const answers = routerPlugins(pass).map((name) => answerOf(pass, name, calls));
  if (answers.includes(undefined)) return { kind: 'asked' };
  const all = answers.filter((answer) => answer !== undefined);
  const failures = all.flatMap(({ failed }) => failed ?? []);
  const refusal = failures.find(({ op }) => op !== 'verifyWeight');
  if (refusal !== undefined) return { kind: 'refused', ...refusal };
  const verdicts = all.flatMap(({ verified }) => verified ?? []);
  const verified = verdicts.length === 0 ? undefined : !verdicts.includes(false);
  const { weight } = plan.wanted;
  if (verified === false && weight === maxWeightOf(canaryOf(pass.rollout))) {
    const error = `end of rollout, desired weight ${weight} not yet verified`;
    return { kind: 'refused', op: 'verifyWeight', error };
  }
  const [problem] = failures;
  return {
    kind: 'accepted',
    ...(verified === undefined ? {} : { verified }),
    ...(problem === undefined ? {} : { verifyError: problem.error }),
  };
}

function callsOf({ operations, wanted, record, waiting }: Plan): readonly RouteCall[] {
  const { weight, extras } = wanted;
  const calls = operations.map((operation) => callOf(operation, wanted));
  const isVerified = record !== undefined && waiting === undefined;
  return isVerified ? [...calls, { op: 'verifyWeight', weight, extras }] : calls;
}

function callOf(operation: Operation, { weight, extras, hashes }: Plan['wanted']): RouteCall {
  switch (operation.op) {
    case 'updateHash':
      return {
        op: 'updateHash',
        canaryHash: hashes.canary,
        stableHash: hashes.stable,
        extras,
      };
    case 'setWeight':
      return { op: 'setWeight', weight, extras };
    default:
      return operation;
  }
}

/** Undefined while the first answer is awaited; one that is to be renewed counts until the new one is there. */
function answerOf(
  pass: Pass,
  plugin: string,
  calls: readonly RouteCall[],
): RouteAnswer | undefined {
  const { draft, now, world } = pass;
  const { generation = 0 } = world.rollout.metadata;
  const question = `${ROUTE_KEYS}${plugin}/${generation}/${JSON.stringify(calls)}#`;
  const known = world.answers
    .flatMap((one) => (one.kind === 'route' && one.key.startsWith(question) ? [one] : []))
    .reduce<{ key: string; answer: RouteAnswer } | undefined>(
      (last, one) => (last === undefined || one.answer.at >= last.answer.at ? one : last),
      undefined,
    );
  if (known !== undefined) draft.keeps = [...draft.keeps, known.key];
  const until = known === undefined ? undefined : countsUntil(known.answer);
  if (until !== undefined && now < until) {
    draft.moments.push(until);
    return known?.answer;
  }
  const ask = { plugin, rollout: world.rollout, calls };
  draft.asks.push({ kind: 'route', key: `${question}${known?.answer.at ?? 0}`, ask });
  const message = `telling the traffic router plugin ${plugin}`;
  draft.reasons.push({ code: 'ShiftingTraffic', message });
  return known?.answer;
}

function countsUntil({ at, failed, verified }: RouteAnswer): Instant {
  const isSettled = failed === undefined && verified !== false;
  return later(at, isSettled ? ASSERTED_FOR : RETRY);
}
