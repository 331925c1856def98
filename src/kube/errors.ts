// What an API server's refusal looks like to us: one class, with the Kubernetes reason and code.
import type { KubeObject } from '../api/object.ts';

/** Reasons that callers tell apart; the server may send others. */
export type ApiReason =
  | 'NotFound'
  | 'AlreadyExists'
  | 'Conflict'
  | 'Invalid'
  | 'Forbidden'
  | 'Unauthorized'
  | 'BadRequest'
  | 'Expired'
  | 'Gone'
  | 'TooManyRequests'
  | 'Timeout'
  | 'ServiceUnavailable'
  | 'InternalError'
  | 'MethodNotAllowed'
  | 'UnsupportedMediaType'
  | 'Unknown';

export interface StatusDetails {
  readonly name?: string;
  readonly group?: string;
  readonly kind?: string;
  readonly causes?: readonly {
    readonly reason?: string;
    readonly message?: string;
    readonly field?: string;
  }[];
  readonly retryAfterSeconds?: number;
}

/** The `Status` object of a refusal. */
export interface StatusObject extends Partial<KubeObject> {
  readonly status?: string;
  readonly reason?: string;
  readonly message?: string;
  readonly code?: number;
  readonly details?: StatusDetails;
}

export class ApiError extends Error {
  /** The server's word, or one that follows from the code. */
  readonly reason: string;
  /** HTTP status. */
  readonly code: number;
  readonly details: StatusDetails | undefined;
  /** The server asks not to be asked again before this time has passed. */
  readonly retryAfterSeconds: number | undefined;

  constructor(status: StatusObject, code: number, retryAfterSeconds?: number) {
    super(status.message ?? `the server answered with status ${code}`);
    this.name = 'ApiError';
    this.reason = status.reason ?? reasonOf(code);
    this.code = code;
    this.details = status.details;
    this.retryAfterSeconds = retryAfterSeconds ?? status.details?.retryAfterSeconds;
  }
}

const REASONS: Readonly<Record<number, ApiReason>> = {
  400: 'BadRequest',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'NotFound',
  405: 'MethodNotAllowed',
  409: 'Conflict',
  410: 'Expired',
  415: 'UnsupportedMediaType',
  422: 'Invalid',
  429: 'TooManyRequests',
  500: 'InternalError',
  503: 'ServiceUnavailable',
  504: 'Timeout',
};

function reasonOf(code: number): ApiReason {
  return REASONS[code] ?? 'Unknown';
}

/** Whether the version that was asked for is too old to go on from: list anew. */
export function isExpired(error: unknown): boolean {
  return error instanceof ApiError && (error.code === 410 || error.reason === 'Expired');
}

export function isNotFound(error: unknown): boolean {
  return error instanceof ApiError && error.reason === 'NotFound';
}
