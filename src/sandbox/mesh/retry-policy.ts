// When a failed attempt is repeated: Istio's defaults and its `retries` (traffic.md 5.2).
import type { RetryConditions, RetryPolicy } from './plan.ts';
import type { Field } from './reading.ts';

const BACKOFF_MS = 25;
const NO_CONDITIONS: RetryConditions = {
  connectFailure: false,
  refusedStream: false,
  reset: false,
  serverErrors: false,
  statuses: new Set(),
  grpcStatuses: new Set(),
};
const DEFAULT_ON = 'connect-failure,refused-stream,unavailable,cancelled';

const RESETS = { connectFailure: true, refusedStream: true, reset: true } as const;
const GRPC: Readonly<Record<string, number>> = {
  cancelled: 1,
  'deadline-exceeded': 4,
  'resource-exhausted': 8,
  internal: 13,
  unavailable: 14,
};
/** What each word of Envoy's `retry_on` switches on. */
const WORDS: Readonly<Record<string, Partial<RetryConditions>>> = {
  '5xx': { ...RESETS, serverErrors: true },
  'gateway-error': { ...RESETS, statuses: new Set([502, 503, 504]) },
  reset: RESETS,
  'reset-before-request': RESETS,
  'connect-failure': { connectFailure: true },
  'refused-stream': { refusedStream: true },
  'retriable-4xx': { statuses: new Set([409]) },
  // Says only that numbers may follow.
  'retriable-status-codes': {},
};

/** What holds where a route says nothing, and for Services without routes. */
export const DEFAULT_RETRY: RetryPolicy = {
  attempts: 2,
  backoffMs: BACKOFF_MS,
  on: conditionsOf(DEFAULT_ON, () => undefined),
};

export const NO_RETRY: RetryPolicy = { attempts: 0, backoffMs: BACKOFF_MS, on: NO_CONDITIONS };

/** `retries` of an Istio route. */
export function compileRetry(field: Field): RetryPolicy {
  if (!field.isPresent) return DEFAULT_RETRY;
  field.only(['attempts', 'perTryTimeout', 'retryOn', 'backoff']);
  const attempts = field.at('attempts').number() ?? 0;
  if (attempts <= 0) return NO_RETRY;
  const words = field.at('retryOn');
  const perTryTimeoutMs = field.at('perTryTimeout').durationMs();
  return {
    attempts,
    backoffMs: field.at('backoff').durationMs() ?? BACKOFF_MS,
    on: conditionsOf(nonEmpty(words.text()) ?? DEFAULT_ON, (word) =>
      words.notSupported(`the mesh of the sandbox does not know ${JSON.stringify(word)}`),
    ),
    ...(perTryTimeoutMs === undefined ? {} : { perTryTimeoutMs }),
  };
}

function nonEmpty(text: string | undefined): string | undefined {
  return text === '' ? undefined : text;
}

function conditionsOf(words: string, onUnknown: (word: string) => void): RetryConditions {
  const on = { ...NO_CONDITIONS };
  const statuses = new Set<number>();
  const grpcStatuses = new Set<number>();
  for (const word of words.split(',').map((part) => part.trim())) {
    if (word === '') continue;
    const status = Number(word);
    const grpc = GRPC[word];
    const known = WORDS[word];
    if (Number.isInteger(status)) statuses.add(status);
    else if (grpc !== undefined) grpcStatuses.add(grpc);
    else if (known === undefined) onUnknown(word);
    else {
      for (const one of known.statuses ?? []) statuses.add(one);
      Object.assign(on, known);
    }
  }
  return { ...on, statuses, grpcStatuses };
}

/** What Gateway API's `retry` and `timeouts.backendRequest` come to: named statuses, and connections that fail. */
export function retryOnStatuses(options: {
  readonly attempts: number;
  readonly statuses: readonly number[];
  readonly backoffMs?: number;
}): RetryPolicy {
  const { attempts, statuses, backoffMs = BACKOFF_MS } = options;
  if (attempts <= 0) return NO_RETRY;
  const on = { ...DEFAULT_RETRY.on, statuses: new Set(statuses) };
  return { attempts, backoffMs, on };
}
