// Names in Istio's configuration: VirtualService references and destination hosts (traffic.md 2.2).

export interface VirtualServiceName {
  /** Empty: the Rollout's own. */
  readonly namespace: string;
  readonly name: string;
}

/** `NAME` or `NAME.NAMESPACE`, with or without the cluster's domain behind it. */
export function parseVirtualServiceName(reference: string): VirtualServiceName {
  if (!reference.includes('.')) return { namespace: '', name: reference };
  const bare = reference.replace(/(\.svc)?\.cluster\.local$/, '');
  const dot = bare.lastIndexOf('.');
  if (dot < 0) return { namespace: '', name: bare };
  return { namespace: bare.slice(dot + 1), name: bare.slice(0, dot) };
}

/** The text before the first dot: what is compared with Service names. */
export function hostLabel(host: string): string {
  const dot = host.indexOf('.');
  return dot < 0 ? host : host.slice(0, dot);
}
