// Traffic router plugins: the whole controller on the sandbox, and a real program that is told the routes (traffic.md 3.8).
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Json } from '../../src/api/object.ts';
import { ROLLOUTS } from '../../src/api/resources.ts';
import type { Rollout } from '../../src/api/rollout.ts';
import {
  isHealthy,
  isPaused,
  service,
  type Strategy,
  timesTold,
  type Web,
  withWeb,
} from '../scenarios/web.ts';
import { builtPlugin, hasGo } from '../support/go.ts';
import {
  type PluginStand,
  pluginStand,
  type RecordedCall,
  recordedCalls,
} from '../support/plugins.ts';

const NAME = 'tests/own';
const SERVICES = [service('web-canary'), service('web-stable')];

type Steps = NonNullable<NonNullable<Strategy['canary']>['steps']>;

function strategy(config: object, steps: Steps, more: object = {}): Strategy {
  return {
    canary: {
      canaryService: 'web-canary',
      stableService: 'web-stable',
      trafficRouting: {
        plugins: { [NAME]: config },
        managedRoutes: [{ name: 'testers' }],
        ...more,
      },
      steps,
    },
  };
}

/** One line a call. */
function line({ method, args }: RecordedCall): string {
  const route = args?.SetHeaderRoute?.Name ?? args?.SetMirrorRoute?.Name;
  const rest = [args?.DesiredWeight, route].filter((part) => part !== undefined);
  return [method, ...rest].join(' ');
}

function configured(config: object) {
  return {
    spec: { strategy: { canary: { trafficRouting: { plugins: { [NAME]: config as Json } } } } },
  };
}

function weights({ status }: Rollout) {
  const { canary, stable, verified } = status?.canary?.weights ?? {};
  return { canary: canary?.weight, stable: stable?.weight, verified };
}

