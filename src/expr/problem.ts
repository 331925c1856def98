// How the parts of the language give up: the first error wins and ends everything. Caught in condition.ts, where
// it becomes a value; it never leaves this folder.

/** Compile-time or run-time error of an expression; only the text reaches users. */
export class ExprError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'ExprError';
  }
}

export function fail(message: string): never {
  throw new ExprError(message);
}

/** Text in double quotes as Go's %q prints it, for the characters that expressions can hold. */
export function quoted(text: string): string {
  return JSON.stringify(text);
}
