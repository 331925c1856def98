// A client of Go's net/rpc: requests and their answers as gob over one stream, told apart by their number.
// Entry point: `RpcClient.call`.
import type { ByteStream } from '../lib/ports.ts';
import { GobDecoder } from './gob/decoder.ts';
import { GobEncoder } from './gob/encoder.ts';
import { type GobType, type GobValue, isStruct } from './gob/types.ts';
import { textOf } from './plugin-error.ts';
import { YamuxError } from './yamux.ts';

/** `refused`: the method was found and said no; `broken`: no answer will come any more. */
export class RpcError extends Error {
  readonly kind: 'refused' | 'broken';

  constructor(kind: RpcError['kind'], message: string) {
    super(message);
    this.name = 'RpcError';
    this.kind = kind;
  }
}

/** What is sent with a call. */
export interface Argument {
  readonly type: GobType;
  readonly value: GobValue;
}

const REQUEST: GobType = {
  kind: 'struct',
  name: 'Request',
  fields: () => [
    { name: 'ServiceMethod', type: { kind: 'string' } },
    { name: 'Seq', type: { kind: 'uint' } },
  ],
};

interface Waiting {
  resolve(value: GobValue): void;
  reject(error: RpcError): void;
}

export class RpcClient {
  readonly #stream: ByteStream;
  readonly #encoder = new GobEncoder();
  readonly #waiting = new Map<number, Waiting>();
  #sequence = 0;
  #broken: string | undefined;

  constructor(stream: ByteStream) {
    this.#stream = stream;
    void this.#receive();
  }

  /** The answer of `method`. Throws an RpcError. */
  async call(method: string, argument: Argument): Promise<GobValue> {
    if (this.#broken !== undefined) throw new RpcError('broken', this.#broken);
    const sequence = this.#sequence;
    this.#sequence += 1;
    const { promise, resolve, reject } = Promise.withResolvers<GobValue>();
    this.#waiting.set(sequence, { resolve, reject });
    // Types are defined in the order in which they are sent, so nothing may come in between.
    const header = this.#encoder.encode(REQUEST, { ServiceMethod: method, Seq: sequence });
    const body = this.#encoder.encode(argument.type, argument.value);
    this.#send(header, body).catch((error: unknown) => this.#break(textOf(error)));
    return promise;
  }

  async #send(header: Uint8Array, body: Uint8Array): Promise<void> {
    await Promise.all([this.#stream.send(header), this.#stream.send(body)]);
  }

  async #receive(): Promise<void> {
    const decoder = new GobDecoder(this.#stream.incoming);
    try {
      for (;;) {
        const header = await decoder.next();
        if (header === undefined) return this.#break('the connection has ended');
        const body = await decoder.next();
        if (body === undefined) return this.#break('the connection ended before the answer');
        this.#answer(header, body);
      }
    } catch (error) {
      const text = textOf(error);
      this.#break(error instanceof YamuxError ? text : `the answer cannot be read: ${text}`);
    }
  }

  #answer(header: GobValue, body: GobValue): void {
    if (!isStruct(header) || typeof header['ServiceMethod'] !== 'string') {
      return this.#break('the answer cannot be read: it does not say what it answers');
    }
    const sequence = Number(header['Seq'] ?? 0);
    const waiting = this.#waiting.get(sequence);
    this.#waiting.delete(sequence);
    const error = header['Error'];
    if (typeof error === 'string' && error !== '') {
      waiting?.reject(new RpcError('refused', error));
    } else {
      waiting?.resolve(body);
    }
  }

  #break(reason: string): void {
    if (this.#broken !== undefined) return;
    this.#broken = reason;
    for (const waiting of this.#waiting.values()) waiting.reject(new RpcError('broken', reason));
    this.#waiting.clear();
  }
}
