// Rules of the pod template (rollout.md 10.1, row 7): those of Kubernetes whose breach keeps every pod from being
// made. The rest is left to the API server, whose word on the ReplicaSet reaches the Rollout as well.
import type { Container, LabelSelector, PodTemplateSpec } from '../../../api/kubernetes.ts';
import { dnsLabelProblems } from '../../../api/label-rules.ts';
import { matchesSelector } from '../../../api/selector.ts';
import {
  duplicate,
  forbidden,
  given,
  invalid,
  type Problem,
  required,
  unsupported,
  when,
} from './problem.ts';
import { isEmptySelector, keyProblems, labelProblems } from './selector.ts';

const FIELD = 'spec.template';
const PROTOCOLS = ['SCTP', 'TCP', 'UDP'];

/** All problems in their order. Without a selector nothing is selected, so its labels never fit. */
export function podTemplateProblems(
  template: PodTemplateSpec,
  selector: LabelSelector | undefined,
): readonly Problem[] {
  const { labels, annotations = {} } = template.metadata ?? {};
  const fits =
    selector !== undefined &&
    (isEmptySelector(selector) || matchesSelector(selector, labels ?? {}));
  return [
    ...when(!fits, () =>
      invalid(`${FIELD}.metadata.labels`, labels, '`selector` does not match template `labels`'),
    ),
    ...labelProblems(labels ?? {}, `${FIELD}.labels`),
    ...Object.keys(annotations)
      .toSorted()
      .flatMap((key) => keyProblems(key.toLowerCase(), `${FIELD}.annotations`)),
    ...podProblems(template),
  ];
}

function podProblems({ spec = {} }: PodTemplateSpec): readonly Problem[] {
  const { restartPolicy = '', activeDeadlineSeconds, ephemeralContainers = [] } = spec;
  const field = `${FIELD}.spec`;
  const containers = spec.containers ?? [];
  return [
    ...when(containers.length === 0, () => required(`${field}.containers`)),
    ...containerProblems(containers, `${field}.containers`, []),
    ...containerProblems(spec.initContainers ?? [], `${field}.initContainers`, containers),
    ...when(ephemeralContainers.length > 0, () =>
      forbidden(`${field}.ephemeralContainers`, 'ephemeral containers not allowed in pod template'),
    ),
    ...when(restartPolicy !== '' && restartPolicy !== 'Always', () =>
      unsupported(`${field}.restartPolicy`, restartPolicy, ['Always']),
    ),
    ...when(activeDeadlineSeconds !== undefined, () =>
      forbidden(
        `${field}.activeDeadlineSeconds`,
        'activeDeadlineSeconds in ReplicaSet is not Supported',
      ),
    ),
  ];
}

function containerProblems(
  containers: readonly Container[],
  field: string,
  others: readonly Container[],
): readonly Problem[] {
  const seen = new Set(others.map(({ name }) => name));
  return containers.flatMap((container, index) => {
    const at = `${field}[${index}]`;
    const name = given(container.name);
    const isTwice = seen.has(name);
    seen.add(name);
    return [
      ...nameProblems(name, `${at}.name`),
      ...when((container.image ?? '') === '', () => required(`${at}.image`)),
      ...(container.ports ?? []).flatMap((port, place) =>
        portProblems(port, `${at}.ports[${place}]`),
      ),
      ...(container.env ?? []).flatMap((variable, place) =>
        when(given(variable.name) === '', () => required(`${at}.env[${place}].name`)),
      ),
      ...when(isTwice, () => duplicate(`${at}.name`, name)),
    ];
  });
}

function nameProblems(name: string, field: string): readonly Problem[] {
  if (name === '') return [required(field)];
  return dnsLabelProblems(name).map((text) => invalid(field, name, text));
}

function portProblems(
  { containerPort, protocol = 'TCP' }: Partial<NonNullable<Container['ports']>[number]>,
  field: string,
): readonly Problem[] {
  const at = `${field}.containerPort`;
  const number = containerPort ?? 0;
  return [
    ...when(number === 0, () => required(at)),
    ...when(number < 0 || number > 65_535, () =>
      invalid(at, number, 'must be between 1 and 65535, inclusive'),
    ),
    ...when(protocol !== '' && !PROTOCOLS.includes(protocol), () =>
      unsupported(`${field}.protocol`, protocol, PROTOCOLS),
    ),
  ];
}
