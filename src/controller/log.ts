// Structured log lines: one JSON object (or `key=value` text) a line, written through a port.
import type { Clock } from '../lib/ports.ts';
import { formatInstantMicro } from '../lib/time.ts';

export type Fields = Readonly<Record<string, unknown>>;

export type Level = 'debug' | 'info' | 'warn' | 'error';

export interface Log {
  debug(message: string, fields?: Fields): void;
  info(message: string, fields?: Fields): void;
  warn(message: string, fields?: Fields): void;
  error(message: string, fields?: Fields): void;
}

export const LEVELS: readonly Level[] = ['debug', 'info', 'warn', 'error'];

export interface LogOptions {
  readonly clock: Clock;
  readonly level: Level;
  readonly format: 'text' | 'json';
  readonly write: (line: string) => void;
}

function textOf(value: unknown): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return /^[\w./:@+-]+$/.test(text) ? text : JSON.stringify(text);
}

/** A log that writes lines of at least `level`. */
export function createLog(options: LogOptions): Log {
  const line = (level: Level, message: string, fields: Fields = {}): string => {
    const all = { time: formatInstantMicro(options.clock.now()), level, msg: message, ...fields };
    if (options.format === 'json') return JSON.stringify(all);
    return Object.entries(all)
      .map(([key, value]) => `${key}=${textOf(value)}`)
      .join(' ');
  };
  const at =
    (level: Level) =>
    (message: string, fields?: Fields): void => {
      if (LEVELS.indexOf(level) < LEVELS.indexOf(options.level)) return;
      options.write(`${line(level, message, fields)}\n`);
    };
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
}

/** A log that writes nothing. */
export const SILENT: Log = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
};
