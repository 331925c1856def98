// Pods as the mesh knows them: by name and by address, with what a Service's named ports mean on each.
import type { Pod } from '../../api/kubernetes.ts';
import { jsonEqual } from '../../lib/equal.ts';
import { keyOf } from './age.ts';
import type { EndpointPod } from './plan.ts';

export interface MeshPod extends EndpointPod {
  readonly address: string | undefined;
  readonly namedPorts: Readonly<Record<string, number>>;
}

export class Pods {
  readonly #byKey = new Map<string, MeshPod>();
  readonly #byAddress = new Map<string, MeshPod>();

  /** Gives whether anything that the mesh looks at is other than before. */
  put(pod: Pod): boolean {
    const key = keyOf(pod);
    const before = this.#byKey.get(key);
    const after = meshPodOf(pod);
    if (jsonEqual(before, after)) return false;
    this.#forget(before);
    this.#byKey.set(key, after);
    if (after.address !== undefined) this.#byAddress.set(after.address, after);
    return true;
  }

  remove(pod: Pod): boolean {
    const before = this.#byKey.get(keyOf(pod));
    this.#forget(before);
    return this.#byKey.delete(keyOf(pod));
  }

  get(namespace: string, name: string): MeshPod | undefined {
    return this.#byKey.get(`${namespace}/${name}`);
  }

  at(address: string): MeshPod | undefined {
    return this.#byAddress.get(address);
  }

  /** An address may have gone to another pod already. */
  #forget(pod: MeshPod | undefined): void {
    if (pod?.address !== undefined && this.#byAddress.get(pod.address) === pod) {
      this.#byAddress.delete(pod.address);
    }
  }
}

function meshPodOf({ metadata, spec, status }: Pod): MeshPod {
  const owner = metadata.ownerReferences?.find(({ controller }) => controller === true);
  const ports = (spec.containers ?? []).flatMap((container) => container.ports ?? []);
  return {
    namespace: metadata.namespace ?? '',
    name: metadata.name,
    labels: metadata.labels ?? {},
    address: status?.podIP,
    namedPorts: Object.fromEntries(
      ports.flatMap(({ name, containerPort }) =>
        name === undefined ? [] : [[name, containerPort] as const],
      ),
    ),
    ...(owner === undefined ? {} : { owner: { kind: owner.kind, name: owner.name } }),
  };
}
