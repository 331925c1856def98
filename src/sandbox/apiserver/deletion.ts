// Deleting: finalizers, grace periods, and what belongs to a deleted owner
// (https://kubernetes.io/docs/concepts/architecture/garbage-collection/). Entry point: `Deleter.delete`.
import type { KubeObject } from '../../api/object.ts';
import { CRDS, NAMESPACES } from '../../api/resources.ts';
import type { Clock } from '../../lib/ports.ts';
import { formatInstant, later, milliseconds, seconds } from '../../lib/time.ts';
import type { CrdObject, Registry } from './registry.ts';
import { type Store, storeKey } from './store.ts';

export interface Deletion {
  readonly propagation: 'Background' | 'Foreground' | 'Orphan';
  /** Undefined: the object's own. */
  readonly graceSeconds: number | undefined;
}

const FOREGROUND = 'foregroundDeletion';
const ORPHAN = 'orphan';
const NAMESPACE_KEY = storeKey(NAMESPACES);
const CRD_KEY = storeKey(CRDS);
/** Holds the definition of a kind until its objects have gone. */
const CLEANUP = 'customresourcecleanup.apiextensions.k8s.io';

function definedKey(object: KubeObject): string {
  const { group, names } = (object as CrdObject).spec;
  return storeKey({ group, plural: names.plural });
}

export class Deleter {
  readonly #store: Store;
  readonly #registry: Registry;
  readonly #clock: Clock;

  constructor(store: Store, registry: Registry, clock: Clock) {
    this.#store = store;
    this.#registry = registry;
    this.#clock = clock;
    store.observe((key, { type, object }) => {
      if (type === 'DELETED') this.#afterRemoval(key, object);
      else this.#afterWrite(key, object);
    });
  }

  /** Removes it, or marks it for removal; gives the object as it is then. */
  delete(key: string, object: KubeObject, { propagation, graceSeconds }: Deletion): KubeObject {
    const { uid = '', deletionTimestamp } = object.metadata;
    if (key === NAMESPACE_KEY) return this.#terminateNamespace(object);
    if (key === CRD_KEY && deletionTimestamp === undefined) return this.#withdrawKind(object);
    if (propagation === 'Orphan') return this.#deleteAlone(key, object, graceSeconds);
    const holds = propagation === 'Foreground' && deletionTimestamp === undefined;
    const held = holds ? this.#held(object, uid) : object;
    const grace = this.#graceOf(key, held, graceSeconds);
    const isHeld = (held.metadata.finalizers ?? []).length > 0;
    if (grace === 0 && !isHeld) {
      this.#store.remove(key, held);
      return held;
    }
    const marked = this.#marked(key, held, grace);
    if (propagation === 'Foreground') this.#deleteDependents(uid, 'Foreground');
    return marked;
  }

