// What a metric provider gives back, whichever it is (providers.md 1.1).
import type { Measurement } from '../api/analysis.ts';
import type { ResultValue } from '../expr/value.ts';
import type { Cancel, Clock, Files, Headers, Instant, Transport } from '../lib/ports.ts';
import type { JobPlace } from './cluster.ts';
import type { MetricPlugins } from './plugin.ts';

/** What is to be done for which measurement. */
export interface Taking {
  /** `sweep`: ends what a measurement that was never recorded may have left. */
  readonly action: 'run' | 'resume' | 'terminate' | 'sweep';
  readonly metricName: string;
  readonly run: { readonly namespace: string; readonly name: string; readonly uid: string };
  /** 1 for the metric's first measurement. */
  readonly number: number;
  /** How many measurements of the metric are kept. */
  readonly keep: number;
  /** The one in flight. */
  readonly measurement?: Measurement;
}

/**
 * The outcome of one measurement: with `error` there is no result. `phase` is that of providers that judge for
 * themselves, or that are not finished.
 */
export interface Measured {
  readonly startedAt: Instant;
  readonly finishedAt?: Instant;
  readonly result?: ResultValue;
  /** How the result is printed. */
  readonly value?: string;
  readonly error?: string;
  readonly phase?: 'Running' | 'Successful' | 'Failed' | 'Inconclusive';
  readonly message?: string;
  /** When to look at it again. */
  readonly resumeAt?: Instant;
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
  /** Where Jobs run; without it none can. */
  readonly jobs?: JobPlace;
  /** Programs that measure; without it there are none. */
  readonly plugins?: MetricPlugins;
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
