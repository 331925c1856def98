// Metadata of roles (rollout.md 8.5): at rest every pod has that of the role of its set, and nothing of another's; and so
// after a controller that was stopped after any of its writes.
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { checkSettled } from './at-rest.ts';
import { checkRoles } from './roles.ts';
import { holds, PATIENCE_MS } from './runs.ts';
import { withRoles } from './stories.ts';
import { play } from './story.ts';
import { sceneOf } from './traffic-safety.ts';

const STORIES = withRoles('pods', 'hosts', 'switch');

it(
  'at rest every pod has the metadata of the role of its set, and what its user gave it',
  async () => {
    await holds(
      fc.asyncProperty(STORIES, async (story) => {
        await play(story, {
          atRest: (stand) => {
            checkSettled(stand);
            checkRoles(stand);
          },
        });
      }),
      12,
    );
  },
  PATIENCE_MS,
);

it('a pod that is made of the old template after the new one was written has the new metadata too', async () => {
  const roles = { forStable: { labels: { role: 'first' } } };
  const changed = { forStable: { labels: { role: 'second' } } };
  await play(
    {
      setup: { traffic: 'pods', steps: [], background: 'none', strategy: {}, spec: {}, roles },
      turns: [
        { act: { kind: 'scale', replicas: 4 }, after: 1 },
        { act: { kind: 'roles', roles: changed }, after: 'rest' },
      ],
    },
    { atRest: checkRoles },
  );
});

it('a set that stands in for a lost workload gives the template as its user wrote it', async () => {
  const stand = await play({
    setup: {
      traffic: 'hosts',
      workload: 'never',
      steps: [{ kind: 'pause' }],
      background: 'none',
      strategy: { antiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: {} } },
      spec: {},
      roles: { forNew: { labels: { role: 'new' } }, forStable: { labels: { role: 'stable' } } },
    },
    turns: [
      { act: { kind: 'image', version: 2 }, after: 'rest' },
      { act: { kind: 'delete', what: 'workload' }, after: 'rest' },
      { act: { kind: 'abort' }, after: 'rest' },
    ],
  });
  const { rollout, sets } = sceneOf(stand.store);
  expect(rollout?.status?.phase).toBe('Degraded');
  expect(sets).toHaveLength(2);
});

it(
  'a controller that dies amid it is followed by one that ends it',
  async () => {
    await holds(
      fc.asyncProperty(
        STORIES,
        fc.array(fc.nat({ max: 9 }), { minLength: 1 }),
        async (story, dies) => {
          await play(story, {
            before: (stand, _turn, index) => stand.crashAfter(dies[index % dies.length] ?? 0),
            atRest: checkRoles,
          });
        },
      ),
      12,
    );
  },
  PATIENCE_MS,
);
