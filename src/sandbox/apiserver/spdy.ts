// SPDY/3.1 frames, as far as port-forward needs them: streams with headers, data, pings
// (https://www.chromium.org/spdy/spdy-protocol/spdy-protocol-draft3-1/). Entry point: `SpdyConnection`.
//
// kubectl neither grants windows nor keeps to ours (its library has no flow control), so bytes are held back by the
// connection itself: nothing more is read of it while a stream has enough that nobody has taken, and who sends waits until
// the connection has taken the bytes. Peers that keep to windows are granted what has been taken.
import { concat, utf8, utf8Text } from '../../lib/bytes.ts';
import type { ByteStream, Compression, ZlibStream } from '../../lib/ports.ts';
import { SPDY_DICTIONARY } from './spdy-dictionary.ts';

export interface SpdyStream {
  readonly id: number;
  readonly headers: Readonly<Record<string, string>>;
  /** Chunks from the client; ends when it half-closes. */
  readonly incoming: AsyncIterable<Uint8Array>;
  send(chunk: Uint8Array): Promise<void>;
  /** Half-closes our side. */
  end(): Promise<void>;
  /** Ends both sides at once. */
  reset(): Promise<void>;
}

const SYN_STREAM = 1;
const SYN_REPLY = 2;
const RST_STREAM = 3;
const PING = 6;
const GOAWAY = 7;
const WINDOW_UPDATE = 9;
const FIN = 1;
const HEADER = 8;
const CANCEL = 5;
/** Data frames of ours are cut to this. */
const LARGEST = 16_384;
/** What may wait in a stream before nothing more is read; more than any peer that keeps to windows sends. */
const MOST_WAITING = 131_072;

function word(value: number): Uint8Array {
  return Uint8Array.of(
    (value >>> 24) & 255,
    (value >>> 16) & 255,
    (value >>> 8) & 255,
    value & 255,
  );
}

function number(bytes: Uint8Array, at: number): number {
  const [a = 0, b = 0, c = 0, d = 0] = bytes.subarray(at, at + 4);
  return ((a << 24) | (b << 16) | (c << 8) | d) >>> 0;
}

/** One side of a stream: what has come and who waits for it. */
class Channel implements SpdyStream {
  readonly id: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly incoming: AsyncIterable<Uint8Array>;
  readonly #connection: SpdyConnection;
  readonly #chunks: Uint8Array[] = [];
  #waiting = 0;
  #isEnded = false;
  /** Nobody reads any more: what still comes is thrown away. */
  #isLeft = false;
  #wake: () => void = () => undefined;
  #wakeConnection: () => void = () => undefined;

  constructor(connection: SpdyConnection, id: number, headers: Readonly<Record<string, string>>) {
    this.#connection = connection;
    this.id = id;
    this.headers = headers;
    this.incoming = { [Symbol.asyncIterator]: () => this.#read() };
  }

  push(chunk: Uint8Array): void {
    if (this.#isLeft) {
      this.#grant(chunk.length);
      return;
    }
    this.#chunks.push(chunk);
    this.#waiting += chunk.length;
    this.#wake();
  }

  finish(): void {
    this.#isEnded = true;
    this.#wake();
  }

  /** Resolves when more may come. */
  async room(): Promise<void> {
    while (this.#waiting > MOST_WAITING && !this.#isLeft) {
      const { promise, resolve } = Promise.withResolvers<undefined>();
      this.#wakeConnection = () => resolve(undefined);
      await promise;
    }
  }

  async send(chunk: Uint8Array): Promise<void> {
    for (let at = 0; at < chunk.length; at += LARGEST) {
      await this.#connection.sendData(this.id, chunk.subarray(at, at + LARGEST), false);
    }
  }

  end(): Promise<void> {
    return this.#connection.sendData(this.id, new Uint8Array(), true);
  }

  reset(): Promise<void> {
    this.#leave();
    return this.#connection.sendControl(RST_STREAM, 0, concat([word(this.id), word(CANCEL)]));
  }

  async *#read(): AsyncGenerator<Uint8Array> {
    try {
      for (;;) {
        const chunk = this.#chunks.shift();
        if (chunk !== undefined) {
          yield chunk;
          // Asked for the next one: this one has been taken.
          this.#taken(chunk.length);
          continue;
        }
        if (this.#isEnded) return;
        const { promise, resolve } = Promise.withResolvers<undefined>();
        this.#wake = () => resolve(undefined);
        await promise;
      }
    } finally {
      this.#leave();
    }
  }

  #taken(bytes: number): void {
    this.#waiting -= bytes;
    this.#wakeConnection();
    this.#grant(bytes);
  }

