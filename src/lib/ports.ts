// The outside world as small interfaces. The pure folders name these types only; `host/` implements
// them for the real machine, tests and the sandbox implement them for a virtual one.

/** A moment: milliseconds since 1970-01-01T00:00:00Z. Made by a `Clock` or by `lib/time.ts`. */
export type Instant = number & { readonly __unit: 'instant-ms' };

/** A span of time in milliseconds. Made by `lib/time.ts`. */
export type Duration = number & { readonly __unit: 'duration-ms' };

/** What a timer gives back: calling it takes the timer off; calling it again is harmless. */
export type Stop = () => void;

/** Now and timers, always together, so that a virtual or faster clock moves both. */
export interface Clock {
  now(): Instant;
  /** Calls `run` once, at the first moment not before `at`. `at` in the past means soon, never at once. */
  at(at: Instant, run: () => void): Stop;
}

/** Chance from a seed. `next` is uniform in [0, 1). */
export interface Random {
  next(): number;
}

/** Tells long work to end. `onCancel` calls back at once (in the same turn) if it is cancelled already. */
export interface Cancel {
  readonly cancelled: boolean;
  onCancel(run: () => void): Stop;
}

/** A body: chunks in order; ends by itself, or throws when the peer or the network fails. */
export type Body = AsyncIterable<Uint8Array>;

/** Header names in lower case. */
export type Headers = Readonly<Record<string, string>>;

export interface HttpRequest {
  readonly method: string;
  /** Path and query, percent-encoded, beginning with `/`. The transport knows the host. */
  readonly path: string;
  readonly headers: Headers;
  readonly body?: Uint8Array;
  /** A body that may be long, in chunks as they come, in place of `body`. Only what says so takes one. */
  readonly stream?: Body;
  readonly cancel?: Cancel;
}

export interface HttpResponse {
  readonly status: number;
  readonly headers: Headers;
  /** Values of Set-Cookie, the one header that cannot be joined into one line. */
  readonly cookies?: readonly string[];
  /** Read to its end, or leave the loop early to close the connection. */
  readonly body: Body;
}

/** One HTTP server seen from a client. Throws `TransportError` when no response came. */
export type Transport = (request: HttpRequest) => Promise<HttpResponse>;

/** What came of a request to leave HTTP: an answer, and on status 101 the bytes after it. */
export interface Switched {
  readonly answer: HttpResponse;
  readonly stream?: ByteStream;
}

/** Asks a server to switch protocols, with the client's own `upgrade` header. */
export type SwitchProtocols = (request: HttpRequest) => Promise<Switched>;

/** No response: refused, reset, timed out, bad certificate, cancelled. */
export class TransportError extends Error {
  readonly kind: 'refused' | 'reset' | 'timeout' | 'tls' | 'cancelled' | 'other';
  constructor(kind: TransportError['kind'], message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = 'TransportError';
    this.kind = kind;
  }
}

/** Two-way bytes. On a WebSocket each item is one binary message; on a raw upgrade any chunk. */
export interface ByteStream {
  readonly incoming: Body;
  send(chunk: Uint8Array): Promise<void>;
  /** `code` is the WebSocket close code (1000 when left out); without meaning on a raw stream. */
  close(code?: number): Promise<void>;
}

/** A request that asks to leave HTTP (exec, attach, port-forward). Answer once: accept or refuse. */
export interface UpgradeRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: Headers;
  /** Lower-case token of the Upgrade header: `websocket` or `spdy/3.1`. */
  readonly protocol: string;
  /** Sub-protocols that the client offers, best first (websocket only). */
  readonly offers: readonly string[];
  /** Switches protocols. `subprotocol` is echoed (websocket); `headers` are added to the 101 answer. */
  accept(options: { subprotocol?: string; headers?: Headers }): Promise<ByteStream>;
  /** Answers with a plain HTTP response instead. */
  refuse(response: HttpResponse): Promise<void>;
}

export type Upgrade = (request: UpgradeRequest) => Promise<void>;

/** A socket that listens, on loopback unless said otherwise. */
export interface Listening {
  readonly address: string;
  readonly port: number;
  /** Stops listening and ends open connections; resolves when all are gone. */
  close(): Promise<void>;
}

export interface ListenOptions {
  readonly handler: Transport;
  readonly upgrade?: Upgrade;
  /** Bodies of requests are thrown away as they come: whoever can reach the port cannot fill the memory. */
  readonly ignoresBodies?: boolean;
  /** 0 or absent: a free port is chosen. */
  readonly port?: number;
  readonly address?: string;
  readonly tls?: { readonly certPem: string; readonly keyPem: string };
}

/** Opens HTTP servers. Throws `ListenError` with `kind: 'in-use'` when the port is taken. */
export interface Listener {
  listen(options: ListenOptions): Promise<Listening>;
}

