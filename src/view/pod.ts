// The word for a pod's state, and its ready and restart counts (cli.md 5).
import type { Container, ContainerState, ContainerStatus, Pod } from '../api/kubernetes.ts';

export interface PodView {
  readonly status: string;
  readonly ready: number;
  readonly total: number;
  readonly restarts: number;
}

function ended({ terminated }: ContainerState): string | undefined {
  if (terminated === undefined) return undefined;
  const { reason = '', signal = 0, exitCode } = terminated;
  if (reason !== '') return reason;
  return signal === 0 ? `ExitCode:${exitCode}` : `Signal:${signal}`;
}

interface Initializing {
  readonly reason: string;
  readonly restarts: number;
  /** Undefined: all init containers are through, or a sidecar is on its way. */
  readonly isBlocking: boolean;
}

function isSidecar(containers: readonly Container[], name: string): boolean {
  return containers.some((one) => one.name === name && one.restartPolicy === 'Always');
}

/** What an init container says: undefined lets the next one speak. */
function initReason(
  status: ContainerStatus,
  { index, total }: { readonly index: number; readonly total: number },
): string | undefined {
  const { state = {} } = status;
  if (state.terminated?.exitCode === 0) return undefined;
  const end = ended(state);
  if (end !== undefined) return `Init:${end}`;
  const waiting = state.waiting?.reason ?? '';
  if (waiting !== '' && waiting !== 'PodInitializing') return `Init:${waiting}`;
  return `Init:${index}/${total}`;
}

function initializing({ spec, status }: Pod): Initializing {
  const containers = spec.initContainers ?? [];
  let restarts = 0;
  for (const [index, one] of (status?.initContainerStatuses ?? []).entries()) {
    restarts += one.restartCount;
    if (isSidecar(containers, one.name) && one.started === true) {
      if (one.ready) continue;
      return { reason: '', restarts, isBlocking: false };
    }
    const reason = initReason(one, { index, total: containers.length });
    if (reason !== undefined) return { reason, restarts, isBlocking: true };
  }
  return { reason: '', restarts, isBlocking: false };
}

/** Containers from last to first: the first one's word counts most. */
function runningView(pod: Pod, initial: string): Omit<PodView, 'total'> {
  let reason = initial;
  let ready = 0;
  let restarts = 0;
  for (const one of (pod.status?.containerStatuses ?? []).toReversed()) {
    restarts += one.restartCount;
    const { state = {} } = one;
    const waiting = state.waiting?.reason ?? '';
    if (waiting !== '') reason = waiting;
    else if (state.terminated !== undefined) reason = ended(state) ?? reason;
    else if (one.ready && state.running !== undefined) ready += 1;
  }
  if (reason === 'Completed' && ready > 0) reason = 'Running';
  return { status: reason, ready, restarts };
}

export function podView(pod: Pod): PodView {
  const { status, metadata } = pod;
  const total = (pod.spec.containers ?? []).length;
  const statusReason = status?.reason ?? '';
  const first = statusReason === '' ? (status?.phase ?? '') : statusReason;
  const init = initializing(pod);
  const view = init.isBlocking
    ? { status: init.reason, ready: 0, restarts: init.restarts }
    : runningView(pod, first);
  if (metadata.deletionTimestamp === undefined) return { ...view, total };
  const word = status?.reason === 'NodeLost' ? 'Unknown' : 'Terminating';
  return { ...view, status: word, total };
}
