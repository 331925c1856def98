// All plugins of a controller, by kind and name. Entry point: `createPlugins`.
import type { Json } from '../api/object.ts';
import type { Cancel } from '../lib/ports.ts';
import { MESSAGE_TYPES } from './go/message-types.ts';
import { type GoTypes, goTypes } from './go/go-types.ts';
import { REFERENCE_TYPES } from './go/reference-types.ts';
import { GobError, GobNamed, type GobValue } from './gob/types.ts';
import { type PluginKind } from './plugin-kinds.ts';
import { PluginError } from './plugin-error.ts';
import { NOTHING, PluginProcess, type PluginProcessPorts } from './plugin-process.ts';

/** A plugin as it is configured, its executable in place. */
export interface InstalledPlugin {
  readonly kind: PluginKind;
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  /** Step plugins: treated as done. */
  readonly disabled: boolean;
}

export interface PluginCall {
  readonly kind: PluginKind;
  readonly name: string;
  readonly method: string;
  /** Absent for methods without arguments. */
  readonly argument?: {
    /** Of `MESSAGE_TYPES`. */
    readonly type: string;
    /** Under which Go knows that type. */
    readonly registered: string;
    readonly value: Json;
  };
  /** Type of the answer. */
  readonly answer: string;
  readonly cancel?: Cancel;
}

export interface Plugins {
  /** The answer as JSON; empty members are absent. Throws a `PluginError`. */
  call(call: PluginCall): Promise<Json>;
  /** Whether a step plugin is to be treated as done. */
  isDisabled(name: string): Promise<boolean>;
  /** Ends all processes. */
  stop(): Promise<void>;
}

/** Nothing is started before it is used. */
export function createPlugins(
  ports: PluginProcessPorts,
  installed: readonly InstalledPlugin[],
): Plugins {
  return new PluginSet(ports, installed);
}

class PluginSet implements Plugins {
  readonly #processes: ReadonlyMap<string, PluginProcess>;
  readonly #disabled: ReadonlySet<string>;
  readonly #types: GoTypes = goTypes({ ...REFERENCE_TYPES, ...MESSAGE_TYPES });

  constructor(ports: PluginProcessPorts, installed: readonly InstalledPlugin[]) {
    this.#processes = new Map(
      installed.map((one) => [`${one.kind} ${one.name}`, new PluginProcess(ports, one)]),
    );
    const steps = installed.filter(({ kind, disabled }) => kind === 'step' && disabled);
    this.#disabled = new Set(steps.map(({ name }) => name));
  }

  isDisabled(name: string): Promise<boolean> {
    return Promise.resolve(this.#disabled.has(name));
  }

  async call({ kind, name, method, argument, answer, cancel }: PluginCall): Promise<Json> {
    const process = this.#processes.get(`${kind} ${name}`);
    if (process === undefined) {
      const text = `unable to find plugin (${name}): plugin ${name} not configured in configmap`;
      throw new PluginError('unavailable', text);
    }
    const sent =
      argument === undefined
        ? NOTHING
        : { type: { kind: 'interface' } as const, value: this.#named(argument) };
    const value = await process.call(method, sent, cancel);
    const json = this.#read(method, answer, value);
    if (json !== undefined) return json;
    throw new PluginError('broken', `the answer of ${method} is no ${answer}`);
  }

  #read(method: string, answer: string, value: GobValue): Json | undefined {
    try {
      return this.#types.json(answer, value);
    } catch (error) {
      if (!(error instanceof GobError)) throw error;
      throw new PluginError('broken', `the answer of ${method} cannot be read: ${error.message}`, {
        cause: error,
      });
    }
  }

  async stop(): Promise<void> {
    await Promise.all([...this.#processes.values()].map((process) => process.stop()));
  }

  #named({ type, registered, value }: NonNullable<PluginCall['argument']>): GobValue {
    const members = this.#types.value(type, value);
    if (members === undefined) throw new PluginError('broken', `cannot send that as ${type}`);
    return new GobNamed(registered, this.#types.type(type), members);
  }
}
