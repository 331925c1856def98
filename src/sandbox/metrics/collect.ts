// The sandbox's scraper: at a fixed interval of its clock it samples what the proxies counted, what pods expose, and what
// kube-state-metrics and cAdvisor would say, into the store. It writes nothing to the API. Entry point: `createCollector`.
//
// Targets are named as in Istio's own Prometheus: a pod of the mesh at port 15020 of its proxy, which also answers for the
// pod's own metrics; labels of the pod become labels of its series.
import type { Deployment, Pod, ReplicaSet } from '../../api/kubernetes.ts';
import type { KubeObject } from '../../api/object.ts';
import { readAll, utf8Text } from '../../lib/bytes.ts';
import { cancellation, sleep } from '../../lib/clock.ts';
import type { Clock, Duration, Instant, Stop, Transport } from '../../lib/ports.ts';
import { later, milliseconds } from '../../lib/time.ts';
import { hasProxy } from '../mesh/engine-source.ts';
import type { Cell, Telemetry } from '../mesh/telemetry.ts';
import type { Work } from '../node/pod-traffic.ts';
import { containerUse } from './collect-containers.ts';
import {
  deploymentSamples,
  metricLabel,
  type ObjectSample,
  podSamples,
  replicaSetSamples,
} from './collect-kube-state.ts';
import { CellSeries } from './collect-mesh.ts';
import { Target } from './collect-target.ts';
import { parseExposition } from './exposition.ts';
import { METRIC_NAME, type LabelSet } from './labels.ts';
import type { SeriesStore } from './store.ts';

/** What is read; watch caches are such. */
interface Listed<T> {
  list(): readonly T[];
}

export interface CollectorOptions {
  readonly clock: Clock;
  readonly store: SeriesStore;
  readonly interval: Duration;
  readonly pods: Listed<Pod>;
  readonly replicaSets: Listed<ReplicaSet>;
  readonly deployments: Listed<Deployment>;
  readonly telemetry: Telemetry;
  /** What a pod's server has done; undefined if it does not run. */
  readonly work: (pod: Pod) => Work | undefined;
  /** What listens at a pod's address. */
  readonly server: (address: string, port: number) => Transport | undefined;
}

export interface Collector {
  start(): void;
  stop(): void;
}

export function createCollector(options: CollectorOptions): Collector {
  return new Scraper(options);
}

const PROXY_PORT = 15_020;
const SCRAPE_TIMEOUT = milliseconds(10_000);
const MOST_SAMPLES = 10_000;
/**
 * A proxy lives longer than the Services and versions that it has called. Without an end each of their counters would be
 * sampled for ever, 67 series for every set of labels.
 */
const IDLE_MS = 3_600_000;
/** Objects of a kind with series of their own; a store in memory is not for whole fleets. */
const MOST_OBJECTS = 1000;

class Scraper implements Collector {
  readonly #options: CollectorOptions;
  readonly #targets = new Map<string, Target>();
  readonly #samples = new WeakMap<object, readonly (ObjectSample & { readonly key: string })[]>();
  /** When a cell was first seen with as many requests as it has. */
  readonly #counted = new WeakMap<Cell, { readonly requests: number; readonly at: Instant }>();
  readonly #stop = cancellation();
  #stopTimer: Stop | undefined;
  #nextAt: Instant;

  constructor(options: CollectorOptions) {
    this.#options = options;
    this.#nextAt = options.clock.now();
  }

  start(): void {
    this.#nextAt = this.#options.clock.now();
    this.#plan();
  }

  stop(): void {
    this.#stop.now();
    this.#stopTimer?.();
  }

