// Equality of JSON values.

function recordsEqual(
  a: Readonly<Record<string, unknown>>,
  b: Readonly<Record<string, unknown>>,
): boolean {
  let balance = 0;
  // Without lists in between: this is the inner loop of every "does it change anything".
  for (const key in a) {
    const value = a[key];
    if (value === undefined) continue;
    if (!jsonEqual(value, b[key])) return false;
    balance += 1;
  }
  for (const key in b) if (b[key] !== undefined) balance -= 1;
  return balance === 0;
}

/** Same JSON value: the order of members does not matter, a member that is undefined counts as absent. */
export function jsonEqual(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) {
    return typeof a === 'number' && Number.isNaN(a) && Number.isNaN(b);
  }
  if (Array.isArray(a) || Array.isArray(b)) {
    return (
      Array.isArray(a) &&
      Array.isArray(b) &&
      a.length === b.length &&
      a.every((item, index) => jsonEqual(item, b[index]))
    );
  }
  return recordsEqual(a as Record<string, unknown>, b as Record<string, unknown>);
}
