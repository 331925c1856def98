// Freezing whole values, so that a change of a shared object fails at once where it is made.

/** Freezes `value` and all it holds; gives it back. Stops at what is frozen already. */
export function deepFreeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value;
  Object.freeze(value);
  for (const member of Object.values(value)) deepFreeze(member);
  return value;
}
