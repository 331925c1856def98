// What `/federate` exposes, as Prometheus itself does: the newest sample of every series that a selector matches, for
// another Prometheus to scrape. Entry point: `federatedText`.
import { expositionText, type MetricFamily } from './exposition.ts';
import { labelSetOf, METRIC_NAME } from './labels.ts';
import type { Matcher } from './matcher.ts';
import { LOOKBACK_MS } from './promql/selection.ts';
import type { SelectedSeries, SeriesStore } from './store.ts';

/** Series that have ended are left out, so that the reader marks them as ended, too. */
export function federatedText(
  store: SeriesStore,
  selectors: readonly (readonly Matcher[])[],
  time: number,
): string {
  const found = new Map<string, SelectedSeries>();
  for (const matchers of selectors) {
    for (const series of store.select(matchers, time - LOOKBACK_MS, time)) {
      found.set(series.labels.key, series);
    }
  }
  const families = new Map<string, MetricFamily['samples'][number][]>();
  for (const series of found.values()) {
    const last = series.times.length - 1;
    if (series.stale?.[last] === 1) continue;
    const { [METRIC_NAME]: name = '', ...labels } = labelSetOf(series.labels);
    const samples = families.get(name) ?? [];
    families.set(name, samples);
    samples.push({
      // With honor_labels an empty label keeps the reader from writing its own target there.
      labels: { instance: '', ...labels },
      value: series.values[last] ?? Number.NaN,
      timestamp: series.times[last] ?? time,
    });
  }
  const names = [...families.keys()].sort();
  return expositionText(
    names.map((name) => ({ name, type: 'untyped', samples: families.get(name) ?? [] })),
  );
}
