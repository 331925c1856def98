// Stories that scenarios tell on the sandbox, on a real API server with its own controllers, in real time.
import { describe, it } from 'vitest';
import type { ReplicaSet, Service } from '../../src/api/kubernetes.ts';
import type { KubeObject, ResourceType } from '../../src/api/object.ts';
import { EVENTS, REPLICA_SETS, ROLLOUTS, SERVICES } from '../../src/api/resources.ts';
import type { Rollout } from '../../src/api/rollout.ts';
import { STORIES } from '../scenarios/anywhere.ts';
import type { Story } from '../scenarios/anywhere/told.ts';
import {
  manifest,
  ofRollouts,
  servedBy,
  service,
  sizesOf,
  type Told,
  type WebAnywhere,
} from '../scenarios/web.ts';
import { turn } from './machine-time.ts';
import { type Real, withReal } from './real.ts';

async function withRealWeb(story: Story): Promise<void> {
  const { options } = story;
  await turn();
  await withReal({ name: 'web' }, async (real) => {
    const objects = [service('web-active'), service('web-preview'), ...(options.objects ?? [])];
    for (const object of objects) await real.post(object);
    await real.post(manifest(options));
    await story.tell(webOn(real));
  });
}

function webOn(real: Real): WebAnywhere {
  const { client, namespace } = real;
  const ref = { resource: ROLLOUTS, namespace, name: 'web' };
  const rollout = () => client.get<Rollout>(ref);
  const all = async <T extends KubeObject>(resource: ResourceType) =>
    (await client.listAll<T>(resource, { namespace })).items;
  const sets = async () => ofRollouts(await all<ReplicaSet>(REPLICA_SETS));
  const run = async (...words: string[]) => {
    const { code, err } = await real.plugin(...words);
    if (code !== 0) throw new Error(err);
  };
  return {
    client,
    namespace,
    run,
    rollout,
    patch: async (body) => {
      await client.patch(ref, { type: 'merge', body });
    },
    setImage: (image) => run('set', 'image', 'web', `app=${image}`),
    until: (what, holds) => real.until(what, async () => holds(await rollout())),
    eventually: (what, holds) => real.until(what, holds),
    served: async (name) =>
      servedBy(await client.get<Service>({ resource: SERVICES, namespace, name }), await sets()),
    sizes: async () => sizesOf(await sets()),
    told: async (reason) =>
      (await all<Told>(EVENTS))
        .filter((event) => event.reason === reason)
        .map(({ message = '' }) => message),
  };
}

describe.concurrent('on a real API server', () => {
  it.each(STORIES)('$name', (story) => withRealWeb(story));
});
