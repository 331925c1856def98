// What the proxies of the mesh count, as Istio counts it (traffic.md 5.3): one sidecar beside each pod, in it one cell for
// each set of labels. Nobody samples here; metrics/collect.ts does. Entry point: `createTelemetry`.
import type { Source } from './engine.ts';
import type { EndpointPod, ServiceName } from './plan.ts';
import { labelsOfRecord, type MeshLabels, type WorkloadNaming } from './telemetry-labels.ts';

/** One request as one proxy saw it. */
export interface TelemetryRecord {
  readonly reporter: 'source' | 'destination';
  readonly source: Source;
  /** The Service that was chosen, where one was. */
  readonly service: ServiceName | undefined;
  /** The pod that it reached. */
  readonly pod: EndpointPod | undefined;
  /** 0: the caller left before an answer. */
  readonly status: number;
  /** Joined by commas, `-` for none. */
  readonly flags: string;
  readonly grpcStatus: string;
  readonly isGrpc: boolean;
  readonly durationMs: number;
  readonly requestBytes: number;
  readonly responseBytes: number;
}

export interface Telemetry {
  record(entry: TelemetryRecord): void;
  /** What the proxy of a pod (`namespace/name`) has counted since it began. */
  cells(pod: string): Iterable<Cell>;
  /** The pod is gone, and its proxy with it. */
  forget(pod: string): void;
  /** A cell of that pod's proxy is given up; what it was for begins anew, from nothing. */
  retire(pod: string, cell: Cell): void;
}

/** Counters of one set of labels. They only grow. */
export interface Cell {
  readonly labels: MeshLabels;
  readonly requests: number;
  readonly duration: Histogram;
  readonly requestBytes: Histogram;
  readonly responseBytes: Histogram;
}

export interface Histogram {
  /** Observations up to and including the bound of the same place in `BUCKETS`, not cumulated; the last is +Inf. */
  readonly counts: Readonly<Float64Array>;
  readonly sum: number;
}

/** Upper bounds of Istio's histograms, of milliseconds and of bytes alike. */
export const BUCKETS: readonly number[] = [
  0.5, 1, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10_000, 30_000, 60_000, 300_000, 600_000,
  1_800_000, 3_600_000,
];

/** Cells of one proxy; beyond it requests are counted in none, which no test of one person's reaches. */
const MOST_CELLS = 10_000;

export function createTelemetry(naming: WorkloadNaming = 'current'): Telemetry {
  return new Sidecars(naming);
}

class MutableHistogram implements Histogram {
  readonly counts = new Float64Array(BUCKETS.length + 1);
  sum = 0;

  observe(value: number): void {
    let bucket = 0;
    while (bucket < BUCKETS.length && value > (BUCKETS[bucket] ?? Infinity)) bucket += 1;
    this.counts[bucket] = (this.counts[bucket] ?? 0) + 1;
    this.sum += value;
  }
}

class MutableCell implements Cell {
  readonly labels: MeshLabels;
  readonly duration = new MutableHistogram();
  readonly requestBytes = new MutableHistogram();
  readonly responseBytes = new MutableHistogram();
  requests = 0;

  constructor(labels: MeshLabels) {
    this.labels = labels;
  }
}

/** A cell with what it was found by, beside the three objects that lead to it. */
interface Found {
  readonly reporter: TelemetryRecord['reporter'];
  readonly status: number;
  readonly flags: string;
  readonly grpcStatus: string;
  readonly isGrpc: boolean;
  readonly cell: MutableCell;
}

const NOBODY = {};
const NO_SERVICE = {};

class Sidecars implements Telemetry {
  readonly #naming: WorkloadNaming;
  readonly #proxies = new Map<string, Map<string, MutableCell>>();
  /** By caller, pod and service, all of which are the same objects from request to request. */
  #found = new WeakMap<object, WeakMap<object, WeakMap<object, Found[]>>>();

  constructor(naming: WorkloadNaming) {
    this.#naming = naming;
  }

  record(entry: TelemetryRecord): void {
    const cell = this.#cell(entry);
    if (cell === undefined) return;
    cell.requests += 1;
    cell.duration.observe(entry.durationMs);
    cell.requestBytes.observe(entry.requestBytes);
    cell.responseBytes.observe(entry.responseBytes);
  }

  cells(pod: string): Iterable<Cell> {
    return this.#proxies.get(pod)?.values() ?? [];
  }

  forget(pod: string): void {
    // What was found before may be a cell of that proxy.
    if (this.#proxies.delete(pod)) this.#found = new WeakMap();
  }

  retire(pod: string, { labels }: Cell): void {
    if (this.#proxies.get(pod)?.delete(keyOf(labels)) === true) this.#found = new WeakMap();
  }

  #cell(entry: TelemetryRecord): MutableCell | undefined {
    const nearby = this.#near(entry);
    for (const one of nearby) if (isOf(one, entry)) return one.cell;
    const cell = this.#newCell(entry);
    const { reporter, status, flags, grpcStatus, isGrpc } = entry;
    if (cell !== undefined) nearby.push({ reporter, status, flags, grpcStatus, isGrpc, cell });
    return cell;
  }

  #near({ source, pod, service }: TelemetryRecord): Found[] {
    const byPod = entryOf(this.#found, source.pod ?? NOBODY, () => new WeakMap());
    const byService = entryOf(byPod, pod ?? NOBODY, () => new WeakMap());
    return entryOf(byService, service ?? NO_SERVICE, () => []);
  }

  /** The cell of those labels at that proxy; labels of a pod may have changed since an earlier request. */
  #newCell(entry: TelemetryRecord): MutableCell | undefined {
    const proxy = nameOf(entry.reporter === 'source' ? entry.source.pod : entry.pod);
    const cells = this.#proxies.get(proxy) ?? new Map<string, MutableCell>();
    this.#proxies.set(proxy, cells);
    const labels = labelsOfRecord(entry, this.#naming);
    const key = keyOf(labels);
    const known = cells.get(key);
    if (known !== undefined || cells.size >= MOST_CELLS) return known;
    const made = new MutableCell(labels);
    cells.set(key, made);
    return made;
  }
}

function keyOf(labels: MeshLabels): string {
  return JSON.stringify(labels);
}

function isOf(found: Found, entry: TelemetryRecord): boolean {
  return (
    found.reporter === entry.reporter &&
    found.status === entry.status &&
    found.flags === entry.flags &&
    found.grpcStatus === entry.grpcStatus &&
    found.isGrpc === entry.isGrpc
  );
}

function entryOf<T extends object>(map: WeakMap<object, T>, key: object, make: () => T): T {
  const known = map.get(key);
  if (known !== undefined) return known;
  const made = make();
  map.set(key, made);
  return made;
}

/** `namespace/name`; empty for whatever is no pod. */
export function nameOf(pod: EndpointPod | undefined): string {
  return pod === undefined ? '' : `${pod.namespace}/${pod.name}`;
}