  #leave(): void {
    this.#isLeft = true;
    this.#chunks.length = 0;
    if (this.#waiting > 0) this.#taken(this.#waiting);
    else this.#wakeConnection();
  }

  /** To a client that has gone there is nothing to grant. */
  #grant(bytes: number): void {
    this.#connection.grant(this.id, bytes).catch(() => undefined);
  }
}

export class SpdyConnection {
  readonly #stream: ByteStream;
  readonly #inflate: ZlibStream;
  readonly #deflate: ZlibStream;
  readonly #channels = new Map<number, Channel>();
  readonly #onStream: (stream: SpdyStream) => void;
  #pending: Uint8Array = new Uint8Array();

  constructor(
    stream: ByteStream,
    compression: Compression,
    onStream: (stream: SpdyStream) => void,
  ) {
    this.#stream = stream;
    const dictionary = utf8(SPDY_DICTIONARY);
    this.#inflate = compression.inflater(dictionary);
    this.#deflate = compression.deflater(dictionary);
    this.#onStream = onStream;
  }

  /** Reads until the client goes. */
  async run(): Promise<void> {
    try {
      for await (const chunk of this.#stream.incoming) {
        this.#pending = concat([this.#pending, chunk]);
        for (let frame = this.#next(); frame !== undefined; frame = this.#next()) {
          await this.#frame(frame);
        }
      }
    } finally {
      for (const channel of this.#channels.values()) channel.finish();
    }
  }

  sendData(id: number, chunk: Uint8Array, isLast: boolean): Promise<void> {
    const flagsAndLength = word(chunk.length);
    flagsAndLength[0] = isLast ? FIN : 0;
    return this.#stream.send(concat([word(id), flagsAndLength, chunk]));
  }

  sendControl(type: number, flags: number, body: Uint8Array): Promise<void> {
    const flagsAndLength = word(body.length);
    flagsAndLength[0] = flags;
    const head = Uint8Array.of(0x80, 3, 0, type);
    return this.#stream.send(concat([head, flagsAndLength, body]));
  }

  /** The next whole frame of what has come. */
  #next(): Uint8Array | undefined {
    if (this.#pending.length < HEADER) return undefined;
    const length = number(this.#pending, 4) & 0xffffff;
    if (this.#pending.length < HEADER + length) return undefined;
    const frame = this.#pending.subarray(0, HEADER + length);
    this.#pending = this.#pending.subarray(HEADER + length);
    return frame;
  }

  async #frame(frame: Uint8Array): Promise<void> {
    const flags = frame[4] ?? 0;
    const body = frame.subarray(HEADER);
    if (((frame[0] ?? 0) & 0x80) === 0) return this.#data(number(frame, 0), flags, body);
    switch (frame[3]) {
      case SYN_STREAM:
        return this.#opened(body, flags);
      case RST_STREAM:
        this.#channels.get(number(body, 0))?.finish();
        return;
      case PING:
        return this.sendControl(PING, 0, body);
      case GOAWAY:
        return this.#stream.close();
      default:
        // Settings, headers and windows change nothing for us.
        return;
    }
  }

  async #data(id: number, flags: number, body: Uint8Array): Promise<void> {
    const channel = this.#channels.get(id);
    if (body.length > 0) channel?.push(body.slice());
    if ((flags & FIN) !== 0) channel?.finish();
    await channel?.room();
  }

  /** Of the stream, and of the connection as a whole. */
  async grant(id: number, bytes: number): Promise<void> {
    await this.sendControl(WINDOW_UPDATE, 0, concat([word(id), word(bytes)]));
    await this.sendControl(WINDOW_UPDATE, 0, concat([word(0), word(bytes)]));
  }

  async #opened(body: Uint8Array, flags: number): Promise<void> {
    const id = number(body, 0) & 0x7fffffff;
    const headers = headersOf(await this.#inflate.push(body.slice(10)));
    const channel = new Channel(this, id, headers);
    this.#channels.set(id, channel);
    if ((flags & FIN) !== 0) channel.finish();
    const none = await this.#deflate.push(word(0));
    await this.sendControl(SYN_REPLY, 0, concat([word(id), none]));
    this.#onStream(channel);
  }
}

function headersOf(block: Uint8Array): Readonly<Record<string, string>> {
  let at = 4;
  const text = (): string => {
    const length = number(block, at);
    const value = utf8Text(block.subarray(at + 4, at + 4 + length));
    at += 4 + length;
    return value;
  };
  const headers: Record<string, string> = {};
  for (let left = number(block, 0); left > 0; left -= 1) {
    const name = text();
    headers[name] = text();
  }
  return headers;
}
