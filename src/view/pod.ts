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
}

function isSidecar(containers: readonly Container[], name: string): boolean {
  return containers.some((one) => one.name === name && one.restartPolicy === 'Always');
}

/** What an init container says: `passed` lets the next one speak, `started` is a sidecar that is not ready yet. */
function initState(
  status: ContainerStatus,
  {
    index,
    total,
    sidecar,
  }: { readonly index: number; readonly total: number; readonly sidecar: boolean },
): 'passed' | 'started' | `Init:${string}` {
  const { state = {} } = status;
  if (state.terminated?.exitCode === 0) return 'passed';
  const end = ended(state);
  if (end !== undefined) return `Init:${end}`;
  if (sidecar && status.started === true) return status.ready ? 'passed' : 'started';
  const waiting = state.waiting?.reason ?? '';
  if (waiting !== '' && waiting !== 'PodInitializing') return `Init:${waiting}`;
  return `Init:${index}/${total}`;
}

/** The init container that holds the pod up, with the restarts up to it; undefined once the others may run. */
function initializing({ spec, status }: Pod): Initializing | undefined {
  const containers = spec.initContainers ?? [];
  let restarts = 0;
  for (const [index, one] of (status?.initContainerStatuses ?? []).entries()) {
    restarts += one.restartCount;
    const sidecar = isSidecar(containers, one.name);
    const state = initState(one, { index, total: containers.length, sidecar });
    if (state === 'started') return undefined;
    if (state !== 'passed') return { reason: state, restarts };
  }
  return undefined;
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
  const view =
    init === undefined
      ? runningView(pod, first)
      : { status: init.reason, ready: 0, restarts: init.restarts };
  if (metadata.deletionTimestamp === undefined) return { ...view, total };
  const word = status?.reason === 'NodeLost' ? 'Unknown' : 'Terminating';
  return { ...view, status: word, total };
}
