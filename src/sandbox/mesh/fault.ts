// Injected delays and aborts of an Istio route (traffic.md 5.2).
import type { Field } from './reading.ts';
import type { Fault } from './routes.ts';

/** Names of gRPC statuses, their numbers, and the HTTP status that a caller without gRPC gets. */
const GRPC: Readonly<Record<string, readonly [grpc: number, http: number]>> = {
  OK: [0, 200],
  CANCELLED: [1, 499],
  UNKNOWN: [2, 500],
  INVALID_ARGUMENT: [3, 400],
  DEADLINE_EXCEEDED: [4, 504],
  NOT_FOUND: [5, 404],
  ALREADY_EXISTS: [6, 409],
  PERMISSION_DENIED: [7, 403],
  RESOURCE_EXHAUSTED: [8, 429],
  FAILED_PRECONDITION: [9, 400],
  ABORTED: [10, 409],
  OUT_OF_RANGE: [11, 400],
  UNIMPLEMENTED: [12, 501],
  INTERNAL: [13, 500],
  UNAVAILABLE: [14, 503],
  DATA_LOSS: [15, 500],
  UNAUTHENTICATED: [16, 401],
};

export function compileFault(field: Field): Fault | undefined {
  if (!field.isPresent) return undefined;
  field.only(['delay', 'abort']);
  const delay = compileDelay(field.at('delay'));
  const abort = compileAbort(field.at('abort'));
  if (delay === undefined && abort === undefined) return undefined;
  return { ...(delay === undefined ? {} : { delay }), ...(abort === undefined ? {} : { abort }) };
}

function compileDelay(field: Field): Fault['delay'] {
  if (!field.isPresent) return undefined;
  field.only(['percentage', 'percent', 'fixedDelay']);
  const ms = field.at('fixedDelay').durationMs();
  if (ms === undefined) return undefined;
  return { percent: percentOf(field) ?? field.at('percent').number() ?? 0, ms };
}

function compileAbort(field: Field): Fault['abort'] {
  if (!field.isPresent) return undefined;
  field.only(['percentage', 'httpStatus', 'grpcStatus']);
  const percent = percentOf(field) ?? 0;
  const status = field.at('httpStatus').number();
  if (status !== undefined) return { percent, status };
  const name = field.at('grpcStatus').text();
  if (name === undefined) return undefined;
  const known = GRPC[name];
  if (known === undefined) {
    field.at('grpcStatus').invalid('is no status of gRPC');
    return undefined;
  }
  return { percent, status: known[1], grpcStatus: known[0] };
}

/** `percentage.value`; where that is left out, none of the requests are meant. */
function percentOf(field: Field): number | undefined {
  const percentage = field.at('percentage');
  return percentage.isPresent ? (percentage.at('value').number() ?? 0) : undefined;
}
