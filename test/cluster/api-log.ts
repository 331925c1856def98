// What the API server holds of some kinds, change by change, as its watches tell it: what the checkers of
// test/sim/checkers read of the sandbox. One etcd numbers the changes of all kinds, so that their revisions order what
// different watches tell. Entry point: `startLog`.
import type { KubeObject, ResourceType } from '../../src/api/object.ts';
import { systemClock } from '../../src/host/clock.ts';
import type { KubeClient } from '../../src/kube/client.ts';
import { cancellation } from '../../src/lib/clock.ts';
import { type ChangeType, storeKey } from '../../src/sandbox/apiserver/store.ts';
import { until } from './real.ts';

/** One change of one object, as its watch tells it. */
export interface Logged {
  /** Group and plural. */
  readonly key: string;
  readonly type: ChangeType;
  readonly object: KubeObject;
  readonly revision: number;
  /** When it was told, in milliseconds since 1970. */
  readonly at: number;
}

export interface ApiLog {
  /** What has been told of the namespace so far, in order. */
  of(namespace: string): readonly Logged[];
  /** Resolves when everything has been told that the namespace holds; throws if something was missed. */
  complete(namespace: string): Promise<void>;
  stop(): Promise<void>;
}

export function revisionOf({ metadata }: KubeObject): number {
  return Number(metadata.resourceVersion);
}

/** Resolves when every change from now on will be told. */
export async function startLog(
  client: KubeClient,
  resources: readonly ResourceType[],
): Promise<ApiLog> {
  const told = new Map<string, Logged[]>();
  const stop = cancellation();
  const problems: Error[] = [];
  const hear = (logged: Logged): void => {
    const { namespace = '' } = logged.object.metadata;
    const known = told.get(namespace);
    if (known === undefined) told.set(namespace, [logged]);
    else known.push(logged);
  };
  const starts = await Promise.all(
    resources.map((resource) => client.list(resource, { limit: 1 })),
  );
  const follow = async (resource: ResourceType, start: string): Promise<void> => {
    const key = storeKey(resource);
    let version = start;
    while (!stop.cancel.cancelled) {
      const events = client.watch(resource, { resourceVersion: version, cancel: stop.cancel });
      for await (const event of events) {
        if (event.type === 'BOOKMARK') {
          version = event.resourceVersion;
          continue;
        }
        const { type, object } = event;
        version = object.metadata.resourceVersion ?? version;
        hear({ key, type, object, revision: revisionOf(object), at: systemClock.now() });
      }
    }
  };
  const following = resources.map((resource, index) =>
    follow(resource, starts[index]?.resourceVersion ?? '').catch((error: unknown) => {
      if (!stop.cancel.cancelled) problems.push(error as Error);
    }),
  );
  const of = (namespace: string) =>
    (told.get(namespace) ?? []).toSorted((a, b) => a.revision - b.revision);
  return {
    of,
    complete: async (namespace) => {
      for (const resource of resources) {
        const { items } = await client.listAll(resource, { namespace });
        await until(`every change of ${resource.plural} in ${namespace} is told`, () => {
          const [problem] = problems;
          if (problem !== undefined) throw problem;
          return Promise.resolve(hasAll(of(namespace), storeKey(resource), items));
        });
      }
    },
    stop: async () => {
      stop.now();
      await Promise.all(following);
    },
  };
}

function hasAll(changes: readonly Logged[], key: string, items: readonly KubeObject[]): boolean {
  return items.every((item) =>
    changes.some(
      (change) =>
        change.key === key &&
        change.object.metadata.uid === item.metadata.uid &&
        change.revision >= revisionOf(item),
    ),
  );
}
