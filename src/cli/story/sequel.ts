// How the document's story goes on: why its analysis fails even with traffic, queries that can be answered, a promotion
// under load, and a bad version that is caught. Entry point: `tellSequel`.
import type { AnalysisRun } from '../../api/analysis.ts';
import { NO_DATA } from '../../api/no-data.ts';
import type { Experiment } from '../../api/experiment.ts';
import type { Deployment } from '../../api/kubernetes.ts';
import { ANALYSIS_RUNS, DEPLOYMENTS, EXPERIMENTS } from '../../api/resources.ts';
import { all, GET, isPhase, NAME, PLUGIN, rollout, type Stage, type Told } from './story.ts';
import { type Counts, countsText, since, type Users } from './users.ts';

export const CORRECTED = 'corrected-analysis.yaml';
export const PLAIN = 'plain-deployment.yaml';
const PLAIN_NAME = 'plain-server';
const IMAGE = 'ghcr.io/ssup2/mock-go-server:3.0.0';
/** Share of its requests that the bad version answers with 500. */
const BAD_PERCENT = '30';

/** A stage whose Services are used. */
export interface BusyStage extends Stage {
  /** Requests to `http://HOST/status/200` from now on. */
  users(host: string): Users;
}

export async function* tellSequel(stage: BusyStage): AsyncGenerator<Told> {
  yield {
    ...(await shown(stage, [
      'kubectl',
      'exec',
      'shell',
      '--',
      'curl',
      '-s',
      `${NAME}:80/status/200`,
    ])),
    heading: 'A user asks the server',
  };
  const users = stage.users(NAME);
  try {
    yield* whyItFails(stage);
    yield* correctedAndPromoted(stage, users);
    yield* caught(stage, users);
  } finally {
    await users.stop();
  }
}

async function shown(stage: Stage, command: readonly string[]): Promise<Told> {
  return { command, output: await stage.run(command) };
}

/** The document's queries, now with traffic. */
async function* whyItFails(stage: BusyStage): AsyncGenerator<Told> {
  await stage.until('the second try is given up', () => isPhase(stage.client, 'Degraded'));
  const run = await newestRun(stage);
  const [reason] = (run.status?.metricResults ?? []).flatMap(({ name, measurements = [] }) => {
    const text = measurements.at(-1)?.metadata?.[NO_DATA];
    return text === undefined ? [] : [`${name}: ${text}`];
  });
  yield {
    ...(await shown(stage, GET)),
    heading: 'Users send requests all the time now, and still the analysis fails',
    note:
      'Why: the queries ask for services and workloads that the pods of an experiment never have in ' +
      `Istio's metrics.\n${reason ?? 'No reason was found.'}\n`,
  };
}

async function newestRun(stage: Stage): Promise<AnalysisRun> {
  const runs = await all<AnalysisRun>(stage.client, ANALYSIS_RUNS);
  const newest = runs
    .toSorted((a, b) =>
      (a.metadata.creationTimestamp ?? '') < (b.metadata.creationTimestamp ?? '') ? -1 : 1,
    )
    .at(-1);
  if (newest === undefined) throw new Error('there is no AnalysisRun');
  return newest;
}

async function* correctedAndPromoted(stage: BusyStage, users: Users): AsyncGenerator<Told> {
  yield {
    ...(await shown(stage, ['kubectl', 'apply', '-f', CORRECTED])),
    heading: 'With queries for what is there, it is tried again',
  };
  const before = { ...users.counts };
  yield await shown(stage, [...PLUGIN, 'retry', 'rollout', NAME]);
  await stage.until('the experiment is measured', () => isCompared(stage));
  yield await shown(stage, GET);
  await stage.until('2.0.0 is promoted', () => isPromoted(stage, ':2.0.0'));
  yield {
    ...(await shown(stage, GET)),
    note: `While 2.0.0 was promoted ${countsText(since(before, users.counts))}.\n`,
  };
}

/** The newest experiment is running, and its metrics have values. */
async function isCompared(stage: Stage): Promise<boolean> {
  const experiments = await all<Experiment>(stage.client, EXPERIMENTS);
  if (!experiments.some(({ status }) => status?.phase === 'Running')) return false;
  const { status } = await newestRun(stage);
  const results = status?.metricResults ?? [];
  return results.length > 1 && results.every(({ successful = 0 }) => successful > 0);
}

async function isPromoted(stage: Stage, tag: string): Promise<boolean> {
  const { spec, status } = await rollout(stage.client);
  const isNew = JSON.stringify(spec.template).includes(tag);
  const isStable = status?.stableRS !== undefined && status.stableRS === status.currentPodHash;
  return isNew && isStable && (await isPhase(stage.client, 'Healthy'));
}

async function isAvailable({ client }: Stage): Promise<boolean> {
  const ref = { resource: DEPLOYMENTS, namespace: 'default', name: PLAIN_NAME };
  const { spec, status } = await client.get<Deployment>(ref);
  return (status?.availableReplicas ?? 0) >= (spec.replicas ?? 1);
}

const BAD_CONTAINER = [
  { op: 'replace', path: '/spec/template/spec/containers/0/image', value: IMAGE },
  {
    op: 'add',
    path: '/spec/template/spec/containers/0/env',
    value: [{ name: 'MOCK_FAIL_PERCENT', value: BAD_PERCENT }],
  },
] as const;

function patched(kind: string, name: string): readonly string[] {
  return ['kubectl', 'patch', kind, name, '--type=json', '-p', JSON.stringify(BAD_CONTAINER)];
}

/** The same bad version, by the Rollout and by a plain Deployment beside it. */
async function* caught(stage: BusyStage, users: Users): AsyncGenerator<Told> {
  yield {
    ...(await shown(stage, ['kubectl', 'apply', '-f', PLAIN])),
    heading: `A bad version: 3.0.0 fails ${BAD_PERCENT} % of its requests. A plain Deployment gets it too`,
  };
  await stage.until('the plain Deployment is there', () => isAvailable(stage));
  const others = stage.users(PLAIN_NAME);
  try {
    const before = { rollout: { ...users.counts }, plain: { ...others.counts } };
    yield await shown(stage, patched('rollout', NAME));
    yield await shown(stage, patched('deployment', PLAIN_NAME));
    await stage.until('3.0.0 is taken back', () => isTakenBack(stage));
    const seen = {
      rollout: since(before.rollout, users.counts),
      plain: since(before.plain, others.counts),
    };
    yield { ...(await shown(stage, GET)), note: comparison(seen) };
  } finally {
    await others.stop();
  }
}

/** Given up, and no traffic goes to it any more. */
async function isTakenBack(stage: Stage): Promise<boolean> {
  if (!(await isPhase(stage.client, 'Degraded'))) return false;
  const { status } = await rollout(stage.client);
  return (status?.canary?.weights?.additional ?? []).length === 0;
}

function comparison(seen: { readonly rollout: Counts; readonly plain: Counts }): string {
  return (
    `Users of the Rollout, from the update until it was taken back: ${countsText(seen.rollout)}.\n` +
    `Users of the plain Deployment in the same time: ${countsText(seen.plain)}, and it goes on.\n`
  );
}
