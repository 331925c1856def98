// The life of one plugin: started at its first use, greeted, asked under a limit, started again after it has died, and
// ended. Entry point: `PluginProcess.call`.
//
// Guarantees: a call ends within its limit whatever the plugin does; a plugin that hangs is told apart from one whose
// single call hangs by asking whether it is there, and only the former is killed; a plugin that keeps dying is started
// ever more rarely.
import type { Cancel, Clock, Duration, Instant } from '../lib/ports.ts';
import { between, formatInstant, later, milliseconds, seconds } from '../lib/time.ts';
import {
  type ConnectionPorts,
  connectPlugin,
  type PluginConnection,
  type PluginProgram,
} from './connection.ts';
import type { GobValue } from './gob/types.ts';
import { isStruct } from './gob/types.ts';
import { PLUGIN_KINDS } from './plugin-kinds.ts';
import { PluginError, textOf } from './plugin-error.ts';
import { type Argument, RpcError } from './rpc.ts';
import { LATE, within } from './within.ts';

export interface PluginLog {
  debug(message: string, fields: Readonly<Record<string, string>>): void;
  info(message: string, fields: Readonly<Record<string, string>>): void;
  warn(message: string, fields: Readonly<Record<string, string>>): void;
}

export interface PluginProcessPorts extends Omit<ConnectionPorts, 'onLine'> {
  readonly clock: Clock;
  readonly log: PluginLog;
  /** How long one call may take. */
  readonly callLimit: Duration;
}

const PING_LIMIT = seconds(5);
/** How long a process may take to be gone once its connection is. */
const END_LIMIT = seconds(1);
const FIRST_BACK_OFF_MS = 1000;
const LONGEST_BACK_OFF_MS = 30_000;
/** One that has run that long has not died of its start. */
const HEALTHY_AFTER = seconds(60);

/** As go-plugin's own logger marks what is of no interest. */
const DETAIL = /"@level":"(debug|trace)"/;

/** The argument of methods that have none. */
export const NOTHING: Argument = { type: { kind: 'interface' }, value: null };

interface Life {
  readonly connection: PluginConnection;
  readonly since: Instant;
}

export class PluginProcess {
  readonly #ports: PluginProcessPorts;
  readonly #program: PluginProgram;
  #life: Promise<Life> | undefined;
  #failures = 0;
  #mayStartAt: Instant | undefined;
  #lastFailure = '';
  #isStopped = false;

  constructor(ports: PluginProcessPorts, program: PluginProgram) {
    this.#ports = ports;
    this.#program = program;
  }

  /** What the method answers. Throws a `PluginError` whose text tells at which point it failed. */
  async call(method: string, argument: Argument, cancel?: Cancel): Promise<GobValue> {
    const { connection } = await this.#ready();
    const { clock, callLimit } = this.#ports;
    const work = connection.call(method, argument);
    try {
      const answer = await within(clock, callLimit, work, cancel);
      if (answer !== LATE) return answer;
    } catch (error) {
      throw await this.#failed(error, connection);
    }
    if (cancel?.cancelled === true) throw new PluginError('broken', 'the call was given up');
    const absence = await this.#absence(connection);
    const verdict =
      absence === undefined ? '' : '; the plugin does not react at all and was killed';
    throw new PluginError('broken', `no answer within ${callLimit / 1000} s${verdict}`);
  }

  /** Ends the process; what is under way fails. Afterwards it is not started again. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    const life = this.#life;
    this.#life = undefined;
    if (life === undefined) return;
    const ready = await life.catch(() => undefined);
    await ready?.connection.close();
  }

  /** Started, initialised, and there: every use begins with that, as plugins are written for it. */
  async #ready(): Promise<Life> {
    const { name } = this.#program;
    if (this.#isStopped) throw new PluginError('unavailable', `plugin ${name} has been stopped`);
    this.#life ??= this.#start();
    const life = await this.#life;
    const absence = await this.#absence(life.connection);
    if (absence === undefined) return life;
    throw new PluginError(
      'unavailable',
      `could not ping plugin will cleanup process so we can restart it next reconcile (${absence})`,
    );
  }

