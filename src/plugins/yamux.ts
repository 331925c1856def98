// yamux, as far as a client needs it: many streams over one connection, each with a window (the specification of
// hashicorp/yamux, version 0). Entry point: `openSession`.
//
// Guarantees: bytes of a stream come in order; a sender waits while its window is used up; when the connection ends,
// every stream ends and every waiting sender is told why.
import { unreachable } from '../lib/assert.ts';
import { concat } from '../lib/bytes.ts';
import type { ByteStream } from '../lib/ports.ts';

const HEADER = 12;
const WINDOW = 256 * 1024;
/** A frame that is longer than any window is no frame. */
const LONGEST_FRAME = 16 * 1024 * 1024;

const FRAME = { data: 0, window: 1, ping: 2, goAway: 3 } as const;
const FLAG = { syn: 1, ack: 2, fin: 4, rst: 8 } as const;

interface Frame {
  readonly type: number;
  readonly flags: number;
  readonly stream: number;
  /** Bytes that follow (data), bytes more to send (window), an opaque value (ping), or a code (go away). */
  readonly length: number;
}

/** The connection is gone, or the other side does not speak yamux. */
export class YamuxError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'YamuxError';
  }
}

export interface Session {
  /** A new stream; the other side learns of it with the first bytes at the latest. */
  open(): Promise<ByteStream>;
  /** Why the session ended; resolves once it has. */
  readonly ended: Promise<string>;
  close(): Promise<void>;
}

/** A session as its client over a connection that is open already. */
export function openSession(connection: ByteStream): Session {
  const session = new ClientSession(connection);
  void session.run();
  return session;
}

class ClientSession implements Session {
  readonly #connection: ByteStream;
  readonly #streams = new Map<number, Stream>();
  readonly #end = Promise.withResolvers<string>();
  #nextId = 1;
  #reason: string | undefined;
  #mayOpen = true;

  constructor(connection: ByteStream) {
    this.#connection = connection;
  }

  get ended(): Promise<string> {
    return this.#end.promise;
  }

