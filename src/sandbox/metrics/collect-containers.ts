// cAdvisor's few series. The builtin runner has no containers to measure, so use follows from the work that its servers
// really did: a constant for being there, and a price for each request.
import type { Pod } from '../../api/kubernetes.ts';
import type { Instant } from '../../lib/ports.ts';
import { parseInstant } from '../../lib/time.ts';
import type { Work } from '../node/pod-traffic.ts';
import { METRIC_NAME } from './labels.ts';
import type { ObjectSample } from './collect-kube-state.ts';

const IDLE_CORES = 0.002;
const SECONDS_PER_REQUEST = 0.0005;
const IDLE_BYTES = 12 * 1024 * 1024;
const BYTES_PER_ACTIVE_REQUEST = 64 * 1024;

export function* containerUse(pod: Pod, work: Work, now: Instant): Generator<ObjectSample> {
  const { namespace = '', name } = pod.metadata;
  const statuses = pod.status?.containerStatuses ?? [];
  for (const [index, { name: container, image = '', state }] of statuses.entries()) {
    const startedAt = parseInstant(state?.running?.startedAt ?? '');
    if (startedAt === undefined) continue;
    const own = {
      namespace,
      pod: name,
      container,
      image,
      id: `/kubepods/${namespace}/${name}/${container}`,
    };
    // The first container is the one that serves.
    const requests = index === 0 ? work.requests : 0;
    const active = index === 0 ? work.active : 0;
    const upSeconds = Math.max(0, now - startedAt) / 1000;
    const cpu = upSeconds * IDLE_CORES + requests * SECONDS_PER_REQUEST;
    const memory = IDLE_BYTES + active * BYTES_PER_ACTIVE_REQUEST;
    yield sampleOf('container_cpu_usage_seconds_total', { ...own, cpu: 'total' }, cpu);
    yield sampleOf('container_memory_working_set_bytes', own, memory);
    yield sampleOf('container_memory_usage_bytes', own, memory);
    yield sampleOf('container_memory_rss', own, memory);
    yield sampleOf('container_start_time_seconds', own, startedAt / 1000);
  }
}

function sampleOf(
  name: string,
  labels: Readonly<Record<string, string>>,
  value: number,
): ObjectSample {
  return { labels: { ...labels, [METRIC_NAME]: name }, value };
}
