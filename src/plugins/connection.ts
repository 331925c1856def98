// A plugin that has been started and greeted: its process, the streams of its connection, and the calls over them.
// Entry point: `connectPlugin`.
import { concat, lines } from '../lib/bytes.ts';
import type { Body, ByteStream, Clock, Dialer, Programs, RunningProgram } from '../lib/ports.ts';
import { seconds } from '../lib/time.ts';
import { COOKIE, handshakeOf, type PluginAddress, PROTOCOL } from './handshake.ts';
import { type PluginKind, PLUGIN_KINDS } from './plugin-kinds.ts';
import { textOf } from './plugin-error.ts';
import { type Argument, RpcClient } from './rpc.ts';
import type { GobValue } from './gob/types.ts';
import { LATE, within } from './within.ts';
import { openSession, type Session } from './yamux.ts';

export interface PluginProgram {
  readonly kind: PluginKind;
  readonly name: string;
  /** Path of the executable. */
  readonly command: string;
  readonly args: readonly string[];
}

export interface ConnectionPorts {
  readonly clock: Clock;
  readonly programs: Programs;
  readonly dialer: Dialer;
  /** A line that the plugin has written. */
  readonly onLine: (line: string) => void;
}

export interface PluginConnection {
  /** How the process ended, once it has. */
  readonly ended: Promise<string>;
  call(method: string, argument: Argument): Promise<GobValue>;
  ping(): Promise<void>;
  /** Asks it to end, and ends it. */
  close(): Promise<void>;
  kill(): void;
}

/** How long a plugin may take until it says where it listens. */
const START_LIMIT = seconds(60);
/** How long one that was asked to end may take. */
const QUIT_LIMIT = seconds(1);

/** Starts the program and dispenses its service. Throws an Error that says what went wrong. */
export async function connectPlugin(
  ports: ConnectionPorts,
  plugin: PluginProgram,
): Promise<PluginConnection> {
  const { cookie } = PLUGIN_KINDS[plugin.kind];
  const program = await ports.programs.start({
    command: plugin.command,
    args: plugin.args,
    env: {
      [COOKIE]: cookie,
      PLUGIN_PROTOCOL_VERSIONS: PROTOCOL,
      PLUGIN_MIN_PORT: '10000',
      PLUGIN_MAX_PORT: '25000',
    },
  });
  try {
    const address = await greeted(ports, program);
    const work = openStreams(ports, program, {
      address,
      service: PLUGIN_KINDS[plugin.kind].service,
    });
    const connection = await within(ports.clock, START_LIMIT, work);
    if (connection === LATE) throw new Error('it took the connection but does not answer');
    return connection;
  } catch (error) {
    program.kill();
    throw error;
  }
}

/** Where it listens. What it writes before and after is passed on. */
async function greeted(ports: ConnectionPorts, program: RunningProgram): Promise<PluginAddress> {
  const complaints: string[] = [];
  const heard = tell(program.stderr, (line) => {
    ports.onLine(line);
    complaints.push(line);
    if (complaints.length > LAST_LINES) complaints.shift();
  });
  const output = lines(program.stdout);
  const first = await within(ports.clock, START_LIMIT, output.next());
  if (first === LATE)
    throw new Error(`it said nothing for ${START_LIMIT / 1000} s after its start`);
  if (first.done === true) {
    const how = await program.ended;
    await within(ports.clock, QUIT_LIMIT, heard);
    const words = complaints.length === 0 ? '' : `: ${complaints.join(' ').trim()}`;
    throw new Error(`it ended before its handshake (${how})${words}`);
  }
  void drained(output, ports.onLine);
  const handshake = handshakeOf(first.value);
  if (!handshake.ok) throw new Error(handshake.problem);
  return handshake.address;
}

const LAST_LINES = 3;

async function tell(output: Body, onLine: (line: string) => void): Promise<void> {
  await drained(lines(output), onLine);
}

async function drained(all: AsyncIterable<string>, onLine: (line: string) => void): Promise<void> {
  try {
    for await (const line of all) if (line.trim() !== '') onLine(line);
  } catch {
    // A pipe that breaks has no more lines.
    return;
  }
}

async function openStreams(
  ports: ConnectionPorts,
  program: RunningProgram,
  { address, service }: { readonly address: PluginAddress; readonly service: string },
): Promise<PluginConnection> {
  const session = openSession(await ports.dialer.connect(address));
  // The order is part of the protocol: control, then what the plugin's code writes to its outputs.
  const control = new RpcClient(await session.open());
  for (const output of [await session.open(), await session.open()]) {
    void tell(output.incoming, ports.onLine);
  }
  const id = await control.call('Dispenser.Dispense', { type: { kind: 'string' }, value: service });
  if (typeof id !== 'number') throw new Error('it does not say which stream serves it');
  const client = new RpcClient(await brokered(session, id));
  return {
    ended: program.ended,
    call: (method, argument) => client.call(`Plugin.${method}`, argument),
    ping: async () => void (await control.call('Control.Ping', TRUE)),
    close: () => closed(ports, program, { session, control }),
    kill: () => program.kill(),
  };
}

const TRUE: Argument = { type: { kind: 'bool' }, value: true };
const ID_LENGTH = 4;

/** The stream that has the number: both sides say it first. */
async function brokered(session: Session, id: number): Promise<ByteStream> {
  const stream = await session.open();
  const number = new DataView(new ArrayBuffer(ID_LENGTH));
  number.setUint32(0, id, true);
  await stream.send(new Uint8Array(number.buffer));
  const incoming = stream.incoming[Symbol.asyncIterator]();
  let head = new Uint8Array();
  while (head.length < ID_LENGTH) {
    const { done, value } = await incoming.next();
    if (done === true) throw new Error('it does not open the stream that it named');
    head = new Uint8Array(concat([head, value]));
  }
  const said = new DataView(head.buffer, head.byteOffset).getUint32(0, true);
  if (said !== id) throw new Error(`it opened the stream ${said} instead of ${id}`);
  return {
    incoming: rest(head.subarray(ID_LENGTH), incoming),
    send: (chunk) => stream.send(chunk),
    close: () => stream.close(),
  };
}

async function* rest(
  first: Uint8Array,
  incoming: AsyncIterator<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  if (first.length > 0) yield first;
  for (;;) {
    const { done, value } = await incoming.next();
    if (done === true) return;
    yield value;
  }
}

/** Asked first, as plugins may have something to bring in order. */
async function closed(
  { clock, onLine }: ConnectionPorts,
  program: RunningProgram,
  { session, control }: { readonly session: Session; readonly control: RpcClient },
): Promise<void> {
  const asked = control.call('Control.Quit', TRUE).catch((error: unknown) => onLine(textOf(error)));
  await within(clock, QUIT_LIMIT, Promise.all([asked, program.ended]));
  program.kill();
  const ended = session.close().catch((error: unknown) => onLine(textOf(error)));
  await within(clock, QUIT_LIMIT, Promise.all([program.ended, ended]));
}
