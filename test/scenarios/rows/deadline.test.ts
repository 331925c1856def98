// The deadline for progress (rollout.md 3.12), one test a rule.
import { describe, expect, it } from 'vitest';
import { HOST } from '../../sim/kinds.ts';
import { CHECK, GATE, metricsOf } from '../check.ts';
import { isHealthy, isPaused, type Web, withWeb } from '../web.ts';

const BROKEN = 'app:does-not-exist';
const SPEC = { progressDeadlineSeconds: 60 };
const STEPS = [{ setWeight: 50 }, { pause: {} }];

async function reasonOf(web: Web): Promise<string | undefined> {
  const { status } = await web.rollout();
  return status?.conditions?.find(({ type }) => type === 'Progressing')?.reason;
}

describe('an update whose pods do not come', () => {
  it('is late after its time, and stays where it is', async () => {
    await withWeb({ strategy: { canary: { steps: STEPS } }, spec: SPEC }, async (web) => {
      await web.until('healthy', isHealthy);
      await web.setImage(BROKEN);
      await web.seconds(50);
      expect((await web.rollout()).status?.phase).toBe('Progressing');
      await web.seconds(20);
      const { status } = await web.rollout();
      expect(status?.phase).toBe('Degraded');
      expect(status?.message).toMatch(
        /^ProgressDeadlineExceeded: ReplicaSet "web-\w+" has timed out progressing\.$/,
      );
      expect(status?.abort).toBeUndefined();
      const before = web.writes.length;
      await web.seconds(600);
      expect(web.writes.length).toBe(before);
      await web.setImage('app:v2');
      await web.until('paused', isPaused);
    });
  });

  it('is aborted where the spec says so, told twice, and can be tried again', async () => {
    const spec = { ...SPEC, progressDeadlineAbort: true };
    await withWeb({ strategy: { canary: { steps: STEPS } }, spec }, async (web) => {
      await web.until('healthy', isHealthy);
      await web.setImage(BROKEN);
      await web.until('aborted', ({ status }) => status?.abort === true);
      await web.seconds(5);
      const cause = expect.stringMatching(/ReplicaSet "web-\w+" has timed out progressing\.$/);
      expect(web.told('RolloutAborted')).toEqual([cause, cause]);
      expect(await reasonOf(web)).toBe('RolloutAborted');
      expect(web.sizes()).toEqual({ 'app:v1': 2, [BROKEN]: 0 });
      await web.setImage('app:v2');
      await web.until('paused', isPaused);
    });
  });

  it('recovers when they come after all', async () => {
    await withWeb(
      { strategy: { canary: { steps: STEPS } }, spec: SPEC, podStartMs: 70_000 },
      async (web) => {
        await web.until('healthy', isHealthy);
        await web.setImage('app:v2');
        await web.seconds(65);
        expect(await reasonOf(web)).toBe('ProgressDeadlineExceeded');
        await web.until('paused', isPaused);
        expect((await web.rollout()).status?.phase).toBe('Paused');
      },
    );
  });
});

describe('time does not count', () => {
  it('at a pause without end', async () => {
    await withWeb({ strategy: { canary: { steps: STEPS } }, spec: SPEC }, async (web) => {
      await web.until('healthy', isHealthy);
      await web.setImage('app:v2');
      await web.until('paused', isPaused);
      await web.seconds(3600);
      expect(isPaused(await web.rollout())).toBe(true);
      await web.run('promote', 'web');
      await web.until('healthy', isHealthy);
    });
  });

  it('while its user holds it', async () => {
    await withWeb({ strategy: { canary: { steps: STEPS } }, spec: SPEC }, async (web) => {
      await web.until('healthy', isHealthy);
      await web.setImage(BROKEN);
      await web.seconds(10);
      await web.run('pause', 'web');
      await web.seconds(3600);
      expect((await web.rollout()).status).toMatchObject({ phase: 'Paused' });
      expect(await reasonOf(web)).toBe('RolloutPaused');
    });
  });

  it('at an analysis that takes long', async () => {
    const slow = {
      ...CHECK,
      spec: {
        metrics: [
          {
            name: 'rate',
            count: 3,
            interval: '10m',
            successCondition: 'result[0] == 1',
            provider: { prometheus: { address: 'http://metrics:9090', query: 'q' } },
          },
        ],
      },
    };
    const strategy = { canary: { steps: [{ setWeight: 50 }, { analysis: GATE }] } };
    const options = { strategy, spec: SPEC, objects: [slow], metrics: metricsOf({ value: 1 }) };
    await withWeb(options, async (web) => {
      await web.until('healthy', isHealthy);
      await web.setImage('app:v2');
      await web.seconds(900);
      const { status } = await web.rollout();
      expect(status).toMatchObject({ phase: 'Progressing', currentStepIndex: 1 });
      await web.seconds(600);
      expect(isHealthy(await web.rollout())).toBe(true);
    });
  });

  it('while another set waits in its delay', async () => {
    const canary = { ...HOST.strategy.canary, scaleDownDelaySeconds: 300 };
    await withWeb({ ...HOST, strategy: { canary }, spec: SPEC }, async (web) => {
      await web.until('healthy', isHealthy);
      await web.setImage('app:v2');
      await web.until('paused', isPaused);
      await web.run('promote', 'web', '--full');
      await web.until('healthy', isHealthy);
      await web.setImage(BROKEN);
      await web.seconds(200);
      expect(await reasonOf(web)).not.toBe('ProgressDeadlineExceeded');
      await web.seconds(300);
      expect(await reasonOf(web)).toBe('ProgressDeadlineExceeded');
    });
  });
});
