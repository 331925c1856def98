// Remembering the last value that was dear to compute.

/** Holds one value and what it was computed from. */
export class Memo<T> {
  #held: { readonly basis: readonly unknown[]; readonly value: T } | undefined;

  /** The held value if every part of `basis` is identical to that of last time, else `make()`. */
  of(basis: readonly unknown[], make: () => T): T {
    const held = this.#held;
    const isSame =
      held !== undefined &&
      held.basis.length === basis.length &&
      held.basis.every((part, index) => part === basis[index]);
    if (isSame) return held.value;
    const value = make();
    this.#held = { basis, value };
    return value;
  }
}