  /** From moment to moment, not from end to end: a late scrape does not shift the next. */
  #plan(): void {
    const { clock, interval } = this.#options;
    this.#nextAt = later(this.#nextAt, interval);
    if (this.#nextAt <= clock.now()) this.#nextAt = later(clock.now(), interval);
    this.#stopTimer = clock.at(this.#nextAt, () => {
      this.#scrape(clock.now());
      if (!this.#stop.cancel.cancelled) this.#plan();
    });
  }

  #scrape(at: Instant): void {
    const seen = new Set<string>();
    const target = (labels: LabelSet): Target => {
      const key = JSON.stringify(labels);
      seen.add(key);
      const known = this.#targets.get(key);
      if (known !== undefined) return known;
      const made = new Target(this.#options.store, labels);
      this.#targets.set(key, made);
      return made;
    };
    for (const pod of this.#options.pods.list()) this.#scrapePod(pod, target, at);
    this.#scrapeObjects(target(KUBE_STATE), at);
    this.#scrapeContainers(target(CONTAINERS), at);
    for (const [key, gone] of this.#targets) {
      if (seen.has(key)) continue;
      gone.end(at);
      this.#targets.delete(key);
    }
  }

  #scrapePod(pod: Pod, target: (labels: LabelSet) => Target, at: Instant): void {
    const wanted = scrapeOf(pod);
    if (wanted === undefined || pod.status?.phase !== 'Running') return;
    const scraped = target(targetLabels(pod, wanted));
    if (wanted.isProxy) this.#sampleProxy(pod, scraped, at);
    if (wanted.app === undefined) up(scraped, true, at);
    else void this.#scrapeApp(pod, wanted.app, { scraped, at });
  }

  #sampleProxy({ metadata }: Pod, scraped: Target, at: Instant): void {
    const { telemetry } = this.#options;
    const proxy = `${metadata.namespace ?? ''}/${metadata.name}`;
    for (const cell of telemetry.cells(proxy)) {
      if (this.#isIdle(cell, at)) {
        telemetry.retire(proxy, cell);
        scraped.endGroup(cell, at);
      } else scraped.group(cell, () => new CellSeries(cell, scraped)).append(at);
    }
  }

  #isIdle(cell: Cell, at: Instant): boolean {
    const known = this.#counted.get(cell);
    if (known?.requests === cell.requests) return at - known.at >= IDLE_MS;
    this.#counted.set(cell, { requests: cell.requests, at });
    return false;
  }

  /** What the pod's own server exposes; a server that does not answer is down, which `up` says. */
  async #scrapeApp(
    pod: Pod,
    app: AppScrape,
    { scraped, at }: { readonly scraped: Target; readonly at: Instant },
  ): Promise<void> {
    const samples = await this.#expose(pod, app);
    if (this.#stop.cancel.cancelled) return;
    for (const { labels, value } of samples ?? []) {
      scraped.write({ key: JSON.stringify(labels), labels: () => labels, value }, at);
    }
    up(scraped, samples !== undefined, at);
    scraped.finish(at);
  }

  async #expose(pod: Pod, { port, path }: AppScrape) {
    const { clock, server } = this.#options;
    const send = server(pod.status?.podIP ?? '', port);
    if (send === undefined) return undefined;
    const over = cancellation();
    const stopTimer = clock.at(later(clock.now(), SCRAPE_TIMEOUT), () => over.now());
    try {
      const headers = {
        host: `${pod.status?.podIP ?? ''}:${port}`,
        accept: 'text/plain;version=0.0.4',
      };
      const answering = send({ method: 'GET', path, headers, cancel: over.cancel });
      const answer = await Promise.race([answering, sleep(clock, SCRAPE_TIMEOUT, over.cancel)]);
      if (answer === undefined || answer.status !== 200) return undefined;
      const parsed = parseExposition(utf8Text(await readAll(answer.body)));
      return parsed.ok && parsed.samples.length <= MOST_SAMPLES ? parsed.samples : undefined;
    } catch {
      // Refused or broken off: the target is down, and that is what `up` is for.
      return undefined;
    } finally {
      stopTimer();
      over.now();
    }
  }

  #scrapeObjects(target: Target, at: Instant): void {
    const { pods, replicaSets, deployments } = this.#options;
    this.#writeObjects(target, pods, { samplesOf: podSamples, at });
    this.#writeObjects(target, replicaSets, { samplesOf: replicaSetSamples, at });
    this.#writeObjects(target, deployments, { samplesOf: deploymentSamples, at });
    up(target, true, at);
    target.finish(at);
  }

  /** An object says the same until another one takes its place, so its series are worked out once. */
  #writeObjects<T extends KubeObject>(
    target: Target,
    source: Listed<T>,
    how: { readonly samplesOf: (object: T) => Iterable<ObjectSample>; readonly at: Instant },
  ): void {
    for (const object of source.list().slice(0, MOST_OBJECTS)) {
      let samples = this.#samples.get(object);
      if (samples === undefined) {
        samples = [...how.samplesOf(object)].map((one) => ({ key: keyOf(one), ...one }));
        this.#samples.set(object, samples);
      }
      for (const { key, labels, value } of samples) {
        target.write({ key, labels: () => labels, value }, how.at);
      }
    }
  }

  #scrapeContainers(target: Target, at: Instant): void {
    for (const pod of this.#options.pods.list().slice(0, MOST_OBJECTS)) {
      const work = this.#options.work(pod);
      if (work !== undefined) writeAll(target, containerUse(pod, work, at), at);
    }
    up(target, true, at);
    target.finish(at);
  }
}

