// Users of a Rollout lose no request while it is promoted or aborted, however late the mesh learns of what changes:
// real requests through the sandbox's mesh, on the virtual clock.
import { describe, expect, it } from 'vitest';
import type { KubeObject } from '../../src/api/object.ts';
import { type Counts, startUsers } from '../../src/cli/story/users.ts';
import { isHealthy, isPaused, service, type Web, withWeb } from '../scenarios/web.ts';
import { BLUE_GREEN, HOST, type Kind, PING_PONG, SUBSET } from './kinds.ts';

const IMAGE = 'ghcr.io/ssup2/mock-go-server';
/** As many as are promised when SLIPWAY_TEST_ALL is set, as in .ci/run; else fewer, which takes seconds. */
const PER_SECOND = (process.env['SLIPWAY_TEST_ALL'] ?? '') === '' ? 40 : 500;

const ENDINGS = {
  'a promotion': { command: ['promote', 'web'], isPromoted: true },
  'a full promotion': { command: ['promote', 'web', '--full'], isPromoted: true },
  'an abort': { command: ['abort', 'web'], isPromoted: false },
} as const;

interface Tried {
  readonly kind: Kind;
  readonly lagMs: number;
  readonly delayMs: number;
  readonly ending: keyof typeof ENDINGS;
}

/** What users saw from before the update until long after its end. */
async function seenBy({ kind, lagMs, delayMs, ending }: Tried): Promise<Counts> {
  const { strategy, objects, entries = ['web'] } = kind;
  let seen: Counts = { requests: 0, failed: 0 };
  const options = {
    strategy,
    objects: isWebThere(objects) ? objects : [service('web'), ...objects],
    replicas: 4,
    image: `${IMAGE}:1.0.0`,
    propagationDelayMs: delayMs,
    meshLagMs: lagMs,
  };
  await withWeb(options, async (web) => {
    await web.until('healthy', isHealthy);
    await web.seconds(lagMs / 1000 + 1);
    const users = startUsers({
      clock: web.cluster.clock,
      mesh: web.cluster.sandbox.mesh.send,
      host: entries[0] ?? '',
      path: '/status/200',
      perSecond: PER_SECOND,
    });
    await web.seconds(1);
    await updatedTo(web, '2.0.0');
    const { command, isPromoted } = ENDINGS[ending];
    await web.run(...command);
    await web.seconds(45 + (3 * delayMs) / 1000);
    const { status } = await web.rollout();
    expect(status?.phase).toBe(isPromoted ? 'Healthy' : 'Degraded');
    const stop = users.stop();
    await web.seconds(1);
    await stop;
    expect([...users.byVersion.keys()]).toContain(isPromoted ? '2.0.0' : '1.0.0');
    seen = { ...users.counts };
  });
  return seen;
}

/** Users need a name that resolves, whatever the route behind it goes to. */
function isWebThere(objects: readonly KubeObject[]): boolean {
  return objects.some(({ kind, metadata }) => kind === 'Service' && metadata.name === 'web');
}

async function updatedTo(web: Web, tag: string): Promise<void> {
  await web.setImage(`${IMAGE}:${tag}`);
  await web.until('paused', isPaused);
  await web.seconds(1);
}

const ROWS = [HOST, SUBSET, BLUE_GREEN, PING_PONG].flatMap((kind) =>
  [0, 2000, 10_000].flatMap((lagMs) =>
    (Object.keys(ENDINGS) as (keyof typeof ENDINGS)[]).map((ending) => ({
      kind,
      lagMs,
      delayMs: lagMs,
      ending,
      title: `${kind.name}, ${ending}, ${lagMs / 1000} s`,
    })),
  ),
);

describe(`users who send ${PER_SECOND} requests a second lose none`, () => {
  it.each(ROWS)('$title', async (row) => {
    const { requests, failed } = await seenBy(row);
    expect(requests).toBeGreaterThan(40 * PER_SECOND);
    expect(failed).toBe(0);
  });
});

it('a mesh that is late costs requests when the controller does not wait for it', async () => {
  const lost = await Promise.all(
    [HOST, SUBSET, BLUE_GREEN].map((kind) =>
      seenBy({ kind, lagMs: 10_000, delayMs: 0, ending: 'a full promotion' }),
    ),
  );
  expect(lost.reduce((sum, { failed }) => sum + failed, 0)).toBeGreaterThan(0);
});
