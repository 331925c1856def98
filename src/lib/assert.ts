// What must hold, checked in production too. A failed assertion is a bug: it fails one pass, never the process.

/** Closes an exhaustive switch: the compiler proves that no case is left. */
export function unreachable(value: never): never {
  throw new Error(`unreachable case: ${JSON.stringify(value)}`);
}
