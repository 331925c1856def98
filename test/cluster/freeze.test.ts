// A leader that is frozen past its lease on a real API server: another one goes on, and it writes nothing more when it
// wakes.
import { afterAll, beforeAll, expect, it } from 'vitest';
import { bundledProgram, type Program } from '../support/program.ts';
import { askedWith, writesIn } from './audit.ts';
import { clusterFacts } from './facts.ts';
import { createFleet, fleetOf, isFleetHealthy, updateFleet } from './fleet.ts';
import { startGate } from './gate.ts';
import { endCleanly, installForOne, lastWords, startInstalled } from './installed.ts';
import { until, withReal } from './real.ts';

let program: Program;
beforeAll(async () => {
  program = await bundledProgram();
});
afterAll(() => program.close());

const FLEET = fleetOf(10, [20, 50, 80], 2);
/** Its times of leading are those that it is installed with: shorter ones are lost on a machine that does much else. */
const FLAGS = ['--propagation-delay=0s'];
/** What a leader writes that only tells or asks to lead, and drives nothing. */
const ASIDE = ['leases', 'events'];

function drivenWith(token: string) {
  return writesIn(askedWith(clusterFacts().auditLog, token), ASIDE);
}

async function grows(what: string, token: string, by: number): Promise<void> {
  const before = drivenWith(token).length;
  await until(what, () => Promise.resolve(drivenWith(token).length >= before + by));
}

const STORIES = [
  { name: 'in an update', isAsking: false },
  { name: 'while it asks', isAsking: true },
] as const;

it.concurrent.each(STORIES)('a leader frozen $name writes nothing when it wakes', async (story) => {
  await withReal({ name: 'freeze', isUncontrolled: true }, async (real) => {
    const place = await installForOne(program, clusterFacts().kubeconfig, real.namespace);
    const gate = await startGate(clusterFacts().server);
    const first = await startInstalled(program, place, { flags: FLAGS, server: gate.server });
    await first.leads();
    const second = await startInstalled(program, place, { flags: FLAGS });
    await second.standsBy();
    await createFleet(real, FLEET, 'app:v1');
    await until('healthy', () => isFleetHealthy(real, 'app:v1'));
    expect(drivenWith(second.token)).toEqual([]);

    await updateFleet(real, FLEET, 'app:v2');
    await grows('the first is at work', first.token, FLEET.names.length * 2);
    if (story.isAsking) {
      gate.hold();
      await grows('it has asked for changes', first.token, 1);
    }
    first.signal('SIGSTOP');
    gate.open();
    await second.leads();
    await grows('the second is at work', second.token, FLEET.names.length);
    const before = drivenWith(first.token);
    first.signal('SIGCONT');
    // It has lost the lead: whoever has started it starts another.
    expect(await first.exit).toBe(1);
    await until('healthy again', () => isFleetHealthy(real, 'app:v2')).catch((error: unknown) => {
      throw new Error(`the second does not go on: ${lastWords(second)}`, { cause: error });
    });
    expect(drivenWith(first.token)).toEqual(before);
    await endCleanly(second);
    await gate.close();
  });
});
