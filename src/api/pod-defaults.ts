// The defaults that a kube-apiserver gives to a pod template of its own kinds (rollout.md 2.5). A Rollout's template is
// compared with them filled in, and the sandbox's API server fills them in.

type JsonRecord = Readonly<Record<string, unknown>>;

function isRecord(value: unknown): value is JsonRecord {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function record(value: unknown): JsonRecord {
  return isRecord(value) ? value : {};
}

/** `defaults` under what is there; members that are null count as absent. */
function filled(value: unknown, defaults: JsonRecord): JsonRecord {
  const given = Object.entries(record(value)).filter(([, member]) => member !== null);
  return { ...defaults, ...Object.fromEntries(given) };
}

function mapped(value: unknown, change: (item: unknown) => unknown): unknown {
  return Array.isArray(value) ? value.map(change) : value;
}

/** The object with `change` applied to its member `key`, if it is there. */
function within(value: JsonRecord, key: string, change: (member: unknown) => unknown): JsonRecord {
  const member = value[key];
  return member === undefined || member === null ? value : { ...value, [key]: change(member) };
}

function pullPolicy(image: unknown): string {
  const name = typeof image === 'string' ? image : '';
  if (name.includes('@')) return 'IfNotPresent';
  const tag = /:([^/:]+)$/.exec(name)?.[1];
  return tag === undefined || tag === 'latest' ? 'Always' : 'IfNotPresent';
}

function probe(value: unknown): JsonRecord {
  const timed = filled(value, {
    timeoutSeconds: 1,
    periodSeconds: 10,
    successThreshold: 1,
    failureThreshold: 3,
  });
  const http = within(timed, 'httpGet', httpGet);
  return within(http, 'grpc', (grpc) => filled(grpc, { service: '' }));
}

function httpGet(value: unknown): JsonRecord {
  return filled(value, { path: '/', scheme: 'HTTP' });
}

function lifecycle(value: unknown): JsonRecord {
  const hook = (handler: unknown) => within(record(handler), 'httpGet', httpGet);
  return within(within(record(value), 'postStart', hook), 'preStop', hook);
}

function environment(value: unknown): JsonRecord {
  return within(record(value), 'valueFrom', (source) =>
    within(record(source), 'fieldRef', (field) => filled(field, { apiVersion: 'v1' })),
  );
}

/** Requests follow limits where they are not given. */
function resources(value: unknown): JsonRecord {
  const given = record(value);
  if (!isRecord(given['limits'])) return given;
  return { ...given, requests: { ...given['limits'], ...record(given['requests']) } };
}

function container(value: unknown): JsonRecord {
  const base = filled(value, {
    resources: {},
    terminationMessagePath: '/dev/termination-log',
    terminationMessagePolicy: 'File',
    imagePullPolicy: pullPolicy(record(value)['image']),
  });
  const probes = ['livenessProbe', 'readinessProbe', 'startupProbe'];
  const probed = probes.reduce((result, key) => within(result, key, probe), base);
  return [
    ['ports', (ports: unknown) => mapped(ports, (port) => filled(port, { protocol: 'TCP' }))],
    ['env', (env: unknown) => mapped(env, environment)],
    ['lifecycle', lifecycle],
    ['resources', resources],
  ].reduce<JsonRecord>((result, [key, change]) => {
    return typeof key === 'string' && typeof change === 'function'
      ? within(result, key, change)
      : result;
  }, probed);
}

const DEFAULT_MODE = { defaultMode: 420 };

function volume(value: unknown): JsonRecord {
  const given = record(value);
  if (Object.keys(given).every((key) => key === 'name')) return { ...given, emptyDir: {} };
  const sources: readonly (readonly [string, JsonRecord])[] = [
    ['secret', DEFAULT_MODE],
    ['configMap', DEFAULT_MODE],
    ['downwardAPI', DEFAULT_MODE],
    ['projected', DEFAULT_MODE],
    ['hostPath', { type: '' }],
  ];
  const defaulted = sources.reduce((result, [key, defaults]) => {
    return within(result, key, (source) => filled(source, defaults));
  }, given);
  const items = (source: unknown) =>
    within(record(source), 'items', (list) =>
      mapped(list, (item) =>
        within(record(item), 'fieldRef', (field) => filled(field, { apiVersion: 'v1' })),
      ),
    );
  const projected = within(within(defaulted, 'downwardAPI', items), 'projected', projections);
  return within(projected, 'ephemeral', claim);
}

function projections(value: unknown): JsonRecord {
  return within(record(value), 'sources', (sources) =>
    mapped(sources, (source) =>
      within(record(source), 'serviceAccountToken', (token) =>
        filled(token, { expirationSeconds: 3600 }),
      ),
    ),
  );
}

function claim(value: unknown): JsonRecord {
  return within(record(value), 'volumeClaimTemplate', (template) =>
    within(record(template), 'spec', (spec) => filled(spec, { volumeMode: 'Filesystem' })),
  );
}

/** A pod's spec with the defaults of Kubernetes 1.34. */
export function defaultPodSpec(spec: unknown): JsonRecord {
  const base = filled(spec, {
    restartPolicy: 'Always',
    terminationGracePeriodSeconds: 30,
    dnsPolicy: 'ClusterFirst',
    securityContext: {},
    schedulerName: 'default-scheduler',
  });
  const lists = ['containers', 'initContainers', 'ephemeralContainers'];
  const contained = lists.reduce((result, key) => {
    return within(result, key, (items) => mapped(items, container));
  }, base);
  const withVolumes = within(contained, 'volumes', (items) => mapped(items, volume));
  return aliased(withVolumes);
}

/** `serviceAccount` is the old name of `serviceAccountName`: both are kept alike. */
function aliased(spec: JsonRecord): JsonRecord {
  const name = spec['serviceAccountName'] ?? spec['serviceAccount'];
  return name === undefined || name === ''
    ? spec
    : { ...spec, serviceAccountName: name, serviceAccount: name };
}

/** A pod template with the defaults of Kubernetes 1.34; members it does not know are kept. */
export function defaultPodTemplate(template: unknown): JsonRecord {
  const given = record(template);
  return { ...given, spec: defaultPodSpec(given['spec']) };
}
