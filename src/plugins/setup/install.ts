// Brings the executables of plugins to where they are started from (operations.md 7). Entry point: `installPlugins`.
import type { Cancel, Executables, Files, Headers } from '../../lib/ports.ts';
import { textOf } from '../plugin-error.ts';
import type { InstalledPlugin } from '../plugins.ts';
import { type Connect, download } from './download.ts';
import { type PluginSetting, PluginSettingsError } from './settings.ts';

export interface InstallPorts {
  readonly executables: Executables;
  readonly files: Pick<Files, 'join' | 'absolute'>;
  readonly connect: Connect;
  /** Entries of a Secret of the controller's namespace. */
  readonly secret: (name: string) => Promise<Readonly<Record<string, string>>>;
  readonly cancel: Cancel;
}

const FOLDER = 'plugin-bin';

// Part of the Web Crypto standard; the pure folders compile without a DOM.
declare const crypto: {
  readonly subtle: { digest(algorithm: string, bytes: Uint8Array): Promise<ArrayBuffer> };
};

/** Each plugin as `plugin-bin/NAMESPACE/NAME` below `folder`. Throws a `PluginSettingsError`. */
export async function installPlugins(
  ports: InstallPorts,
  settings: readonly PluginSetting[],
  folder: string,
): Promise<readonly InstalledPlugin[]> {
  const installed: InstalledPlugin[] = [];
  for (const setting of settings) {
    const { kind, name, args, disabled } = setting;
    const command = ports.files.join(ports.files.absolute(folder), FOLDER, ...name.split('/'));
    // What is switched off is never started, so it need not be there.
    if (!(kind === 'step' && disabled)) await install(ports, setting, command);
    installed.push({ kind, name, args, disabled, command });
  }
  return installed;
}

async function install(
  ports: InstallPorts,
  setting: PluginSetting,
  command: string,
): Promise<void> {
  const { name, location, sha256 } = setting;
  const bytes = await bytesOf(ports, setting);
  if (sha256 !== '' && (await digestOf(bytes)) !== sha256) {
    throw new PluginSettingsError(
      `sha256 hash of downloaded plugin (${location}) does not match expected hash`,
    );
  }
  try {
    await ports.executables.write(command, bytes);
  } catch (error) {
    throw new PluginSettingsError(
      `failed to store plugin ${name} as ${command}: ${textOf(error)}`,
      { cause: error },
    );
  }
}

function bytesOf(ports: InstallPorts, setting: PluginSetting): Promise<Uint8Array> {
  const { name, location } = setting;
  if (/^https?:\/\/[^/]/i.test(location)) return downloaded(ports, setting);
  if (/^file:\/\/./i.test(location)) return copied(ports, setting);
  throw new PluginSettingsError(
    `plugin ${name}: plugin location must be of http(s) or file scheme, it is ${JSON.stringify(location)}`,
  );
}

async function downloaded(
  ports: InstallPorts,
  { name, location, headersFrom }: PluginSetting,
): Promise<Uint8Array> {
  try {
    const headers: Record<string, string> = {};
    for (const secret of headersFrom) Object.assign(headers, lowered(await ports.secret(secret)));
    return await download(ports.connect, location, { headers, cancel: ports.cancel });
  } catch (error) {
    throw new PluginSettingsError(
      `failed to download plugin ${name} from ${location}: ${textOf(error)}`,
      { cause: error },
    );
  }
}

function lowered(entries: Readonly<Record<string, string>>): Headers {
  return Object.fromEntries(
    Object.entries(entries).map(([name, value]) => [name.toLowerCase(), value.trim()]),
  );
}

/** `file://./plugin` is relative to where the controller runs, `file:///plugin` is not. */
async function copied(
  { executables, files }: InstallPorts,
  { name, location }: PluginSetting,
): Promise<Uint8Array> {
  const path = files.absolute(location.slice('file://'.length));
  const bytes = await executables.read(path);
  if (bytes !== undefined) return bytes;
  throw new PluginSettingsError(
    `failed to copy plugin ${name} from ${path}: there is no such file on the controller's machine`,
  );
}

async function digestOf(bytes: Uint8Array): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
  return [...digest].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}
