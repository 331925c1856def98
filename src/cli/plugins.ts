// Plugins of a controller on this machine: settings from the cluster, executables in a folder, processes.
// Entry points: `openPlugins` (read once, as a controller does), `livePlugins` (looked at before every use).
import { CONFIG_MAPS, SECRETS } from '../api/resources.ts';
import type { KubeObject } from '../api/object.ts';
import type { Log } from '../controller/log.ts';
import { systemDialer } from '../host/dialer.ts';
import { systemExecutables } from '../host/executables.ts';
import { systemPrograms } from '../host/programs.ts';
import { createTransports } from '../host/transports.ts';
import type { KubeClient } from '../kube/client.ts';
import { ApiError } from '../kube/errors.ts';
import { fromBase64, utf8Text } from '../lib/bytes.ts';
import { cancellation, sleep } from '../lib/clock.ts';
import {
  type Cancel,
  type Clock,
  type Duration,
  type Files,
  TransportError,
} from '../lib/ports.ts';
import { seconds } from '../lib/time.ts';
import { LivePlugins } from '../plugins/live-plugins.ts';
import { createPlugins, type Plugins } from '../plugins/plugins.ts';
import { installPlugins } from '../plugins/setup/install.ts';
import { CONFIG_MAP, pluginSettings, PluginSettingsError } from '../plugins/setup/settings.ts';
import { CommandError } from './command.ts';

export interface PluginOptions {
  readonly client: KubeClient;
  /** Real time: deadlines of programs do not run faster. */
  readonly clock: Clock;
  readonly files: Pick<Files, 'join' | 'absolute'>;
  readonly log: Log;
  /** Of the ConfigMap and of the Secrets that it names. */
  readonly namespace: string;
  /** Holds `plugin-bin`. */
  readonly folder: string;
  /** How long one call may take. */
  readonly callLimit: Duration;
  readonly cancel?: Cancel;
}

interface ConfigMap extends KubeObject {
  readonly data?: Readonly<Record<string, string>>;
}

/** Throws a `PluginSettingsError` if the settings are wrong or an executable cannot be had. */
export async function openPlugins(options: PluginOptions): Promise<Plugins> {
  return opened(options, await settingsIn(options));
}

/** As `openPlugins`, waiting for a server that cannot be reached; undefined if that is cancelled. */
export async function pluginsOnceReachable(
  options: PluginOptions & { readonly cancel: Cancel },
): Promise<Plugins | undefined> {
  const { cancel, clock, log } = options;
  while (!cancel.cancelled) {
    try {
      return await openPlugins(options);
    } catch (error) {
      if (error instanceof PluginSettingsError) {
        const place = `ConfigMap ${options.namespace}/${CONFIG_MAP}`;
        throw new CommandError(`${place}: ${error.message}`, { cause: error });
      }
      if (!(error instanceof TransportError)) throw error;
      log.warn('cannot read the settings of plugins, trying again', { cause: error.message });
    }
    await sleep(clock, RETRY, cancel);
  }
  return undefined;
}

const RETRY = seconds(2);

/** Settings that are changed count from the next use on. */
export function livePlugins(options: PluginOptions): Plugins {
  let found: ConfigMap | undefined;
  return new LivePlugins({
    version: async () => {
      found = await settingsIn(options);
      return found?.metadata.resourceVersion ?? '';
    },
    open: () => opened(options, found),
  });
}

async function opened(options: PluginOptions, map: ConfigMap | undefined): Promise<Plugins> {
  const { client, clock, files, log, namespace, folder, callLimit } = options;
  const cancel = options.cancel ?? cancellation().cancel;
  const settings = pluginSettings(map?.data ?? {});
  const installed = await installPlugins(
    {
      executables: systemExecutables,
      files,
      connect: createTransports(),
      secret: (name) => secretEntries(client, namespace, name),
      cancel,
    },
    settings,
    folder,
  );
  for (const { name, kind, command } of installed) {
    log.info('plugin installed', { plugin: name, kind, command });
  }
  return createPlugins(
    { clock, log, callLimit, programs: systemPrograms, dialer: systemDialer },
    installed,
  );
}

/** Undefined if there is none, or none for us: then there are no plugins. */
async function settingsIn({
  client,
  namespace,
  log,
}: PluginOptions): Promise<ConfigMap | undefined> {
  try {
    return await client.get<ConfigMap>({ resource: CONFIG_MAPS, namespace, name: CONFIG_MAP });
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    if (error.reason === 'NotFound') return undefined;
    if (error.reason === 'Forbidden') {
      log.warn('no plugins: the controller may not read their settings', { cause: error.message });
      return undefined;
    }
    throw new PluginSettingsError(`failed to get configmap: ${error.message}`, { cause: error });
  }
}

async function secretEntries(
  client: KubeClient,
  namespace: string,
  name: string,
): Promise<Readonly<Record<string, string>>> {
  try {
    const secret = await client.get<ConfigMap>({ resource: SECRETS, namespace, name });
    const entries = Object.entries(secret.data ?? {}).map(([key, value]) => {
      return [key, utf8Text(fromBase64(value) ?? new Uint8Array())] as const;
    });
    return Object.fromEntries(entries);
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    throw new PluginSettingsError(`failed to get secret in secretRef: ${error.message}`, {
      cause: error,
    });
  }
}
