// Answers that the proxy gives by itself.
import type { Destination, Respond, ResponseFlag } from './plan.ts';

export const NOTHING: readonly never[] = [];

export function unhealthy(
  { service }: Destination,
  { delayMs, flags }: { readonly delayMs: number; readonly flags: readonly ResponseFlag[] },
): Respond {
  const body = 'no healthy upstream';
  return respond({ status: 503, body, delayMs, flags: [...flags, 'UH'], service });
}

export function respond(some: Partial<Respond> & { readonly status: number }): Respond {
  return {
    kind: 'respond',
    headers: {},
    body: '',
    flags: NOTHING,
    delayMs: 0,
    responseHeaders: NOTHING,
    ...some,
  };
}
