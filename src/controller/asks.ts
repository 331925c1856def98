// Fetches what a decision asks of the outside. Answers go to the key's memory; then the key is looked at again.
import { PODS, SECRETS } from '../api/resources.ts';
import type { ObjectRef } from '../api/object.ts';
import type { Answer, Ask, MeasureAsk, Measured } from '../core/decision.ts';
import type { KubeClient } from '../kube/client.ts';
import { fromBase64, utf8Text } from '../lib/bytes.ts';
import { cancellation } from '../lib/clock.ts';
import { unreachable } from '../lib/assert.ts';
import type { Cancel } from '../lib/ports.ts';
import type { Memory } from './memory.ts';

/** Takes one measurement; a provider's failure is a `Measured` with `error`, never a throw. */
export type Measure = (ask: MeasureAsk, cancel: Cancel) => Promise<Measured>;

export interface AskPorts {
  readonly client: KubeClient;
  readonly measure: Measure;
  /** The outside broke in a way that is not an answer; the question is asked again by the next decision. */
  readonly onFailure: (ask: Ask, error: unknown) => void;
}

/**
 * Starts what is asked and not under way yet, and cancels what is no longer asked. `lookAgain` is called
 * when an answer has come.
 */
export function fetchAnswers(ports: AskPorts, asks: readonly Ask[], owner: Owner): void {
  const { memory } = owner;
  memory.keepOnly(new Set(asks.map((ask) => ask.key)));
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
  readonly lookAgain: () => void;
}

async function fetchOne(ports: AskPorts, ask: Ask, owner: Owner, cancel: Cancel): Promise<void> {
  try {
    const answer = await answerTo(ports, ask, owner.ref, cancel);
    if (!cancel.cancelled) owner.memory.answered(answer);
  } catch (error) {
    owner.memory.unasked(ask.key);
    if (!cancel.cancelled) ports.onFailure(ask, error);
  }
  if (!cancel.cancelled) owner.lookAgain();
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
        secret: await secretOf(ports, owner, ask.name),
      };
    case 'pods':
      return { kind: 'pods', key: ask.key, pods: await podsOf(ports, owner, ask.labelSelector) };
    default:
      return unreachable(ask);
  }
}

type SecretAnswer = Extract<Answer, { kind: 'secret' }>['secret'];

async function secretOf(ports: AskPorts, owner: ObjectRef, name: string): Promise<SecretAnswer> {
  const ref = {
    resource: SECRETS,
    name,
    ...(owner.namespace === undefined ? {} : { namespace: owner.namespace }),
  };
  try {
    const secret = await ports.client.get<SecretObject>(ref);
    const entries = Object.entries(secret.data ?? {}).map(([key, value]) => {
      return [key, utf8Text(fromBase64(value) ?? new Uint8Array())] as const;
    });
    return { data: Object.fromEntries(entries) };
  } catch (error) {
    return { error: error instanceof Error ? error.message : String(error) };
  }
}

interface SecretObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly data?: Readonly<Record<string, string>>;
}

async function podsOf(ports: AskPorts, owner: ObjectRef, labelSelector: string) {
  const options = {
    labelSelector,
    ...(owner.namespace === undefined ? {} : { namespace: owner.namespace }),
  };
  const { items } = await ports.client.listAll(PODS, options);
  return items;
}