  /** Marked before its dependents are let go, so that nobody takes them back in its name. */
  #deleteAlone(key: string, object: KubeObject, graceSeconds: number | undefined): KubeObject {
    const { uid = '', finalizers = [] } = object.metadata;
    const metadata = { ...object.metadata, finalizers: [...finalizers, ORPHAN] };
    const marked = this.#marked(key, { ...object, metadata }, 0);
    this.#orphan(uid);
    const freed = { ...marked, metadata: { ...marked.metadata, finalizers } };
    this.#store.put(key, freed);
    return this.delete(key, freed, { propagation: 'Background', graceSeconds });
  }

  /** With dependents that must go first, the owner waits for them. */
  #held(object: KubeObject, uid: string): KubeObject {
    const finalizers = object.metadata.finalizers ?? [];
    if (this.#store.dependents(uid).length === 0 || finalizers.includes(FOREGROUND)) return object;
    return { ...object, metadata: { ...object.metadata, finalizers: [...finalizers, FOREGROUND] } };
  }

  #graceOf(key: string, object: KubeObject, wanted: number | undefined): number {
    if (this.#registry.byKey(key)?.isGraceful !== true) return 0;
    const { spec, status } = object as KubeObject & {
      readonly spec?: {
        readonly terminationGracePeriodSeconds?: number;
        readonly nodeName?: string;
      };
      readonly status?: { readonly phase?: string };
    };
    // What never ran has nothing to wind up.
    const isOver = status?.phase === 'Succeeded' || status?.phase === 'Failed';
    if (spec?.nodeName === undefined || isOver) return 0;
    return wanted ?? spec.terminationGracePeriodSeconds ?? 30;
  }

  #marked(key: string, object: KubeObject, grace: number): KubeObject {
    const { deletionTimestamp, deletionGracePeriodSeconds = 0 } = object.metadata;
    if (deletionTimestamp !== undefined && deletionGracePeriodSeconds <= grace) return object;
    const at = formatInstant(later(this.#clock.now(), seconds(grace)));
    const metadata = {
      ...object.metadata,
      deletionTimestamp: at,
      deletionGracePeriodSeconds: grace,
    };
    return this.#store.put(key, { ...object, metadata });
  }

  #orphan(uid: string): void {
    for (const [key, dependent] of this.#store.dependents(uid)) {
      const owners = (dependent.metadata.ownerReferences ?? []).filter((one) => one.uid !== uid);
      const { ownerReferences: _before, ...metadata } = dependent.metadata;
      const next = owners.length === 0 ? metadata : { ...metadata, ownerReferences: owners };
      this.#store.put(key, { ...dependent, metadata: next });
    }
  }

  #deleteDependents(uid: string, propagation: Deletion['propagation']): void {
    for (const [key, dependent] of this.#store.dependents(uid)) {
      const owners = dependent.metadata.ownerReferences ?? [];
      const hasOther = owners.some((one) => one.uid !== uid && this.#store.hasUid(one.uid));
      if (hasOther || dependent.metadata.deletionTimestamp !== undefined) continue;
      this.delete(key, dependent, { propagation, graceSeconds: undefined });
    }
  }

  /** Dependents of what has gone; owners and namespaces that waited for it. */
  #afterRemoval(key: string, { metadata }: KubeObject): void {
    this.#soon(() => {
      this.#releaseKind(key);
      this.#deleteDependents(metadata.uid ?? '', 'Background');
      for (const owner of metadata.ownerReferences ?? []) this.#releaseOwner(owner.uid);
      if (metadata.namespace !== undefined) this.#releaseNamespace(metadata.namespace);
    });
  }

  /** What is marked and no longer held goes; what names owners that are not there goes too. */
  #afterWrite(key: string, { metadata }: KubeObject): void {
    const { deletionTimestamp, deletionGracePeriodSeconds = 0, finalizers = [] } = metadata;
    const isDue = deletionTimestamp !== undefined && deletionGracePeriodSeconds === 0;
    if (isDue && finalizers.length === 0 && key !== NAMESPACE_KEY) {
      this.#soon(() => this.#removeIfFree(key, metadata));
    }
    const owners = metadata.ownerReferences ?? [];
    if (owners.length > 0 && owners.every((one) => this.#isLost(one.uid))) {
      this.#soon(() => this.#collect(key, metadata));
    }
  }

  /** Gone, or going once its dependents have: what comes to it late would hold it for ever. */
  #isLost(owner: string): boolean {
    const [, object] = this.#store.byUid(owner) ?? [];
    return object === undefined || (object.metadata.finalizers ?? []).includes(FOREGROUND);
  }

  #collect(key: string, { namespace, name, uid }: KubeObject['metadata']): void {
    const object = this.#store.get(key, namespace, name);
    if (object?.metadata.uid !== uid || object === undefined) return;
    const owners = object.metadata.ownerReferences ?? [];
    if (owners.length === 0 || !owners.every((one) => this.#isLost(one.uid))) return;
    if (object.metadata.deletionTimestamp !== undefined) return;
    this.delete(key, object, { propagation: 'Background', graceSeconds: undefined });
  }

  #removeIfFree(key: string, { namespace, name, uid }: KubeObject['metadata']): void {
    const object = this.#store.get(key, namespace, name);
    const isSame = object !== undefined && object.metadata.uid === uid;
    if (isSame && (object.metadata.finalizers ?? []).length === 0) this.#store.remove(key, object);
  }

  #releaseOwner(uid: string): void {
    if (this.#store.dependents(uid).length > 0) return;
    const [key = '', owner] = this.#store.byUid(uid) ?? [];
    const finalizers = owner?.metadata.finalizers ?? [];
    if (owner === undefined || !finalizers.includes(FOREGROUND)) return;
    const rest = finalizers.filter((one) => one !== FOREGROUND);
    this.#store.put(key, { ...owner, metadata: { ...owner.metadata, finalizers: rest } });
  }

  /** The objects of a kind go before its definition. */
  #withdrawKind(object: KubeObject): KubeObject {
    const key = definedKey(object);
    const finalizers = [...(object.metadata.finalizers ?? []), CLEANUP];
    const held = { ...object, metadata: { ...object.metadata, finalizers } };
    const marked = this.#marked(CRD_KEY, held, 0);
    this.#soon(() => {
      for (const one of this.#store.list(key)) {
        this.delete(key, one, { propagation: 'Background', graceSeconds: undefined });
      }
      this.#releaseKind(key);
    });
    return marked;
  }

  #releaseKind(key: string): void {
    const [group = '', plural = ''] = key.split('/');
    const object = this.#store.get(CRD_KEY, undefined, `${plural}.${group}`);
    const finalizers = object?.metadata.finalizers ?? [];
    if (object === undefined || !finalizers.includes(CLEANUP)) return;
    if (this.#store.list(key).length > 0) return;
    const rest = finalizers.filter((one) => one !== CLEANUP);
    this.#store.put(CRD_KEY, { ...object, metadata: { ...object.metadata, finalizers: rest } });
  }

  #terminateNamespace(object: KubeObject): KubeObject {
    const { name } = object.metadata;
    const marked = this.#store.put(NAMESPACE_KEY, {
      ...object,
      metadata: { ...object.metadata, deletionTimestamp: formatInstant(this.#clock.now()) },
      status: { phase: 'Terminating' },
    } as KubeObject);
    this.#soon(() => {
      for (const key of this.#store.keys()) {
        if (this.#registry.byKey(key)?.resource.namespaced !== true) continue;
        for (const content of this.#store.list(key, name)) {
          this.delete(key, content, { propagation: 'Background', graceSeconds: undefined });
        }
      }
      this.#releaseNamespace(name);
    });
    return marked;
  }

  #releaseNamespace(name: string): void {
    const object = this.#store.get(NAMESPACE_KEY, undefined, name);
    if (object?.metadata.deletionTimestamp === undefined) return;
    const isEmpty = this.#store.keys().every((key) => {
      const isNamespaced = this.#registry.byKey(key)?.resource.namespaced === true;
      return !isNamespaced || this.#store.list(key, name).length === 0;
    });
    if (isEmpty) this.#store.remove(NAMESPACE_KEY, object);
  }

  /** After the write that is under way has been told to everybody. */
  #soon(run: () => void): void {
    this.#clock.at(later(this.#clock.now(), milliseconds(0)), run);
  }
}
