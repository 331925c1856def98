// What stands in the way of a plugin's answer.

/**
 * `unavailable`: it could not be started or asked, nothing has happened; `broken`: it was asked, and no answer came;
 * `refused`: its own words.
 */
export class PluginError extends Error {
  readonly kind: 'unavailable' | 'broken' | 'refused';

  constructor(kind: PluginError['kind'], message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = 'PluginError';
    this.kind = kind;
  }
}

export function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
