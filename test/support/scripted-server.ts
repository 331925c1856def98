// An API server that says what a test tells it to: each request gets the next answer of the script, and is noted.
import { utf8 } from '../../src/lib/bytes.ts';
import {
  type Cancel,
  type HttpRequest,
  type HttpResponse,
  type Transport,
  TransportError,
} from '../../src/lib/ports.ts';

/** One answer: a response, a failure to be thrown, or what makes one from the request. */
export type Answer = HttpResponse | Error | ((request: HttpRequest) => HttpResponse);

export interface ScriptedServer {
  readonly transport: Transport;
  /** What has been asked, with the moment of the test's clock. */
  readonly asked: readonly { readonly at: number; readonly request: HttpRequest }[];
  /** Adds answers to the script. */
  next(...answers: readonly Answer[]): void;
}

/** When the script is at its end, `rest` answers. */
export function scriptedServer(now: () => number, rest: Answer): ScriptedServer {
  const script: Answer[] = [];
  const asked: { at: number; request: HttpRequest }[] = [];
  return {
    asked,
    next: (...answers) => script.push(...answers),
    transport: (request) => {
      asked.push({ at: now(), request });
      const answer = script.shift() ?? rest;
      if (answer instanceof Error) return Promise.reject(answer);
      return Promise.resolve(typeof answer === 'function' ? answer(request) : answer);
    },
  };
}

export function json(status: number, document: unknown, headers = {}): HttpResponse {
  return { status, headers, body: chunks([JSON.stringify(document)]) };
}

export function refusal(code: number, reason: string, headers = {}): HttpResponse {
  const message = `the script says ${reason}`;
  return json(code, { kind: 'Status', status: 'Failure', reason, code, message }, headers);
}

export function text(status: number, document: string, headers = {}): HttpResponse {
  return { status, headers, body: chunks([document]) };
}

async function* chunks(texts: readonly string[]): AsyncGenerator<Uint8Array> {
  for (const one of texts) yield utf8(one);
}

export interface Stream {
  readonly response: Answer;
  send(text: string): void;
  /** Ends the body, or breaks it with an error. */
  end(error?: Error): void;
  readonly isCancelled: boolean;
}

/** A body that the test writes while it is read. Cancelling the request breaks it, as a transport does. */
export function stream(): Stream {
  const waiting: (string | Error | undefined)[] = [];
  let wake: () => void = () => undefined;
  let isCancelled = false;
  const push = (item: string | Error | undefined): void => {
    waiting.push(item);
    wake();
  };
  async function* body(cancel: Cancel | undefined): AsyncGenerator<Uint8Array> {
    const stop = cancel?.onCancel(() => {
      isCancelled = true;
      push(new TransportError('cancelled', 'the watch was cancelled'));
    });
    try {
      for (;;) {
        if (waiting.length === 0) {
          const { promise, resolve } = Promise.withResolvers<undefined>();
          wake = () => resolve(undefined);
          await promise;
        }
        const item = waiting.shift();
        if (item === undefined) return;
        if (item instanceof Error) throw item;
        yield utf8(item);
      }
    } finally {
      stop?.();
    }
  }
  return {
    response: ({ cancel }) => ({ status: 200, headers: {}, body: body(cancel) }),
    send: (line) => push(line),
    end: (error) => push(error),
    get isCancelled() {
      return isCancelled;
    },
  };
}
