// Fetches what a decision asks of the outside. Answers go to the key's memory; then the key is looked at again.
import { PODS, SECRETS } from '../api/resources.ts';
import type { ObjectRef } from '../api/object.ts';
import type {
  RouteAsk,
  RouteOutcome,
  StepPluginAsk,
  StepPluginOutcome,
} from '../api/plugin-asks.ts';
import type { Answer, Ask, MeasureAsk, Measured } from '../core/decision.ts';
import type { KubeClient } from '../kube/client.ts';
import { ApiError } from '../kube/errors.ts';
import { fromBase64, utf8Text } from '../lib/bytes.ts';
import { cancellation, sleep } from '../lib/clock.ts';
import { unreachable } from '../lib/assert.ts';
import type { Cancel, Clock, Random } from '../lib/ports.ts';
import { backOff } from './back-off.ts';
import type { Memory } from './memory.ts';

/** Takes one measurement; a provider's failure is a `Measured` with `error`, never a throw. */
export type Measure = (ask: MeasureAsk, cancel: Cancel) => Promise<Measured>;

/** Plugins of steps and routers; their failures are answers, never thrown. */
export interface PluginAnswers {
  step(ask: StepPluginAsk, cancel: Cancel): Promise<StepPluginOutcome>;
  route(ask: RouteAsk, cancel: Cancel): Promise<RouteOutcome>;
}

export interface AskPorts {
  readonly client: KubeClient;
  readonly clock: Clock;
  readonly random: Random;
  readonly measure: Measure;
  /** Absent: there are no plugins here. */
  readonly plugins?: PluginAnswers;
  /** The outside broke in a way that is not an answer; the question is asked again after a back-off. */
  readonly onFailure: (ask: Ask, error: unknown) => void;
}

/**
 * Starts what is asked and not under way yet, and cancels what is no longer asked. `lookAgain` is called
 * when an answer has come.
 */
export function fetchAnswers(ports: AskPorts, asks: readonly Ask[], owner: Owner): void {
  const { memory } = owner;
  memory.keepOnly(new Set(asks.map((ask) => ask.key)), owner.keeps);
  for (const ask of asks) {
    if (memory.isAsking(ask.key)) continue;
    const stop = cancellation();
    memory.asked(ask.key, () => stop.now());
    void fetchOne(ports, ask, owner, stop.cancel);
  }
}

interface Owner {
  readonly ref: ObjectRef;
  readonly memory: Memory;
  /** Beginnings of keys of questions that go on though they are not asked. */
  readonly keeps?: readonly string[];
  readonly lookAgain: () => void;
}

/** Until there is an answer, or nobody wants it any more. */
async function fetchOne(ports: AskPorts, ask: Ask, owner: Owner, cancel: Cancel): Promise<void> {
  for (let failures = 0; !cancel.cancelled; failures += 1) {
    try {
      const answer = await answerTo(ports, ask, owner.ref, cancel);
      if (cancel.cancelled) return;
      owner.memory.answered(answer);
      owner.lookAgain();
      return;
    } catch (error) {
      if (cancel.cancelled) return;
      ports.onFailure(ask, error);
      await sleep(ports.clock, backOff(failures, ports.random), cancel);
    }
  }
}

async function answerTo(
  ports: AskPorts,
  ask: Ask,
  owner: ObjectRef,
  cancel: Cancel,
): Promise<Answer> {
  switch (ask.kind) {
    case 'measure':
      return { kind: 'measure', key: ask.key, measured: await ports.measure(ask.measure, cancel) };
    case 'secret':
      return {
        kind: 'secret',
        key: ask.key,
        name: ask.name,
        secret: await secretOf(ports, owner, { name: ask.name, cancel }),
      };
    case 'pods':
      return {
        kind: 'pods',
        key: ask.key,
        pods: await podsOf(ports, owner, { labelSelector: ask.labelSelector, cancel }),
      };
    case 'step-plugin':
      return stepAnswer(ports, ask, cancel);
    case 'route':
      return routeAnswer(ports, ask, cancel);
    default:
      return unreachable(ask);
  }
}

const NO_PLUGINS = 'unable to start plugin system: this controller was started without plugins';

async function stepAnswer(
  { plugins, clock }: AskPorts,
  { key, ask }: Extract<Ask, { kind: 'step-plugin' }>,
  cancel: Cancel,
): Promise<Answer> {
  const askedAt = clock.now();
  const outcome: StepPluginOutcome = (await plugins?.step(ask, cancel)) ?? {
    kind: 'unavailable',
    error: NO_PLUGINS,
  };
  return { kind: 'step-plugin', key, answer: { askedAt, at: clock.now(), outcome } };
}

async function routeAnswer(
  { plugins, clock }: AskPorts,
  { key, ask }: Extract<Ask, { kind: 'route' }>,
  cancel: Cancel,
): Promise<Answer> {
  const error = `failed to get traffic router plugin ${ask.plugin}: ${NO_PLUGINS}`;
  const op = ask.calls[0]?.op ?? 'setWeight';
  const answer = (await plugins?.route(ask, cancel)) ?? { failed: { op, error } };
  return { kind: 'route', key, answer: { ...answer, at: clock.now() } };
}

type SecretAnswer = Extract<Answer, { kind: 'secret' }>['secret'];

/** What there is, or the server's word that it may not be had. A server that does not answer is asked again. */
async function secretOf(
  ports: AskPorts,
  owner: ObjectRef,
  { name, cancel }: { readonly name: string; readonly cancel: Cancel },
): Promise<SecretAnswer> {
  const ref = {
    resource: SECRETS,
    name,
    ...(owner.namespace === undefined ? {} : { namespace: owner.namespace }),
  };
  try {
    const secret = await ports.client.get<SecretObject>(ref, cancel);
    const entries = Object.entries(secret.data ?? {}).map(([key, value]) => {
      return [key, utf8Text(fromBase64(value) ?? new Uint8Array())] as const;
    });
    return { data: Object.fromEntries(entries) };
  } catch (error) {
    if (error instanceof ApiError && isFinal(error)) return { error: error.message };
    throw error;
  }
}

/** Refusals that say something of us or of the server, not of what was asked for. */
const PASSING: ReadonlySet<number> = new Set([401, 408, 429]);

function isFinal({ code }: ApiError): boolean {
  return code < 500 && !PASSING.has(code);
}

interface SecretObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly data?: Readonly<Record<string, string>>;
}

async function podsOf(
  ports: AskPorts,
  owner: ObjectRef,
  selected: { readonly labelSelector: string; readonly cancel: Cancel },
) {
  const { namespace } = owner;
  const options = namespace === undefined ? selected : { ...selected, namespace };
  const { items } = await ports.client.listAll(PODS, options);
  return items;
}
