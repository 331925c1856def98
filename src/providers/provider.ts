// What a metric provider gives back, whichever it is (providers.md 1.1).
import type { ResultValue } from '../expr/value.ts';
import type { Cancel, Clock, Files, Headers, Instant, Transport } from '../lib/ports.ts';

/** The outcome of one measurement: with `error` there is no result. */
export interface Measured {
  readonly startedAt: Instant;
  readonly finishedAt?: Instant;
  readonly result?: ResultValue;
  /** How the result is printed. */
  readonly value?: string;
  readonly error?: string;
  readonly metadata?: Readonly<Record<string, string>>;
  /** Of the metric as a whole. */
  readonly metricMetadata?: Readonly<Record<string, string>>;
}

export interface ProviderPorts {
  readonly clock: Clock;
  /** A transport to a server's root; TLS is not verified if `insecure`. */
  readonly connect: (server: string, options: { readonly insecure: boolean }) => Transport;
  /** Environment of the controller. */
  readonly env: (name: string) => string | undefined;
  /** For credentials that lie in files; without it there are none. */
  readonly files?: Pick<Files, 'read'>;
}

/** What stands in the way of a measurement, in the words of its message. */
export class ProviderError extends Error {
  constructor(message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = 'ProviderError';
  }
}

export interface Call {
  readonly method: 'GET' | 'POST' | 'PUT';
  readonly headers: Headers;
  readonly body?: string;
}

export interface Answered {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}

export type Send = (url: string, call: Call, cancel: Cancel) => Promise<Answered>;
