// Plugins of test/plugins, started as the controller starts them.
import { readFileSync } from 'node:fs';
import { systemClock } from '../../src/host/clock.ts';
import { systemDialer } from '../../src/host/dialer.ts';
import { systemPrograms } from '../../src/host/programs.ts';
import type { Clock } from '../../src/lib/ports.ts';
import { seconds } from '../../src/lib/time.ts';
import type { PluginProcessPorts } from '../../src/plugins/plugin-process.ts';
import { createPlugins, type InstalledPlugin, type Plugins } from '../../src/plugins/plugins.ts';

export interface PluginStand extends AsyncDisposable {
  readonly plugins: Plugins;
  /** Resolves when no call is under way. */
  answered(): Promise<void>;
  /** What was logged, one text each. */
  readonly logged: readonly string[];
}

/** Plugins under the names that their settings have; processes end with the stand. */
export function pluginStand(
  installed: readonly (Pick<InstalledPlugin, 'kind' | 'name' | 'command'> &
    Partial<InstalledPlugin>)[],
  options: { readonly callSeconds?: number; readonly clock?: Clock } = {},
): PluginStand {
  const logged: string[] = [];
  const keep = (message: string, fields: Readonly<Record<string, string>>) => {
    logged.push([message, ...Object.values(fields)].join(' '));
  };
  const ports: PluginProcessPorts = {
    clock: options.clock ?? systemClock,
    programs: systemPrograms,
    dialer: systemDialer,
    callLimit: seconds(options.callSeconds ?? 20),
    log: { debug: keep, info: keep, warn: keep },
  };
  const plugins = createPlugins(
    ports,
    installed.map((one) => ({ args: [], disabled: false, ...one })),
  );
  const underWay = new Set<Promise<unknown>>();
  const counted: Plugins = {
    ...plugins,
    isDisabled: (name) => plugins.isDisabled(name),
    stop: () => plugins.stop(),
    call: (call) => {
      const answer = plugins.call(call);
      underWay.add(answer);
      const isOver = () => void underWay.delete(answer);
      answer.then(isOver, isOver);
      return answer;
    },
  };
  const answered = async () => {
    while (underWay.size > 0) await Promise.allSettled(underWay);
  };
  return { plugins: counted, answered, logged, [Symbol.asyncDispose]: () => plugins.stop() };
}

export interface RecordedCall {
  readonly method: string;
  readonly pid: number;
  // oxlint-disable-next-line typescript/no-explicit-any -- tests look into what Go wrote
  readonly args: any;
}

/** What a plugin with `-calls FILE` was asked, in order. */
export function recordedCalls(file: string): readonly RecordedCall[] {
  let text = '';
  try {
    text = readFileSync(file, 'utf8');
  } catch {
    return [];
  }
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as RecordedCall);
}