  /** Why it does not answer; it is killed then, as nothing that it was asked would ever be answered. */
  async #absence(connection: PluginConnection): Promise<string | undefined> {
    let reason = `no answer within ${PING_LIMIT / 1000} s`;
    try {
      const answer = await within(this.#ports.clock, PING_LIMIT, connection.ping());
      if (answer !== LATE) return undefined;
    } catch (error) {
      if (!(error instanceof RpcError)) throw error;
      reason = error.message;
    }
    connection.kill();
    return reason;
  }

  async #failed(error: unknown, connection: PluginConnection): Promise<PluginError> {
    if (!(error instanceof RpcError)) {
      return new PluginError('broken', textOf(error), { cause: error });
    }
    if (error.kind === 'refused') return new PluginError('refused', error.message);
    const how = await within(this.#ports.clock, END_LIMIT, connection.ended);
    if (how !== LATE) return new PluginError('broken', `the plugin ended (${how})`);
    // It goes on, but nobody knows what it means.
    connection.kill();
    return new PluginError('broken', error.message);
  }

  async #start(): Promise<Life> {
    const { clock } = this.#ports;
    const { name } = this.#program;
    const wait = this.#mayStartAt;
    if (wait !== undefined && clock.now() < wait) {
      this.#life = undefined;
      const text = `${this.#lastFailure}; it is started again at ${formatInstant(wait)} or later`;
      throw new PluginError('unavailable', `unable to get plugin client (${name}): ${text}`);
    }
    try {
      const life = await this.#begin();
      void life.connection.ended.then((how) => this.#ended(life, how));
      return life;
    } catch (error) {
      this.#life = undefined;
      this.#backOff(textOf(error));
      throw error instanceof PluginError
        ? error
        : new PluginError(
            'unavailable',
            `unable to get plugin client (${name}): ${textOf(error)}`,
            { cause: error },
          );
    }
  }

  async #begin(): Promise<Life> {
    const { clock, log } = this.#ports;
    const { kind, name } = this.#program;
    const onLine = (line: string) => {
      const level = DETAIL.test(line) ? 'debug' : 'info';
      log[level]('plugin', { plugin: name, kind, line });
    };
    const connection = await connectPlugin({ ...this.#ports, onLine }, this.#program);
    const fail = (why: string): PluginError => {
      connection.kill();
      return new PluginError(
        'unavailable',
        `unable to initialize plugin via rpc (${name}): ${why}`,
      );
    };
    let answer: GobValue | typeof LATE;
    try {
      answer = await within(clock, this.#ports.callLimit, connection.call('InitPlugin', NOTHING));
    } catch (error) {
      throw fail(`InitPlugin rpc call error: ${textOf(error)}`);
    }
    if (answer === LATE) throw fail(`no answer within ${this.#ports.callLimit / 1000} s`);
    const refusal = isStruct(answer) ? answer['ErrorString'] : undefined;
    if (typeof refusal === 'string' && refusal !== '') throw fail(refusal);
    log.info('plugin is ready', { plugin: name, kind: PLUGIN_KINDS[kind].label });
    return { connection, since: clock.now() };
  }

  /** It is started again at its next use, after a pause if it does not live long. */
  #ended(life: Life, how: string): void {
    if (this.#isStopped) return;
    const { clock, log } = this.#ports;
    this.#life = undefined;
    const lived = between(life.since, clock.now());
    if (lived >= HEALTHY_AFTER) this.#failures = 0;
    this.#backOff(`it ended (${how})`);
    log.warn('plugin has ended', { plugin: this.#program.name, how });
  }

  #backOff(why: string): void {
    const pause = Math.min(LONGEST_BACK_OFF_MS, FIRST_BACK_OFF_MS * 2 ** this.#failures);
    this.#failures += 1;
    this.#lastFailure = why;
    this.#mayStartAt = later(this.#ports.clock.now(), milliseconds(pause));
  }
}