const KUBE_STATE: LabelSet = {
  job: 'kube-state-metrics',
  instance: 'kube-state-metrics.kube-system.svc:8080',
};
const CONTAINERS: LabelSet = { job: 'kubernetes-cadvisor', instance: 'slipway', node: 'slipway' };

function up(target: Target, isUp: boolean, at: Instant): void {
  target.write({ key: 'up', labels: () => ({ [METRIC_NAME]: 'up' }), value: Number(isUp) }, at);
}

function writeAll(target: Target, samples: Iterable<ObjectSample>, at: Instant): void {
  for (const { labels, value } of samples) {
    target.write({ key: keyOf({ labels }), labels: () => labels, value }, at);
  }
}

function keyOf({ labels }: Pick<ObjectSample, 'labels'>): string {
  return Object.entries(labels).flat().join('\n');
}

interface AppScrape {
  readonly port: number;
  readonly path: string;
}

interface PodScrape {
  /** Its proxy is there to answer. */
  readonly isProxy: boolean;
  readonly port: number;
  /** What the pod itself exposes. */
  readonly app: AppScrape | undefined;
}

/** The proxy of a pod in the mesh is scraped in any case. */
export function scrapeOf(pod: Pod): PodScrape | undefined {
  const { annotations, labels = {} } = pod.metadata;
  const isProxy = hasProxy(labels) && annotations?.['sidecar.istio.io/inject'] !== 'false';
  const wanted = wantedScrape(pod);
  if (!isProxy) {
    return wanted === undefined ? undefined : { isProxy, port: wanted.port, app: wanted };
  }
  // The document's own annotations name the proxy, which is asked already.
  const app = wanted?.port === PROXY_PORT ? undefined : wanted;
  return { isProxy, port: PROXY_PORT, app };
}

/** What `prometheus.io/*` annotations ask for. */
function wantedScrape({ metadata, spec }: Pod): AppScrape | undefined {
  const { annotations = {} } = metadata;
  if (annotations['prometheus.io/scrape'] !== 'true') return undefined;
  // Nothing in the sandbox serves metrics over TLS.
  if ((annotations['prometheus.io/scheme'] ?? 'http') !== 'http') return undefined;
  const first = spec.containers?.[0]?.ports?.[0]?.containerPort ?? 80;
  const port = Number(annotations['prometheus.io/port'] ?? first);
  return { port, path: annotations['prometheus.io/path'] ?? '/metrics' };
}

function targetLabels({ metadata, status }: Pod, { port }: PodScrape): LabelSet {
  const { namespace = '', name, labels = {} } = metadata;
  const own = Object.entries(labels).map(([label, value]) => [metricLabel(label), value] as const);
  return {
    ...Object.fromEntries(own),
    job: 'kubernetes-pods',
    instance: `${status?.podIP ?? ''}:${port}`,
    namespace,
    pod: name,
  };
}
