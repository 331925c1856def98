// Plugins whose settings may change while they are used: looked at before every call.
import type { Json } from '../api/object.ts';
import { PluginError, textOf } from './plugin-error.ts';
import type { PluginCall, Plugins } from './plugins.ts';

export interface PluginSource {
  /** Something that changes with the settings. */
  version(): Promise<string>;
  /** Plugins as the settings have them now. */
  open(): Promise<Plugins>;
}

interface Opened {
  readonly version: string;
  readonly plugins: Promise<Plugins>;
}

/** What cannot be set up makes its calls fail, until the settings change. */
export class LivePlugins implements Plugins {
  readonly #source: PluginSource;
  #opened: Opened | undefined;

  constructor(source: PluginSource) {
    this.#source = source;
  }

  async call(call: PluginCall): Promise<Json> {
    const plugins = await this.#current();
    return plugins.call(call);
  }

  async isDisabled(name: string): Promise<boolean> {
    const plugins = await this.#current();
    return plugins.isDisabled(name);
  }

  async stop(): Promise<void> {
    await stopped(this.#opened);
  }

  async #current(): Promise<Plugins> {
    try {
      const version = await this.#source.version();
      if (this.#opened?.version !== version) {
        const before = this.#opened;
        this.#opened = { version, plugins: stopped(before).then(() => this.#source.open()) };
      }
      return await this.#opened.plugins;
    } catch (error) {
      throw new PluginError('unavailable', textOf(error), { cause: error });
    }
  }
}

async function stopped(opened: Opened | undefined): Promise<void> {
  const plugins = await opened?.plugins.catch(() => undefined);
  await plugins?.stop();
}
