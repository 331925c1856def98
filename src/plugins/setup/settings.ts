// What the ConfigMap `argo-rollouts-config` says of plugins (operations.md 7). Entry point: `pluginSettings`.
import { parseYaml } from '../../lib/yaml.ts';
import { PLUGIN_KINDS, type PluginKind } from '../plugin-kinds.ts';

export const CONFIG_MAP = 'argo-rollouts-config';

export interface PluginSetting {
  readonly kind: PluginKind;
  readonly name: string;
  readonly location: string;
  /** Empty if there is none. */
  readonly sha256: string;
  readonly args: readonly string[];
  /** Secrets whose entries are sent as headers. */
  readonly headersFrom: readonly string[];
  readonly disabled: boolean;
}

/** Names the member of the ConfigMap and says what to do. */
export class PluginSettingsError extends Error {
  constructor(message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = 'PluginSettingsError';
  }
}

const KINDS = ['router', 'metric', 'step'] as const satisfies readonly PluginKind[];

/** All plugins, by kind in the reference's order. Throws a `PluginSettingsError`. */
export function pluginSettings(data: Readonly<Record<string, string>>): readonly PluginSetting[] {
  const all = KINDS.flatMap((kind) => settingsOf(kind, data[PLUGIN_KINDS[kind].setting] ?? ''));
  const seen = new Map<string, PluginSetting>();
  for (const one of all) {
    const other = seen.get(one.name);
    if (other !== undefined && (other.kind === one.kind || other.location !== one.location)) {
      throw new PluginSettingsError(
        `plugin ${one.name} is listed twice, from ${other.location} and from ${one.location}: ` +
          'both would be stored in one file; give one of them another name',
      );
    }
    seen.set(one.name, one);
  }
  return all;
}

function settingsOf(kind: PluginKind, text: string): readonly PluginSetting[] {
  const { setting, plural } = PLUGIN_KINDS[kind];
  const broken = (why: string) =>
    new PluginSettingsError(`failed to unmarshal ${plural} while initializing: ${why}`);
  const parsed = parseYaml(text);
  if (!parsed.ok) throw broken(parsed.error);
  const [list = []] = parsed.documents;
  if (!Array.isArray(list)) throw broken(`${setting} is no list; begin each plugin with "- name:"`);
  return list.map((item: unknown, index) => settingOf(kind, item, `${setting}[${index}]`));
}

function settingOf(kind: PluginKind, item: unknown, path: string): PluginSetting {
  const members = recordOf(item, path);
  const name = textOf(members['name'], `${path}.name`);
  const problem = nameProblem(name);
  if (problem !== undefined) throw new PluginSettingsError(`${path}.name: ${problem}`);
  const sha256 = textOf(members['sha256'], `${path}.sha256`).toLowerCase();
  if (sha256 !== '' && !/^[0-9a-f]{64}$/.test(sha256)) {
    throw new PluginSettingsError(`${path}.sha256: ${sha256} is no SHA-256: 64 hexadecimal digits`);
  }
  const disabled = members['disabled'] ?? false;
  if (typeof disabled !== 'boolean') {
    throw new PluginSettingsError(`${path}.disabled: it is true or false`);
  }
  return {
    kind,
    name,
    location: textOf(members['location'], `${path}.location`),
    sha256,
    args: listOf(members['args'], `${path}.args`).map((one, at) =>
      textOf(one, `${path}.args[${at}]`),
    ),
    headersFrom: listOf(members['headersFrom'], `${path}.headersFrom`).map((one, at) =>
      secretName(one, `${path}.headersFrom[${at}]`),
    ),
    disabled,
  };
}

const NAME = /^[A-Za-z0-9-]+\/[A-Za-z0-9_.-]+$/;

/** A name is a path below a folder of ours, so it may not lead out of it. */
function nameProblem(name: string): string | undefined {
  const file = name.slice(name.indexOf('/') + 1);
  if (NAME.test(name) && file !== '.' && file !== '..') return undefined;
  return `plugin repository (${name}) must be in the format of <namespace>/<name>`;
}

function secretName(item: unknown, path: string): string {
  const reference = recordOf(recordOf(item, path)['secretRef'], `${path}.secretRef`);
  const name = textOf(reference['name'], `${path}.secretRef.name`);
  if (name === '') throw new PluginSettingsError(`${path}.secretRef.name: it names no Secret`);
  return name;
}

function recordOf(value: unknown, path: string): Readonly<Record<string, unknown>> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    return value as Readonly<Record<string, unknown>>;
  }
  throw new PluginSettingsError(`${path}: it is no mapping of names to values`);
}

function listOf(value: unknown, path: string): readonly unknown[] {
  if (value === undefined || value === null) return [];
  if (Array.isArray(value)) return value;
  throw new PluginSettingsError(`${path}: it is no list`);
}

function textOf(value: unknown, path: string): string {
  if (value === undefined || value === null) return '';
  if (typeof value === 'string') return value;
  throw new PluginSettingsError(`${path}: it is no text; put it into quotes`);
}
