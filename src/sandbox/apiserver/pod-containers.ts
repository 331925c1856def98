// Which container of a pod a request is about.
import type { Pod } from '../../api/kubernetes.ts';
import { type ApiRequest, parameter } from './request.ts';
import { badRequest } from './status-error.ts';

/** Names the annotation's container, the only one, or the one that is asked for. */
export function containerOf({ metadata, spec }: Pod, request: ApiRequest): string {
  const names = (spec.containers ?? []).map(({ name }) => name);
  const wanted = parameter(request, 'container');
  const [only = ''] = names;
  if (wanted === '' && names.length === 1) return only;
  if (wanted === '') {
    throw badRequest(
      `a container name must be specified for pod ${metadata.name}, choose one of: [${names.join(' ')}]`,
    );
  }
  if (names.includes(wanted)) return wanted;
  throw badRequest(`container ${wanted} is not valid for pod ${metadata.name}`);
}

/** Commands run only in pods that run themselves. */
export function requireUnfinished({ status }: Pod): void {
  const phase = status?.phase ?? 'Pending';
  if (phase !== 'Succeeded' && phase !== 'Failed') return;
  throw badRequest(`cannot exec into a container in a completed pod; current phase is ${phase}`);
}
