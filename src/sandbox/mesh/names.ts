// Host names inside a cluster: short and full ones, authorities, wildcards (traffic.md 5.1).
const CLUSTER_SUFFIX = '.svc.cluster.local';

/** `shop` and `default` give `shop.default.svc.cluster.local`. */
export function serviceHost(name: string, namespace: string): string {
  return `${name}.${namespace}${CLUSTER_SUFFIX}`;
}

/**
 * A host as Istio's objects write it: one without a dot is a Service of the object's namespace; every other stands for
 * itself, so `shop.default` is not the Service (https://istio.io/latest/docs/reference/config/networking/virtual-service/).
 */
export function fullHost(host: string, namespace: string): string {
  const lower = host.toLowerCase();
  return lower === '*' || lower.includes('.') ? lower : serviceHost(lower, namespace);
}

/**
 * A host as a client in `namespace` would have it resolved: `shop`, `shop.default` and `shop.default.svc` are the
 * Service, if there is one; whether there is, is for the caller to see.
 */
export function resolvedHost(host: string, namespace: string): string {
  const lower = (host.endsWith('.') ? host.slice(0, -1) : host).toLowerCase();
  if (lower.endsWith(CLUSTER_SUFFIX)) return lower;
  const first = lower.indexOf('.');
  if (first < 0) return serviceHost(lower, namespace);
  const second = lower.indexOf('.', first + 1);
  if (second < 0) return `${lower}${CLUSTER_SUFFIX}`;
  return lower.endsWith('.svc') && lower.indexOf('.', second + 1) < 0
    ? `${lower}.cluster.local`
    : lower;
}

export interface HostAndPort {
  readonly host: string;
  readonly port: number | undefined;
}

/** Takes `host:port`, `host`, `[::1]:80` apart. */
export function splitAuthority(authority: string): HostAndPort {
  const colon = authority.lastIndexOf(':');
  if (colon < 0 || authority.endsWith(']')) return { host: authority, port: undefined };
  const port = Number(authority.slice(colon + 1));
  return Number.isInteger(port) && port > 0 && port <= 65_535
    ? { host: authority.slice(0, colon), port }
    : { host: authority, port: undefined };
}

/** The wildcards that cover a host, the most special first: `*.b.c`, `*.c`, `*`. */
export function* wildcardsOf(host: string): Generator<string> {
  for (let dot = host.indexOf('.'); dot >= 0; dot = host.indexOf('.', dot + 1)) {
    yield `*${host.slice(dot)}`;
  }
  yield '*';
}

/** Whether a pattern (a name, `*.name` or `*`) covers a host, which may be a wildcard itself. */
export function covers(pattern: string, host: string): boolean {
  if (pattern === '*' || pattern === host) return true;
  return pattern.startsWith('*.') && host.length > pattern.length - 1
    ? host.endsWith(pattern.slice(1))
    : false;
}

/** The narrower of two patterns if one covers the other; undefined if no host is in both. */
export function intersection(a: string, b: string): string | undefined {
  if (covers(a, b)) return b;
  return covers(b, a) ? a : undefined;
}
