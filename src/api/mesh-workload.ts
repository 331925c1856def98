// The workload that a pod belongs to in a mesh's metrics (traffic.md 5.3).

export interface MeshPod {
  readonly owner?: { readonly kind: string; readonly name: string };
  readonly podName: string;
  readonly labels: Readonly<Record<string, string>>;
}

/** Name of the workload: a label decides, then the owner; of a Deployment's set the hash is cut off. */
export function workloadName({ owner, podName, labels }: MeshPod): string {
  const named = labels['service.istio.io/workload-name'];
  if (named !== undefined) return named;
  if (owner === undefined) return podName;
  if (owner.kind !== 'ReplicaSet') return owner.name;
  const hash = labels['pod-template-hash'];
  return hash !== undefined && owner.name.endsWith(`-${hash}`)
    ? owner.name.slice(0, -hash.length - 1)
    : owner.name;
}
