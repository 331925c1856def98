// What a measurement gives: figures with units, and a goal where there is one.

export interface Figure {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  /** The value must not lie above it. */
  readonly atMost?: number;
  /** The value must not lie below it. */
  readonly atLeast?: number;
  /** The same work, or the least that could be, on this machine in this run: its name and the ratio to it. */
  readonly against?: { readonly what: string; readonly ratio: number };
}

/** One family of figures. `measure` cleans up whatever it starts, also when it fails. */
export interface Measurement {
  readonly name: string;
  /** One or two sentences: what is measured, and how. */
  readonly how: string;
  readonly measure: () => Promise<readonly Figure[]>;
}

export function isMet({ value, atMost, atLeast }: Figure): boolean {
  return (atMost === undefined || value <= atMost) && (atLeast === undefined || value >= atLeast);
}

/** Three significant digits, thousands kept whole. */
export function rounded(value: number): string {
  if (!Number.isFinite(value)) return String(value);
  if (Math.abs(value) >= 100) return String(Math.round(value));
  return String(Number(value.toPrecision(3)));
}

export function median(values: readonly number[]): number {
  return percentile(values, 0.5);
}

/** The value below which that share of them lies (nearest rank). */
export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  const index = Math.min(sorted.length - 1, Math.max(0, Math.ceil(share * sorted.length) - 1));
  const value = sorted[index];
  if (value === undefined) throw new Error('there is no percentile of nothing');
  return value;
}