  async open(): Promise<ByteStream> {
    if (this.#reason !== undefined) throw new YamuxError(this.#reason);
    if (!this.#mayOpen) throw new YamuxError('the plugin takes no more streams');
    const id = this.#nextId;
    this.#nextId += 2;
    const stream = new Stream(id, (frame, body) => this.#send(frame, body));
    this.#streams.set(id, stream);
    await this.#send({ type: FRAME.window, flags: FLAG.syn, stream: id, length: 0 });
    return stream;
  }

  async close(): Promise<void> {
    if (this.#reason !== undefined) return;
    try {
      await this.#send({ type: FRAME.goAway, flags: 0, stream: 0, length: 0 });
    } finally {
      this.#finish('the session was closed');
      await this.#connection.close();
    }
  }

  /** Reads frames until the connection ends. */
  async run(): Promise<void> {
    let reason = 'the connection has ended';
    try {
      for await (const [frame, body] of framesOf(this.#connection.incoming)) {
        if (this.#reason !== undefined) break;
        await this.#take(frame, body);
      }
    } catch (error) {
      reason = error instanceof Error ? error.message : String(error);
    }
    this.#finish(reason);
    await this.#connection.close();
  }

  #finish(reason: string): void {
    if (this.#reason !== undefined) return;
    this.#reason = reason;
    for (const stream of this.#streams.values()) stream.end(reason);
    this.#streams.clear();
    this.#end.resolve(reason);
  }

  async #send(frame: Frame, body?: Uint8Array): Promise<void> {
    if (this.#reason !== undefined) throw new YamuxError(this.#reason);
    const header = headerOf(frame);
    await this.#connection.send(body === undefined ? header : concat([header, body]));
  }

  async #take(frame: Frame, body: Uint8Array): Promise<void> {
    switch (frame.type as (typeof FRAME)[keyof typeof FRAME]) {
      case FRAME.ping:
        if ((frame.flags & FLAG.syn) !== 0) await this.#send({ ...frame, flags: FLAG.ack });
        return;
      case FRAME.goAway:
        this.#mayOpen = false;
        return;
      case FRAME.data:
      case FRAME.window:
        return this.#toStream(frame, body);
      default:
        return unreachable(frame.type as never);
    }
  }

  async #toStream(frame: Frame, body: Uint8Array): Promise<void> {
    const { stream: id, flags } = frame;
    const stream = this.#streams.get(id);
    if (stream === undefined) {
      // Plugins of these kinds open no streams; what comes late for one that is closed is dropped.
      const isNew = (flags & FLAG.syn) !== 0;
      if (isNew) await this.#send({ type: FRAME.window, flags: FLAG.rst, stream: id, length: 0 });
      return;
    }
    if (frame.type === FRAME.window) stream.widen(frame.length);
    else if (body.length > 0) stream.push(body);
    if ((flags & FLAG.rst) !== 0) stream.end('the plugin has reset the stream');
    else if ((flags & FLAG.fin) !== 0) stream.finish();
    if (stream.isOver) this.#streams.delete(id);
  }
}

type Send = (frame: Frame, body?: Uint8Array) => Promise<void>;

class Stream implements ByteStream {
  readonly #id: number;
  readonly #send: Send;
  readonly #chunks: Uint8Array[] = [];
  #window = WINDOW;
  #unread = 0;
  #consumed = 0;
  #wake: (() => void) | undefined;
  #widened: (() => void)[] = [];
  #isFinished = false;
  #isClosed = false;
  #reason: string | undefined;
  #sending: Promise<void> = Promise.resolve();

  constructor(id: number, send: Send) {
    this.#id = id;
    this.#send = send;
  }

  get isOver(): boolean {
    return this.#reason !== undefined || (this.#isFinished && this.#isClosed);
  }

  get incoming(): AsyncIterable<Uint8Array> {
    return this.#read();
  }

  /** Chunks of one stream follow each other even if they are sent at the same time. */
  send(chunk: Uint8Array): Promise<void> {
    const sent = this.#sending.then(() => this.#sendAll(chunk));
    this.#sending = sent.catch(() => undefined);
    return sent;
  }

  async close(): Promise<void> {
    if (this.#isClosed || this.#reason !== undefined) return;
    this.#isClosed = true;
    await this.#send({ type: FRAME.window, flags: FLAG.fin, stream: this.#id, length: 0 });
  }

  push(chunk: Uint8Array): void {
    this.#unread += chunk.length;
    if (this.#unread > WINDOW) throw new YamuxError('the plugin sent more than it may');
    this.#chunks.push(chunk);
    this.#wake?.();
  }

  widen(by: number): void {
    this.#window += by;
    this.#letGo();
  }

  finish(): void {
    this.#isFinished = true;
    this.#wake?.();
  }

  /** Nothing more goes either way. */
  end(reason: string): void {
    this.#reason ??= reason;
    this.#isFinished = true;
    this.#wake?.();
    this.#letGo();
  }

  #letGo(): void {
    const waiting = this.#widened;
    this.#widened = [];
    for (const go of waiting) go();
  }

  async #sendAll(chunk: Uint8Array): Promise<void> {
    let rest = chunk;
    while (rest.length > 0) {
      if (this.#reason !== undefined) throw new YamuxError(this.#reason);
      if (this.#window === 0) {
        await new Promise<void>((resolve) => this.#widened.push(resolve));
        continue;
      }
      const part = rest.subarray(0, this.#window);
      this.#window -= part.length;
      rest = rest.subarray(part.length);
      await this.#send({ type: FRAME.data, flags: 0, stream: this.#id, length: part.length }, part);
    }
  }

  async *#read(): AsyncGenerator<Uint8Array> {
    for (;;) {
      const chunk = this.#chunks.shift();
      if (chunk !== undefined) {
        await this.#used(chunk.length);
        yield chunk;
      } else if (this.#reason !== undefined) {
        throw new YamuxError(this.#reason);
      } else if (this.#isFinished) {
        return;
      } else {
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
      }
    }
  }

  /** Lets the sender go on once half of its window has been read. */
  async #used(count: number): Promise<void> {
    this.#consumed += count;
    if (this.#consumed < WINDOW / 2 || this.#isFinished) return;
    const length = this.#consumed;
    this.#unread -= length;
    this.#consumed = 0;
    await this.#send({ type: FRAME.window, flags: 0, stream: this.#id, length });
  }
}

function headerOf({ type, flags, stream, length }: Frame): Uint8Array {
  const view = new DataView(new ArrayBuffer(HEADER));
  view.setUint8(1, type);
  view.setUint16(2, flags);
  view.setUint32(4, stream);
  view.setUint32(8, length);
  return new Uint8Array(view.buffer);
}

function parsed(bytes: Uint8Array): Frame {
  const view = new DataView(bytes.buffer, bytes.byteOffset, HEADER);
  const frame = {
    type: view.getUint8(1),
    flags: view.getUint16(2),
    stream: view.getUint32(4),
    length: view.getUint32(8),
  };
  const isFrame = view.getUint8(0) === 0 && frame.type <= FRAME.goAway;
  if (!isFrame) throw new YamuxError('the plugin does not speak yamux');
  if (frame.type === FRAME.data && frame.length > LONGEST_FRAME) {
    throw new YamuxError(`the plugin sent a frame of ${frame.length} bytes`);
  }
  return frame;
}

async function* framesOf(
  incoming: AsyncIterable<Uint8Array>,
): AsyncGenerator<readonly [Frame, Uint8Array]> {
  let chunks: Uint8Array[] = [];
  let held = 0;
  let frame: Frame | undefined;
  for await (const chunk of incoming) {
    chunks.push(chunk);
    held += chunk.length;
    for (;;) {
      const wanted = frame === undefined ? HEADER : bodyLength(frame);
      if (held < wanted) break;
      const whole = concat(chunks);
      const part = whole.subarray(0, wanted);
      chunks = [whole.subarray(wanted)];
      held -= wanted;
      if (frame === undefined) {
        frame = parsed(part);
        if (bodyLength(frame) > 0) continue;
      }
      yield [frame, bodyLength(frame) > 0 ? part : new Uint8Array()];
      frame = undefined;
    }
  }
}

function bodyLength({ type, length }: Frame): number {
  return type === FRAME.data ? length : 0;
}
