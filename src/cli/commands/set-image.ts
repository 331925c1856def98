// `set image` (cli.md 2.2).
import type { KubeObject } from '../../api/object.ts';
import { DEPLOYMENTS, ROLLOUTS } from '../../api/resources.ts';
import type { Rollout } from '../../api/rollout.ts';
import type { KubeClient } from '../../kube/client.ts';
import { ApiError } from '../../kube/errors.ts';
import { CommandError, type Leaf, UsageError } from '../command.ts';

const TRIES = 5;

interface WithPods extends KubeObject {
  readonly spec: {
    readonly template?: { readonly spec?: Readonly<Record<string, unknown>> };
  };
}

interface Named {
  readonly name?: string;
  readonly image?: string;
}

/** The object with that image in every container of that name (`*`: in all). */
export function withImage<T extends WithPods>(object: T, container: string, image: string): T {
  let found = false;
  const pods = object.spec.template?.spec ?? {};
  const changed = Object.fromEntries(
    (['initContainers', 'containers', 'ephemeralContainers'] as const).flatMap((list) => {
      const containers = pods[list];
      if (!Array.isArray(containers)) return [];
      const items: readonly Named[] = containers;
      const next = items.map((item) => {
        if (container !== '*' && item.name !== container) return item;
        found = true;
        return { ...item, image };
      });
      return [[list, next] as const];
    }),
  );
  if (!found) throw new CommandError(`unable to find container named "${container}"`);
  const template = { ...object.spec.template, spec: { ...pods, ...changed } };
  return { ...object, spec: { ...object.spec, template } };
}

export const SET_IMAGE: Leaf = {
  kind: 'leaf',
  name: 'image',
  args: 'ROLLOUT_NAME CONTAINER=IMAGE',
  minArgs: 2,
  maxArgs: 2,
  short: 'Update the image of a rollout',
  example:
    '# Set rollout image (containers contains image)\n' +
    'kubectl argo rollouts set image my-rollout www=image:v2',
  flags: [],
  completes: 'rollouts',
  run: async ({ connect, terminal }, [name = '', assignment = '']) => {
    const [container = '', image = '', ...more] = assignment.split('=');
    if (more.length > 0 || image === '') throw new UsageError();
    const { client, namespace } = await connect();
    for (let attempt = 1; ; attempt += 1) {
      try {
        const updated = await update(client, { namespace, name }, { container, image });
        terminal.out(`${updated} image updated\n`);
        return 0;
      } catch (error) {
        const isConflict = error instanceof ApiError && error.reason === 'Conflict';
        if (!isConflict || attempt >= TRIES) throw error;
      }
    }
  },
};

/** Reads, changes and writes the Rollout, or the workload that it refers to; gives what was written. */
async function update(
  client: KubeClient,
  place: { readonly namespace: string; readonly name: string },
  { container, image }: { readonly container: string; readonly image: string },
): Promise<string> {
  const own = { resource: ROLLOUTS, ...place };
  const rollout = await client.get<Rollout & WithPods>(own);
  const workload = rollout.spec.workloadRef?.name;
  if (workload === undefined) {
    await client.update(own, withImage(rollout, container, image));
    return `rollout "${place.name}"`;
  }
  const ref = { resource: DEPLOYMENTS, namespace: place.namespace, name: workload };
  await client.update(ref, withImage(await client.get<WithPods>(ref), container, image));
  return `deployment "${workload}"`;
}
