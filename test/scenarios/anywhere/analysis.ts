// What analyses and experiments decide: Jobs whose commands are really run, questions to Prometheus, pods of their own.
import { expect } from 'vitest';
import type { Json } from '../../../src/api/object.ts';
import { ANALYSIS_RUNS, EXPERIMENTS, JOBS } from '../../../src/api/resources.ts';
import type { WebAnywhere } from '../web.ts';
import {
  begun,
  commanded,
  degraded,
  healthy,
  paused,
  routesOf,
  sized,
  STOP,
  type Story,
  subset,
  template,
} from './told.ts';

const PROMETHEUS = 'http://prometheus.istio-system.svc.cluster.local:9090';

/** What Prometheus says of a number: between the two conditions it says neither. */
function asked(query: string): Readonly<Record<string, Json>> {
  return {
    provider: { prometheus: { address: PROMETHEUS, query } },
    successCondition: 'result[0] > 0.9',
    failureCondition: 'result[0] < 0.5',
  };
}

/** An update with an analysis in its second step. */
function analysed(metric: Readonly<Record<string, Json>>): Story['options'] {
  const analysis = { templates: [{ templateName: 'smoke' }] };
  const steps = [{ setWeight: 50 }, { analysis }, STOP];
  return { strategy: { canary: { steps } }, objects: [template('smoke', metric)] };
}

async function jobsOf({ client, namespace }: WebAnywhere): Promise<number> {
  return (await client.list(JOBS, { namespace })).items.length;
}

async function runsOf({ client, namespace }: WebAnywhere) {
  return (await client.list(ANALYSIS_RUNS, { namespace })).items;
}

export const ANALYSIS_STORIES: readonly Story[] = [
  {
    name: 'a Job that ends well lets the canary go on',
    options: analysed(commanded('exit {{args.value}}')),
    tell: async (web) => {
      await begun(web);
      await paused(web, 2);
      expect(await jobsOf(web)).toBe(1);
    },
  },
  {
    name: 'a Job that fails ends the update',
    options: analysed(commanded('exit 3')),
    tell: async (web) => {
      await begun(web);
      await degraded(web);
      const { status } = await web.rollout();
      expect(status?.abort).toBe(true);
      expect(status?.message).toContain('Metric "smoke" assessed Failed due to failed (1)');
      expect(await runsOf(web)).toHaveLength(1);
    },
  },
  {
    name: 'a good answer of Prometheus lets the canary go on',
    options: analysed(asked('vector(1)')),
    tell: async (web) => {
      await begun(web);
      await paused(web, 2);
      expect(await runsOf(web)).toMatchObject([{ status: { phase: 'Successful' } }]);
    },
  },
  {
    name: 'an answer that says neither stops the update until its user decides',
    options: analysed(asked('vector(0.7)')),
    tell: async (web) => {
      await begun(web);
      await paused(web, 1);
      const { status } = await web.rollout();
      expect(status?.pauseConditions).toMatchObject([{ reason: 'InconclusiveAnalysisRun' }]);
      expect(await web.sizes()).toEqual({ 'app:v1': 1, 'app:v2': 1 });
      await web.run('promote', 'web', '--full');
      await healthy(web);
    },
  },
  {
    name: 'a question without an answer is no success',
    options: analysed({ ...asked('nothing_counts_this'), count: 1, failureLimit: 0 }),
    tell: async (web) => {
      await begun(web);
      await degraded(web);
      const [run] = await runsOf(web);
      expect(run).toMatchObject({ status: { phase: 'Error' } });
      await sized(web, { 'app:v1': 2, 'app:v2': 0 });
    },
  },
  {
    name: 'an analysis in the background ends the update as soon as it fails, whatever it waits for',
    options: {
      strategy: {
        canary: {
          steps: [{ setWeight: 50 }, STOP],
          analysis: { templates: [{ templateName: 'smoke' }], startingStep: 1 },
        },
      },
      objects: [template('smoke', commanded('exit 3'))],
    },
    tell: async (web) => {
      await begun(web);
      await degraded(web);
      expect((await web.rollout()).status?.abort).toBe(true);
      await sized(web, { 'app:v1': 2, 'app:v2': 0 });
    },
  },
  {
    name: 'an analysis in the background ends with the update',
    options: {
      strategy: {
        canary: {
          steps: [{ setWeight: 50 }, STOP],
          analysis: { templates: [{ templateName: 'smoke' }] },
        },
      },
      objects: [template('smoke', { ...asked('vector(1)'), interval: '1s' })],
    },
    tell: async (web) => {
      await begun(web);
      await paused(web, 1);
      expect(await runsOf(web)).toMatchObject([{ status: { phase: 'Running' } }]);
      await web.run('promote', 'web');
      await healthy(web);
      await web.until('the analysis has ended', async () => {
        const [run] = (await runsOf(web)) as readonly {
          readonly status?: { readonly phase?: string };
        }[];
        return run?.status?.phase === 'Successful';
      });
    },
  },
  {
    name: 'an experiment has its pods and its share while it runs, and leaves nothing behind',
    options: subset([
      {
        experiment: {
          duration: '3s',
          templates: [{ name: 'probe', specRef: 'canary', weight: 10 }],
        },
      },
      STOP,
    ]),
    tell: async (web) => {
      await begun(web);
      await web.until(
        'its share',
        ({ status }) => status?.canary?.weights?.additional?.[0]?.weight === 10,
      );
      expect(await routesOf(web)).toEqual(['primary 90/0/10']);
      await paused(web, 1);
      expect(await routesOf(web)).toEqual(['primary 100/0']);
      const experiments = await web.client.list(EXPERIMENTS, { namespace: web.namespace });
      expect(experiments.items).toMatchObject([{ status: { phase: 'Successful' } }]);
    },
  },
  {
    name: 'an experiment whose analysis fails ends the update',
    options: {
      strategy: {
        canary: {
          steps: [
            {
              experiment: {
                templates: [
                  { name: 'old', specRef: 'stable' },
                  { name: 'new', specRef: 'canary' },
                ],
                analyses: [{ name: 'compare', templateName: 'smoke', requiredForCompletion: true }],
              },
            },
            STOP,
          ],
        },
      },
      objects: [template('smoke', commanded('exit 3'))],
    },
    tell: async (web) => {
      await begun(web);
      await degraded(web);
      expect((await web.rollout()).status?.abort).toBe(true);
      const experiments = await web.client.list(EXPERIMENTS, { namespace: web.namespace });
      expect(experiments.items).toMatchObject([{ status: { phase: 'Failed' } }]);
      await sized(web, { 'app:v1': 2, 'app:v2': 0 });
    },
  },
];
