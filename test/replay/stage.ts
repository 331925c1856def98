// Where a trace is played: the sandbox on the virtual clock, or a real API server in real time (test/cluster/stage.ts).
import type { KubeObject } from '../../src/api/object.ts';
import type { KubeClient } from '../../src/kube/client.ts';
import type { Clock, Transport } from '../../src/lib/ports.ts';
import type { Cluster } from '../support/cluster.ts';

/** One change of an object, as the API server counts them. */
export interface Revision {
  /** Group and plural: `apps/replicasets`. */
  readonly key: string;
  readonly number: number;
  /** As it is now; as it was when it went. */
  readonly object: KubeObject;
  readonly isGone: boolean;
}

/** Objects of a namespace. */
export interface View {
  /** By name; the key is group and plural. */
  list(key: string): readonly KubeObject[];
}

export interface Stage extends View {
  readonly namespace: string;
  readonly client: KubeClient;
  /** What the command line talks to. */
  readonly api: Transport;
  readonly clock: Clock;
  /** Calls back for every change that is seen from now on: in order for one kind, of others perhaps later. */
  observe(see: (revision: Revision) => void): void;
  /** Lets time pass. */
  advance(ms: number): Promise<void>;
  /** Resolves when everything has been seen that the server has now. */
  caughtUp(): Promise<void>;
  /** Ends the controller; all of its events are then seen. */
  end(): Promise<void>;
}

/** A namespace of a sandbox: every change is seen at once. */
export function sandboxStage(cluster: Cluster, namespace: string): Stage {
  const { client, clock, sandbox } = cluster;
  const { store, api } = sandbox;
  return {
    namespace,
    client,
    api,
    clock,
    list: (key) => store.list(key, namespace),
    observe: (see) => {
      store.observe((key, { object, revision, type }) => {
        if (object.metadata.namespace !== namespace) return;
        see({ key, number: revision, object, isGone: type === 'DELETED' });
      });
    },
    advance: (ms) => cluster.advance(ms),
    caughtUp: () => Promise.resolve(),
    end: () => Promise.resolve(),
  };
}

/** What there was after each of the changes, in the order of the server: calls back with each. */
export function replay(
  revisions: readonly Revision[],
  see: (view: View, revision: Revision) => void,
): void {
  const objects = new Map<string, Map<string, KubeObject>>();
  const view: View = {
    list: (key) =>
      [...(objects.get(key)?.values() ?? [])].toSorted((a, b) =>
        a.metadata.name < b.metadata.name ? -1 : 1,
      ),
  };
  for (const revision of revisions.toSorted((a, b) => a.number - b.number)) {
    const { key, object, isGone } = revision;
    const kind = objects.get(key) ?? new Map<string, KubeObject>();
    objects.set(key, kind);
    if (isGone) kind.delete(object.metadata.name);
    else kind.set(object.metadata.name, object);
    see(view, revision);
  }
}