describe.runIf(hasGo)('routes that a plugin writes', () => {
  let command = '';
  beforeAll(() => {
    command = builtPlugin('own');
  }, 300_000);

  interface Scene {
    readonly web: Web;
    readonly stand: PluginStand;
    readonly calls: () => readonly RecordedCall[];
    /** What was called since it was asked last. */
    readonly lines: () => readonly string[];
  }

  async function play(
    wanted: Strategy,
    story: (scene: Scene) => Promise<void>,
    callSeconds = 20,
  ): Promise<void> {
    const file = join(mkdtempSync(join(tmpdir(), 'slipway-plugin-')), 'calls');
    await using stand = pluginStand(
      [{ kind: 'router', name: NAME, command, args: ['-calls', file] }],
      { callSeconds },
    );
    let seen = 0;
    const calls = () => recordedCalls(file);
    const lines = () => {
      const all = calls();
      const fresh = all.slice(seen).map(line);
      seen = all.length;
      return fresh;
    };
    const options = { strategy: wanted, plugins: stand, objects: SERVICES, replicas: 4 };
    await withWeb(options, (web) => story({ web, stand, calls, lines }));
  }

  it('follow the steps: hashes and weights are told once, in order, and verified', async () => {
    const steps = [{ setWeight: 25 }, { pause: {} }, { setWeight: 50 }, { pause: { duration: 5 } }];
    await play(strategy({}, steps), async ({ web, calls, lines }) => {
      await web.until('healthy', isHealthy);
      lines();
      await web.setImage('app:v2');
      await web.until('paused', isPaused);
      await web.seconds(5);
      expect(weights(await web.rollout())).toEqual({ canary: 25, stable: 75, verified: true });
      const told = lines();
      expect(told.at(-1)).toBe('VerifyWeight 25');
      expect(told.indexOf('SetWeight 25')).toBeGreaterThan(told.indexOf('UpdateHash'));
      const { currentPodHash, stableRS } = (await web.rollout()).status ?? {};
      const hashes = calls().findLast(({ method }) => method === 'UpdateHash')?.args;
      expect(hashes).toMatchObject({ CanaryHash: currentPodHash, StableHash: stableRS });
      expect(hashes.Rollout.ObjectMeta.Name).toBe('web');

      // At rest nothing is asked, for a long time.
      await web.seconds(600);
      expect(lines()).toEqual([]);

      await web.run('promote', 'web');
      await web.until('healthy', (now) => isHealthy(now) && weights(now).canary === 0);
      const rest = lines();
      expect(rest.filter((one) => one.startsWith('SetWeight'))).toEqual([
        'SetWeight 50',
        'SetWeight 100',
        'SetWeight 0',
      ]);
      expect(rest).toContain('RemoveManagedRoutes');
      expect(web.sizes()['app:v2']).toBe(4);
      expect(web.told('TrafficWeightUpdated')).toContain('Traffic weight updated from 25 to 50');
    });
  });

  it('lead all the way to the new version where proxies learn of Services late', async () => {
    await using stand = pluginStand([{ kind: 'router', name: NAME, command }]);
    const wanted = strategy({}, [{ setWeight: 50 }, { pause: { duration: 5 } }]);
    const options = { strategy: wanted, plugins: stand, objects: SERVICES, replicas: 4 };
    await withWeb({ ...options, propagationDelayMs: 5000 }, async (web) => {
      await web.until('healthy', isHealthy);
      await web.setImage('app:v2');
      await web.until('begun', (now) => weights(now).canary === 50);
      await web.until('done', (now) => isHealthy(now) && weights(now).canary === 0);
      expect(await web.served('web-stable')).toBe('app:v2');
      expect(await web.served('web-canary')).toBe('app:v2');
    });
  });

  it('are told anew by a controller that was stopped before the answer', async () => {
    await play(strategy({}, [{ setWeight: 50 }, { pause: {} }]), async ({ web, lines }) => {
      await web.until('healthy', isHealthy);
      await web.setImage('app:v2');
      for (let turn = 0; turn < 12; turn += 1) {
        await web.seconds(0.5);
        await web.cluster.restart();
      }
      await web.until('paused', isPaused);
      expect(weights(await web.rollout())).toMatchObject({ canary: 50, verified: true });
      expect(web.sizes()).toEqual({ 'app:v1': 4, 'app:v2': 2 });
      expect(lines().at(-1)).toBe('VerifyWeight 50');
    });
  });

  it('are told again after a quarter of an hour, in case that somebody changed them', async () => {
    await play(strategy({}, [{ setWeight: 25 }, { pause: {} }]), async ({ web, lines }) => {
      await web.until('healthy', isHealthy);
      await web.setImage('app:v2');
      await web.until('paused', isPaused);
      await web.seconds(5);
      lines();
      await web.seconds(890);
      expect(lines()).toEqual([]);
      await web.seconds(30);
      expect(lines()).toEqual(['UpdateHash', 'SetWeight 25', 'VerifyWeight 25']);
      await web.cluster.restart();
      await web.seconds(5);
      expect(lines()).toEqual(['UpdateHash', 'SetWeight 25', 'VerifyWeight 25']);
    });
  });

  it('have header and mirror routes of their steps', async () => {
    const match = [{ headerName: 'X-Tester', headerValue: { exact: 'yes' } }];
    const steps = [
      { setCanaryScale: { weight: 25 } },
      { setHeaderRoute: { name: 'testers', match } },
      { pause: {} },
    ] as Steps;
    await play(strategy({}, steps), async ({ web, lines }) => {
      await web.until('healthy', isHealthy);
      await web.setImage('app:v2');
      await web.until('paused', isPaused);
      await web.seconds(5);
      expect(lines()).toContain('SetHeaderRoute testers');
      await web.run('abort', 'web');
      await web.until('aborted', ({ status }) => status?.phase === 'Degraded');
      await web.seconds(5);
      expect(lines().slice(0, 3)).toEqual(['RemoveManagedRoutes', 'UpdateHash', 'SetWeight 0']);
    });
  });

  it('lead back to the stable version before its canary pods go', async () => {
    await play(strategy({}, [{ setWeight: 50 }, { pause: {} }]), async ({ web, calls }) => {
      await web.until('healthy', isHealthy);
      await web.setImage('app:v2');
      await web.until('paused', isPaused);
      await web.run('abort', 'web');
      await web.until('aborted', (rollout) => weights(rollout).canary === 0);
      expect(calls().findLast(({ method }) => method === 'SetWeight')?.args.DesiredWeight).toBe(0);
      expect(web.sizes()['app:v2']).toBe(2);
      await web.until('gone', () => web.sizes()['app:v2'] === 0);
    });
  });

  it('that are refused hold the update, and are tried again every ten seconds', async () => {
    const wish = { do: 'error', message: 'no such route', value: 'SetWeight' };
    await play(strategy({}, [{ setWeight: 25 }, { pause: {} }]), async ({ web, lines }) => {
      await web.until('healthy', isHealthy);
      await web.patch(configured(wish));
      await web.seconds(1);
      await web.setImage('app:v2');
      lines();
      await web.seconds(60);
      const text = 'failed to set weight via plugin: no such route';
      expect(web.told('TrafficRoutingError')).toContain(text);
      const tries = lines().filter((one) => one.startsWith('SetWeight')).length;
      expect(tries).toBeGreaterThan(4);
      expect(tries).toBeLessThan(12);
      // What can serve goes on serving.
      expect(web.sizes()['app:v1']).toBe(4);
      await web.patch(configured({ do: 'work' }));
      await web.until('paused', isPaused);
      expect(weights(await web.rollout())).toMatchObject({ canary: 25 });
    });
  });

  it('that are refused are told once for each cause', async () => {
    const wish = (message: string) => ({ do: 'error', message, value: 'SetWeight' });
    await play(strategy({}, [{ setWeight: 25 }, { pause: {} }]), async ({ web, lines }) => {
      await web.until('healthy', isHealthy);
      await web.patch(configured(wish('no such route')));
      await web.seconds(1);
      await web.setImage('app:v2');
      await web.seconds(45);
      const text = (cause: string) => `failed to set weight via plugin: ${cause}`;
      expect(web.told('TrafficRoutingError')).toEqual([text('no such route')]);
      expect(timesTold(web, 'TrafficRoutingError')).toBe(1);
      // A change of the spec asks anew; the answer is the same.
      await web.patch({ spec: { progressDeadlineSeconds: 700 } });
      lines();
      await web.seconds(25);
      expect(lines().filter((one) => one.startsWith('SetWeight')).length).toBeGreaterThan(1);
      expect(timesTold(web, 'TrafficRoutingError')).toBe(1);
      await web.patch(configured(wish('no such gateway')));
      await web.seconds(25);
      expect(web.told('TrafficRoutingError')).toEqual([
        text('no such route'),
        text('no such gateway'),
      ]);
      expect(timesTold(web, 'TrafficRoutingError')).toBe(2);
      await web.patch(configured({ do: 'work' }));
      await web.until('paused', isPaused);
      await web.patch(configured(wish('no such gateway')));
      await web.run('promote', 'web');
      await web.seconds(25);
      expect(timesTold(web, 'TrafficRoutingError')).toBe(3);
    });
  });

  it('that are not verified are asked about until they are', async () => {
    const wish = { do: 'unverified' };
    await play(strategy(wish, [{ setWeight: 25 }, { pause: {} }]), async ({ web, lines }) => {
      await web.until('healthy', isHealthy);
      await web.setImage('app:v2');
      await web.until('told', (rollout) => weights(rollout).canary === 25);
      await web.seconds(35);
      const rollout = await web.rollout();
      expect(weights(rollout)).toEqual({ canary: 25, stable: 75, verified: false });
      expect(rollout.status?.currentStepIndex).toBe(0);
      expect(lines().filter((one) => one === 'VerifyWeight 25').length).toBeGreaterThan(2);
    });
  });

  it('whose plugin cannot say whether they are verified count', async () => {
    const wish = { do: 'unsupported' };
    await play(strategy(wish, [{ setWeight: 25 }, { pause: {} }]), async ({ web }) => {
      await web.until('healthy', isHealthy);
      await web.setImage('app:v2');
      await web.until('paused', isPaused);
      expect(weights(await web.rollout())).toEqual({ canary: 25, stable: 75, verified: undefined });
    });
  });

  it.each([
    { reason: 'dies', config: { do: 'die', value: 'SetWeight' }, error: 'the plugin ended' },
    { reason: 'hangs', config: { do: 'hang', value: 'SetWeight' }, error: 'no answer within 1 s' },
  ])('whose plugin $reason harm no other rollout', async ({ config, error }) => {
    await play(
      strategy({}, [{ setWeight: 25 }, { pause: {} }]),
      async ({ web }) => {
        await web.until('healthy', isHealthy);
        await web.patch(configured(config));
        await web.cluster.client.create(ROLLOUTS, {
          apiVersion: 'argoproj.io/v1alpha1',
          kind: 'Rollout',
          metadata: { name: 'other', namespace: 'default' },
          spec: {
            replicas: 1,
            selector: { matchLabels: { app: 'other' } },
            template: {
              metadata: { labels: { app: 'other' } },
              spec: { containers: [{ name: 'app', image: 'other:v1' }] },
            },
            strategy: { canary: {} },
          },
        });
        await web.setImage('app:v2');
        await web.seconds(20);
        expect(web.told('TrafficRoutingError').join('\n')).toContain(error);
        const other = await web.cluster.client.get<Rollout>({
          resource: ROLLOUTS,
          namespace: 'default',
          name: 'other',
        });
        expect(other.status?.phase).toBe('Healthy');
      },
      1,
    );
  });
});
