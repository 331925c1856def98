// What the verdict of an AnalysisRun does (rollout.md 9.5): every phase at every place.
import { describe, expect, it } from 'vitest';
import type { Rollout } from '../../../src/api/rollout.ts';
import { CHECK, GATE, GUARD, metricsOf, type Verdict, WATCH } from '../check.ts';
import { isHealthy, type Strategy, type Web, type WebOptions, withWeb } from '../web.ts';

const SERVED = { activeService: 'web-active', previewService: 'web-preview' };

interface Place {
  readonly name: string;
  readonly strategy: Strategy;
  /** What the message of an abort begins with. */
  readonly type: 'Step' | 'Background' | 'PrePromotion' | 'PostPromotion';
  readonly whenGood: (rollout: Rollout) => boolean;
}

const isPromoted = ({ status }: Rollout) =>
  status?.stableRS !== undefined && status.stableRS === status.currentPodHash;

const PLACES: readonly Place[] = [
  {
    name: 'a step',
    strategy: { canary: { steps: [{ setWeight: 50 }, { analysis: GATE }, { pause: {} }] } },
    type: 'Step',
    whenGood: ({ status }) => status?.currentStepIndex === 2,
  },
  {
    name: 'the background',
    strategy: {
      canary: { analysis: GUARD, steps: [{ setWeight: 50 }, { pause: { duration: 90 } }] },
    },
    type: 'Background',
    whenGood: isPromoted,
  },
  {
    name: 'before a switch',
    strategy: { blueGreen: { ...SERVED, prePromotionAnalysis: GATE } },
    type: 'PrePromotion',
    whenGood: isPromoted,
  },
  {
    name: 'after a switch',
    strategy: { blueGreen: { ...SERVED, postPromotionAnalysis: GATE } },
    type: 'PostPromotion',
    whenGood: isPromoted,
  },
];

function optionsOf({ strategy }: Place, verdict: Verdict): WebOptions {
  return { strategy, objects: [CHECK, WATCH], metrics: metricsOf(verdict), replicas: 4 };
}

async function begun(web: Web): Promise<void> {
  await web.until('healthy', isHealthy);
  await web.setImage('app:v2');
}

describe.each(PLACES)('a run of $name', (place) => {
  it('that is Successful lets the update go on', async () => {
    await withWeb(optionsOf(place, { value: 1 }), async (web) => {
      await begun(web);
      await web.until('on', (rollout) => place.whenGood(rollout));
      expect((await web.rollout()).status?.abort).toBeUndefined();
    });
  });

  it('that is Failed aborts it, with the metric’s word', async () => {
    await withWeb(optionsOf(place, { value: 0 }), async (web) => {
      await begun(web);
      await web.until('aborted', ({ status }) => status?.abort === true);
      await web.seconds(2);
      const { status } = await web.rollout();
      expect(status?.message).toBe(
        'RolloutAborted: Rollout aborted update to revision 2: ' +
          'Metric "rate" assessed Failed due to failed (1) > failureLimit (0)',
      );
      expect(status?.stableRS).not.toBe(status?.currentPodHash);
      expect(web.told('AnalysisRunFailed').at(-1)).toMatch(
        new RegExp(`^(?:${place.type} Analysis Run|Analysis Completed)`),
      );
    });
  });

  it('that ends in errors aborts it too', async () => {
    const options = optionsOf(place, { value: 1 });
    const broken = () => Promise.reject(new TypeError('no route to the metrics'));
    await withWeb({ ...options, metrics: broken }, async (web) => {
      await begun(web);
      await web.until('aborted', ({ status }) => status?.abort === true);
      const { status } = await web.rollout();
      expect(status?.conditions?.find(({ type }) => type === 'Progressing')?.message).toContain(
        'Metric "rate" assessed Error due to consecutiveErrors (5) > consecutiveErrorLimit (4)',
      );
    });
  });

  it('that is Inconclusive asks a user, who goes on', async () => {
    const verdict = { value: 0.5 };
    await withWeb(optionsOf(place, verdict), async (web) => {
      await begun(web);
      await web.until('asked', ({ status }) => status?.message === 'InconclusiveAnalysisRun');
      const sizes = web.sizes();
      await web.seconds(300);
      expect(web.sizes()).toEqual(sizes);
      expect(isPromoted(await web.rollout())).toBe(false);
      verdict.value = 1;
      await web.run('promote', 'web');
      await web.until('on', (rollout) => place.whenGood(rollout));
    });
  });

  it('that is not done is waited for', async () => {
    const slow = new Promise<never>(() => undefined);
    await withWeb({ ...optionsOf(place, { value: 1 }), metrics: () => slow }, async (web) => {
      await begun(web);
      await web.seconds(20);
      const { status } = await web.rollout();
      expect(status?.abort).toBeUndefined();
      expect(place.whenGood({ status } as Rollout)).toBe(false);
    });
  });
});
