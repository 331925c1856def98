// One request as the routes look at it. Made once for each plan; what only some matches ask for is read when asked for.
import type { Caller, RequestHead } from './plan.ts';

export interface RoutedRequest {
  readonly head: RequestHead;
  readonly caller: Caller;
  /** Name of the routes' scope: `mesh`, or that of a gateway's listener. */
  readonly scope: string;
  /** The port that was asked. */
  readonly port: number;
  /** Without query. */
  readonly path: string;
  /** The first value of a query parameter, as it was written; undefined: not there. */
  query(name: string): string | undefined;
}

export interface RequestOrigin {
  readonly head: RequestHead;
  readonly caller: Caller;
  readonly scope: string;
  readonly port: number;
}

export class Routed implements RoutedRequest {
  readonly head: RequestHead;
  readonly caller: Caller;
  readonly scope: string;
  readonly port: number;
  readonly path: string;
  #query: ReadonlyMap<string, string> | undefined;

  constructor({ head, caller, scope, port }: RequestOrigin) {
    this.head = head;
    this.caller = caller;
    this.scope = scope;
    this.port = port;
    this.path = pathOnly(head.path);
  }

  query(name: string): string | undefined {
    this.#query ??= queryOf(this.head.path);
    return this.#query.get(name);
  }
}

export function pathOnly(path: string): string {
  const end = path.search(/[?#]/);
  return end < 0 ? path : path.slice(0, end);
}

function queryOf(path: string): ReadonlyMap<string, string> {
  const first = new Map<string, string>();
  const begin = path.indexOf('?');
  if (begin < 0) return first;
  for (const part of path.slice(begin + 1).split('&')) {
    const equals = part.indexOf('=');
    const name = equals < 0 ? part : part.slice(0, equals);
    if (!first.has(name)) first.set(name, equals < 0 ? '' : part.slice(equals + 1));
  }
  return first;
}
