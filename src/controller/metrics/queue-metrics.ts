// Metrics of the queue, in Kubernetes' words (https://kubernetes.io/docs/reference/instrumentation/metrics/): ours is one
// queue of keys, told as one for each kind.
import type { Clock, Instant } from '../../lib/ports.ts';
import { between } from '../../lib/time.ts';
import type { QueueWatcher } from '../queue.ts';
import type { Family } from './exposition.ts';
import { Counter, Histogram } from './instruments.ts';
import { rowOf } from './table.ts';

const NAMES: ReadonlyMap<string, string> = new Map([
  ['analysisruns', 'AnalysisRuns'],
  ['experiments', 'Experiments'],
  ['rollouts', 'Rollouts'],
]);

/** Name of the queue that a key `PLURAL/NAMESPACE/NAME` would be in. */
function nameOf(key: string): string {
  const plural = key.slice(0, key.indexOf('/'));
  return NAMES.get(plural) ?? plural;
}

export class QueueMetrics implements QueueWatcher {
  readonly #clock: Clock;
  readonly #adds = new Counter('workqueue_adds_total');
  readonly #retries = new Counter('workqueue_retries_total');
  readonly #waited = new Histogram('workqueue_queue_duration_seconds');
  readonly #worked = new Histogram('workqueue_work_duration_seconds');
  /** Keys that wait and keys whose pass runs, each since when. */
  readonly #waiting = new Map<string, Instant>();
  readonly #running = new Map<string, Instant>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  added(key: string): void {
    this.#adds.add([nameOf(key)]);
    this.#waiting.set(key, this.#clock.now());
  }

  started(key: string): void {
    const now = this.#clock.now();
    this.#waited.observe([nameOf(key)], secondsFrom(this.#waiting.get(key), now));
    this.#waiting.delete(key);
    this.#running.set(key, now);
  }

  ended(key: string): void {
    this.#worked.observe([nameOf(key)], secondsFrom(this.#running.get(key), this.#clock.now()));
    this.#running.delete(key);
  }

  retried(key: string): void {
    this.#retries.add([nameOf(key)]);
  }

  *families(): Generator<Family> {
    const now = this.#clock.now();
    const running = (name: string) =>
      [...this.#running].flatMap(([key, since]) =>
        nameOf(key) === name ? [secondsFrom(since, now)] : [],
      );
    const gauge = (
      metric: Extract<Parameters<typeof rowOf>[0], `workqueue_${string}`>,
      value: (name: string) => number,
    ): Family => ({
      row: rowOf(metric),
      samples: [...NAMES.values()].map((name) => ({ values: [name], value: value(name) })),
    });
    yield this.#adds.family();
    yield gauge(
      'workqueue_depth',
      (name) => [...this.#waiting.keys()].filter((key) => nameOf(key) === name).length,
    );
    yield this.#waited.family();
    yield this.#worked.family();
    yield gauge('workqueue_unfinished_work_seconds', (name) =>
      running(name).reduce((sum, one) => sum + one, 0),
    );
    yield gauge('workqueue_longest_running_processor_seconds', (name) =>
      Math.max(0, ...running(name)),
    );
    yield this.#retries.family();
  }
}

function secondsFrom(since: Instant | undefined, now: Instant): number {
  return since === undefined ? 0 : Math.max(0, between(since, now)) / 1000;
}
