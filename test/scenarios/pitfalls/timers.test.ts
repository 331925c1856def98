// Pitfalls of moments at which time alone changes the answer (rollout.md 12), each named after its symptom.
import { expect, it } from 'vitest';
import type { BlueGreenStrategy } from '../../../src/api/rollout.ts';
import type { Command, Flag } from '../../../src/cli/command.ts';
import { parseFlags } from '../../../src/cli/flags.ts';
import { rootCommand } from '../../../src/cli/root.ts';
import { checkTime } from '../../laws/at-rest.ts';
import { imageOf, manifestsOf, ROLLOUT } from '../../laws/stand/manifests.ts';
import { NAMESPACE, startStand } from '../../laws/stand/stand.ts';
import { ROLLOUTS } from '../../../src/api/resources.ts';
import { post } from '../../support/objects.ts';
import { isHealthy, isPaused, type WebOptions, withWeb } from '../web.ts';

function blueGreen(strategy: Partial<BlueGreenStrategy>): WebOptions {
  const services = { activeService: 'web-active', previewService: 'web-preview' };
  return { strategy: { blueGreen: { ...services, ...strategy } } };
}

// 1,000 s and 2,000 s are no multiples of the 900 s after which everything is looked at again.
it('a pause of more than 15 minutes ends to the second (pitfall 15)', async () => {
  const steps = [{ setWeight: 50 }, { pause: { duration: 1000 } }];
  await withWeb({ strategy: { canary: { steps } } }, async (web) => {
    await web.until('healthy', isHealthy);
    await web.setImage('app:v2');
    await web.until('paused', isPaused);
    await web.seconds(998);
    expect(isPaused(await web.rollout())).toBe(true);
    await web.seconds(4);
    expect(isPaused(await web.rollout())).toBe(false);
  });
});

it('a promotion after more than 15 minutes comes to the second (pitfall 15)', async () => {
  await withWeb(blueGreen({ autoPromotionSeconds: 1000 }), async (web) => {
    await web.until('healthy', isHealthy);
    await web.setImage('app:v2');
    await web.until('paused', isPaused);
    await web.seconds(998);
    expect(await web.served('web-active')).toBe('app:v1');
    await web.seconds(3);
    expect(await web.served('web-active')).toBe('app:v2');
  });
});

it('an old set that stays more than 15 minutes goes to the second (pitfall 15)', async () => {
  await withWeb(blueGreen({ scaleDownDelaySeconds: 2000 }), async (web) => {
    await web.until('healthy', isHealthy);
    await web.setImage('app:v2');
    await web.until('promoted', ({ status }) => status?.stableRS === status?.currentPodHash);
    await web.until('healthy', isHealthy);
    await web.seconds(1990);
    expect(web.sizes()).toEqual({ 'app:v1': 2, 'app:v2': 2 });
    await web.seconds(11);
    expect(web.sizes()).toEqual({ 'app:v1': 0, 'app:v2': 2 });
  });
});

it('a pause that only a person ends is not looked at when autoPromotionSeconds are over (pitfall 30)', async () => {
  const stand = await startStand();
  const setup = { steps: [], background: 'none', strategy: {}, spec: {} } as const;
  for (const object of manifestsOf({ ...setup, traffic: 'switch' })) {
    await post(stand.client, NAMESPACE, object);
  }
  await stand.rest();
  const ref = { resource: ROLLOUTS, namespace: NAMESPACE, name: ROLLOUT };
  const blueGreen = { autoPromotionSeconds: 10, previewReplicaCount: 1 };
  const containers = [{ name: 'web', image: imageOf(2) }];
  const template = { spec: { containers } };
  const body = { spec: { template, strategy: { blueGreen } } };
  await stand.client.patch(ref, { type: 'merge', body });
  await stand.rest();
  const [decided] = stand.look();
  expect(decided?.decision.reasons[0]?.message).toBe('the preview waits to be promoted');
  expect(decided?.decision.requeueAt).toBeUndefined();
  checkTime(stand);
});

function durationFlags(command: Command): readonly Flag[] {
  if (command.kind === 'group') return command.children.flatMap(durationFlags);
  return command.flags.filter(({ type }) => type === 'duration');
}

it('an interval that cannot be read is refused, never taken for none (pitfall 22)', () => {
  const flags = durationFlags(rootCommand('slipway'));
  expect(flags.map(({ name }) => name)).toContain('propagation-delay');
  for (const flag of flags) {
    const say = (value: string) => parseFlags([`--${flag.name}=${value}`], [flag]).values;
    expect(say('7s').text(flag.name), flag.name).toBe('7s');
    for (const value of ['soon', '7', '']) {
      expect(() => say(value), `--${flag.name}=${value}`).toThrow(`--${flag.name}`);
    }
  }
});
