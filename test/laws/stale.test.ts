// Law 6: stale-safe. Every write carries the version that it was decided on; made from an old snapshot it is refused by
// the API server if its object is another one by then, and what is accepted does not change where the story ends.
import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { KubeObject } from '../../src/api/object.ts';
import { applyWrites, writeStatus } from '../../src/controller/apply.ts';
import type { Write } from '../../src/core/decision.ts';
import { jsonEqual } from '../../src/lib/equal.ts';
import { storeKey } from '../../src/sandbox/apiserver/store.ts';
import { outcomeOf } from './ending.ts';
import { holds, PATIENCE_MS } from './runs.ts';
import { type Decided, NAMESPACE, type Stand } from './stand/stand.ts';
import { STORIES } from './stories.ts';
import { play } from './story.ts';

type Seen = Pick<KubeObject, 'metadata'>;

function storedFor({ store }: Stand, { ref }: Pick<Write, 'ref'>): Seen | undefined {
  return store.get(storeKey(ref.resource), NAMESPACE, ref.name);
}

/** That the write is bound to the object as the decision saw it. */
function unbound(stand: Stand, write: Write): readonly string[] {
  const what = `${write.kind} ${write.ref.resource.plural} ${write.ref.name}`;
  const seen = storedFor(stand, write)?.metadata;
  switch (write.kind) {
    case 'create': {
      const { name, ownerReferences = [] } = write.object.metadata;
      const isOwned = ownerReferences.some(({ controller }) => controller === true);
      return name === write.ref.name && isOwned ? [] : [`${what}: no owner or no name of its own`];
    }
    case 'patch':
      return write.resourceVersion === seen?.resourceVersion ? [] : [`${what}: no version`];
    case 'delete':
      return write.resourceVersion === seen?.resourceVersion && write.uid === seen.uid
        ? []
        : [`${what}: no version or no uid`];
    default:
      return write.uid === '' ? [`${what}: no uid`] : [];
  }
}

/**
 * Later writes of a decision to the same object follow the earlier ones: the shell binds them to what these left.
 * So only the first write to each object is bound to the snapshot.
 */
function firstWrites(writes: readonly Write[]): readonly Write[] {
  const id = ({ ref }: Write) => `${ref.resource.plural}/${ref.name}`;
  return writes.filter((write, at) => writes.findIndex((one) => id(one) === id(write)) === at);
}

it(
  'every write is bound to the object that the decision saw',
  async () => {
    await holds(
      fc.asyncProperty(STORIES, async (story) => {
        const found: string[] = [];
        const stands: Stand[] = [];
        await play(story, {
          onStart: (stand) => stands.push(stand),
          onDecision: ({ decision }) => {
            const [stand] = stands;
            if (stand === undefined) return;
            found.push(...firstWrites(decision.writes).flatMap((write) => unbound(stand, write)));
          },
        });
        expect(found).toEqual([]);
      }),
      12,
    );
  },
  PATIENCE_MS,
);

function isDoing({ object, decision }: Decided): boolean {
  const { status } = object as { readonly status?: unknown };
  return decision.writes.length > 0 || !jsonEqual(status ?? {}, decision.status);
}

/** Whether the object of the write is another one than the decision saw. */
function isOutdated(stand: Stand, write: Write): boolean {
  const stored = storedFor(stand, write)?.metadata;
  switch (write.kind) {
    case 'create':
      return stored !== undefined;
    case 'patch':
      return stored?.resourceVersion !== write.resourceVersion;
    case 'delete':
      return stored?.uid !== write.uid || stored.resourceVersion !== write.resourceVersion;
    default:
      return stored?.uid !== write.uid;
  }
}

/** Carries an old decision out, each write by itself, as a controller would that has been asleep since. */
async function replay(stand: Stand, { decision, object, resource }: Decided): Promise<void> {
  const client = stand.controllerClient;
  for (const write of firstWrites(decision.writes)) {
    const isOld = isOutdated(stand, write);
    const before = stand.store.revision;
    await applyWrites({ client, tell: () => undefined }, [write]);
    if (isOld) expect(stand.store.revision, `${write.kind} ${write.ref.name}`).toBe(before);
  }
  const { name, resourceVersion = '' } = object.metadata;
  const ref = { resource, namespace: NAMESPACE, name };
  const isOld = storedFor(stand, { ref })?.metadata.resourceVersion !== resourceVersion;
  const before = stand.store.revision;
  const { status: stored } = object as { readonly status?: unknown };
  const hasSubresource = resource.plural === 'rollouts';
  try {
    const target = { ref, resourceVersion, hasSubresource };
    await writeStatus(client, target, { before: stored, after: decision.status });
  } catch {
    expect(isOld).toBe(true);
  }
  if (isOld) expect(stand.store.revision, `the status of ${name}`).toBe(before);
}

it(
  'writes made from an old snapshot are refused, or change nothing of where the story ends',
  async () => {
    /** How many decisions that did something lie between the one that is carried out late, and now. */
    const delays = fc.array(fc.nat({ max: 30 }), { minLength: 1, maxLength: 8 });
    await holds(
      fc.asyncProperty(STORIES, delays, async ({ setup, turns }, late) => {
        const story = { setup, turns: turns.map(({ act }) => ({ act, after: 'rest' as const })) };
        const decided: Decided[] = [];
        const undisturbed = await play(story);
        const disturbed = await play(story, {
          onDecision: (one) => {
            if (isDoing(one)) decided.push(one);
          },
          before: async (stand, _turn, index) => {
            const back = (late[index % late.length] ?? 0) % decided.length;
            const old = decided.at(-1 - back);
            if (old !== undefined) await replay(stand, old);
            await stand.rest();
          },
        });
        expect(outcomeOf(disturbed)).toEqual(outcomeOf(undisturbed));
      }),
      12,
    );
  },
  PATIENCE_MS,
);
