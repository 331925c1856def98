// The answers that a proxy of the mesh gives by itself, in the words that clients know from Envoy (traffic.md 5.2).
import { bodyOf, utf8 } from '../../lib/bytes.ts';
import type { Headers } from '../../lib/ports.ts';
import type { AttemptOutcome, Endpoint, ResponseFlag } from './plan.ts';

/** A finished decision about what the client gets; the engine turns it into a response. */
export interface LocalAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: string;
  readonly flags: readonly ResponseFlag[];
}

export type FailedOutcome = Exclude<AttemptOutcome, { readonly kind: 'answer' }>;

/** One attempt without an answer. */
export interface FailedAttempt {
  readonly kind: 'failed';
  readonly outcome: FailedOutcome;
  readonly endpoint: Endpoint;
  readonly cause: unknown;
}

function unavailable(body: string, flags: readonly ResponseFlag[]): LocalAnswer {
  return { status: 503, headers: {}, body, flags };
}

export function noHealthyUpstream(): LocalAnswer {
  return unavailable('no healthy upstream', ['UH']);
}

export function timedOut(flags: readonly ResponseFlag[]): LocalAnswer {
  return { status: 504, headers: {}, body: 'upstream request timeout', flags: [...flags, 'UT'] };
}

const REASONS: Readonly<Record<FailedOutcome['kind'], string>> = {
  'connect-failure':
    'remote connection failure, transport failure reason: delayed connect error: Connection refused',
  'refused-stream': 'remote refused stream reset',
  reset: 'connection termination',
  'attempt-timeout': '',
};

/** The last attempt's failure as the client sees it. */
export function failedAnswer(
  { outcome }: FailedAttempt,
  { retries, isExhausted }: { readonly retries: number; readonly isExhausted: boolean },
): LocalAnswer {
  const exhausted: readonly ResponseFlag[] = isExhausted ? ['URX'] : [];
  if (outcome.kind === 'attempt-timeout') return timedOut(exhausted);
  const flag: ResponseFlag = outcome.kind === 'connect-failure' ? 'UF' : 'UC';
  const latest = retries > 0 ? 'retried and the latest reset reason' : 'reset reason';
  const body = `upstream connect error or disconnect/reset before headers. ${latest}: ${REASONS[outcome.kind]}`;
  return unavailable(body, [flag, ...exhausted]);
}

/** Headers and body of a local answer on the wire. */
export function localParts({ headers, body }: LocalAnswer): {
  readonly headers: Headers;
  readonly bytes: Uint8Array;
} {
  const bytes = utf8(body);
  const length = { 'content-length': String(bytes.length) };
  const type = body === '' ? {} : { 'content-type': 'text/plain' };
  return { headers: { ...length, ...type, ...headers }, bytes };
}

export function emptyBody(): AsyncGenerator<Uint8Array> {
  return bodyOf(new Uint8Array());
}