/** A server for requests to any host: keeps connections open, streams both ways, speaks HTTP/1.1 and HTTP/2. */
export interface ProxyOptions {
  /**
   * Gets the authority as `host`, the body as `stream`. To throw a `TransportError` breaks the connection off without an
   * answer: `cancelled` closes it, anything else resets it.
   */
  readonly handler: Transport;
  /** Absent: requests to leave HTTP are answered as any other. */
  readonly switchProtocols?: SwitchProtocols;
  /** 0 or absent: a free port is chosen. */
  readonly port?: number;
  readonly address?: string;
}

export interface ProxyListener {
  listen(options: ProxyOptions): Promise<Listening>;
}

/** Sends requests, with streams, to real addresses over connections that are kept. */
export interface Sockets {
  readonly send: (address: string, port: number) => Transport;
  readonly switchProtocols: (address: string, port: number) => SwitchProtocols;
  close(): Promise<void>;
}

export class ListenError extends Error {
  readonly kind: 'in-use' | 'forbidden' | 'other';
  constructor(kind: ListenError['kind'], message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = 'ListenError';
    this.kind = kind;
  }
}

/** Where a plain connection leads: a port, or a socket of this machine by its path. */
export type DialAddress =
  | { readonly address: string; readonly port: number }
  | { readonly path: string };

/** Opens plain connections (port-forward to a pod's process, plugins). */
export interface Dialer {
  connect(options: DialAddress & { cancel?: Cancel }): Promise<ByteStream>;
}

/** Text of standard output and error. Lines are written whole. */
export interface Terminal {
  out(text: string): void;
  err(text: string): void;
  readonly isTty: boolean;
  readonly columns: number;
}

/** Files by path. `read` and `list` give undefined when there is none. */
export interface Files {
  read(path: string): Promise<string | undefined>;
  write(
    path: string,
    text: string,
    options?: { executable?: boolean; private?: boolean },
  ): Promise<void>;
  list(path: string): Promise<readonly string[] | undefined>;
  remove(path: string): Promise<void>;
  /** A new empty folder that only this user can read. */
  temporaryFolder(prefix: string): Promise<string>;
  join(...parts: readonly string[]): string;
  /** The path from the root on, whatever folder its reader is in. */
  absolute(path: string): string;
}

/** Programs as files, in bytes. */
export interface Executables {
  /** Undefined if there is none, or if it is no file. */
  read(path: string): Promise<Uint8Array | undefined>;
  /** For this user alone; what runs from that path goes on running what it is. */
  write(path: string, bytes: Uint8Array): Promise<void>;
}

export interface ProcessExit {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Other programs of the machine. Throws `ProcessError` when the program cannot be started. */
export interface Processes {
  run(options: {
    command: string;
    args: readonly string[];
    env?: Readonly<Record<string, string>>;
    stdin?: string;
    /** The program may talk to the user: standard input and error are the terminal's own. */
    interactive?: boolean;
    /** It ends when we do, also when we are killed; it has no standard input then. */
    isTied?: boolean;
    cancel?: Cancel;
  }): Promise<ProcessExit>;
}

/** A program that runs beside this one. Both outputs must be read: a program that is not heard stands still. */
export interface RunningProgram {
  readonly stdout: Body;
  readonly stderr: Body;
  /** Resolves when it has ended, with how: `exit status 2`, `signal SIGKILL`. */
  readonly ended: Promise<string>;
  /** Ends it at once. Harmless if it has ended. */
  kill(): void;
}

/** Starts programs that go on by themselves. Throws `ProcessError` when one cannot be started. */
export interface Programs {
  start(options: {
    command: string;
    args: readonly string[];
    /** Beside the environment of this program. */
    env?: Readonly<Record<string, string>>;
  }): Promise<RunningProgram>;
}

export class ProcessError extends Error {
  readonly kind: 'missing' | 'other';
  constructor(kind: ProcessError['kind'], message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = 'ProcessError';
    this.kind = kind;
  }
}

/** Rows that outlive the process (sandbox --persist). Keys are unique within a table. */
export interface Database {
  load(): Promise<readonly { readonly key: string; readonly value: string }[]>;
  /** All or nothing. `value` undefined deletes. Resolves when it is on disk. */
  save(
    rows: readonly { readonly key: string; readonly value: string | undefined }[],
  ): Promise<void>;
  close(): Promise<void>;
}

/** A database that cannot be opened: the message names it and says why. */
export class DatabaseError extends Error {
  constructor(message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = 'DatabaseError';
  }
}

/** Streaming zlib with a preset dictionary, as SPDY/3.1 header blocks need (sync flush per call). */
export interface ZlibStream {
  /** All that comes of the chunk; one call at a time. */
  push(chunk: Uint8Array): Promise<Uint8Array>;
}

export interface Compression {
  deflater(dictionary: Uint8Array): ZlibStream;
  inflater(dictionary: Uint8Array): ZlibStream;
}
