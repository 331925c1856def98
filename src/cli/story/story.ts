// The user's document as a story: which commands, when, and what of their output is shown.
// It is told on whatever stage it is given: the live sandbox of `slipway demo`, or a virtual clock in tests.
import type { AnalysisRun } from '../../api/analysis.ts';
import type { Experiment } from '../../api/experiment.ts';
import type { ReplicaSet } from '../../api/kubernetes.ts';
import { ANALYSIS_RUNS, EXPERIMENTS, REPLICA_SETS, ROLLOUTS } from '../../api/resources.ts';
import type { Rollout } from '../../api/rollout.ts';
import { SCALE_DOWN_DEADLINE } from '../../api/names.ts';
import type { KubeObject, ResourceType } from '../../api/object.ts';
import type { KubeClient } from '../../kube/client.ts';
import { parseHttpDate, parseInstant } from '../../lib/time.ts';

export interface Stage {
  readonly client: KubeClient;
  /** Runs a command line as a user would; gives its output, fails if it fails. */
  run(words: readonly string[]): Promise<string>;
  /** Lets time pass until it holds; `what` is told if it never does. */
  until(what: string, holds: () => Promise<boolean>): Promise<void>;
}

/** One thing that is told: a heading, a wait, a command with what is shown of its output. */
export interface Told {
  readonly heading?: string;
  readonly command: readonly string[];
  readonly output: string;
  /** Sentences about what is seen. */
  readonly note?: string;
}

export const MANIFEST = 'mock-server-canary-istio-destinationrule-analysistemplate-experiment.yaml';
export const NAME = 'mock-server';
const NAMESPACE = 'default';
const IMAGE = 'ghcr.io/ssup2/mock-go-server';

interface Scene {
  readonly heading?: string;
  /** What must be so before the command is typed. */
  readonly until?: {
    readonly what: string;
    readonly holds: (client: KubeClient) => Promise<boolean>;
  };
  readonly command: readonly string[];
  /** Of `describe` only the spec is of interest. */
  readonly showsSpec?: boolean;
}

export async function rollout(client: KubeClient): Promise<Rollout> {
  return client.get<Rollout>({ resource: ROLLOUTS, namespace: NAMESPACE, name: NAME });
}

export async function all<T extends KubeObject>(
  client: KubeClient,
  resource: ResourceType,
): Promise<readonly T[]> {
  return (await client.listAll<T>(resource, { namespace: NAMESPACE })).items;
}

export async function isPhase(client: KubeClient, phase: string): Promise<boolean> {
  const { status, metadata } = await rollout(client);
  return status?.phase === phase && status.observedGeneration === String(metadata.generation ?? 0);
}

/** Healthy, with everything written that follows from it. */
async function isSettled(client: KubeClient): Promise<boolean> {
  const { status } = await rollout(client);
  const healthy = status?.conditions?.find(({ type }) => type === 'Healthy');
  return (await isPhase(client, 'Healthy')) && healthy?.status === 'True';
}

/** `count` experiments, the newest running with its traffic and its first measurements. */
async function isExperimenting(client: KubeClient, count: number): Promise<boolean> {
  const experiments = await all<Experiment>(client, EXPERIMENTS);
  const running = experiments.filter(({ status }) => status?.phase === 'Running');
  const runs = await all<AnalysisRun>(client, ANALYSIS_RUNS);
  const measured = runs.filter(
    ({ status }) => status?.phase === 'Running' && (status.metricResults ?? []).length >= 2,
  );
  const { status } = await rollout(client);
  const extras = status?.canary?.weights?.additional ?? [];
  return (
    experiments.length === count &&
    running.length === 1 &&
    measured.length === 1 &&
    extras.length === 2
  );
}

/** Given up, and the sets that waited for it have been scaled down. */
async function isOver(client: KubeClient): Promise<boolean> {
  if (!(await isPhase(client, 'Degraded'))) return false;
  const sets = await all<ReplicaSet>(client, REPLICA_SETS);
  const waiting = sets.filter(
    ({ metadata }) => metadata.annotations?.[SCALE_DOWN_DEADLINE] !== undefined,
  );
  const isDown = waiting.every(
    ({ spec, status }) => spec.replicas === 0 && (status?.replicas ?? 0) === 0,
  );
  // The canary's own mark and those of the two templates.
  return waiting.length === 3 && isDown && (await havePassed(client, waiting));
}

/** The server's clock has gone past every mark. */
async function havePassed(client: KubeClient, sets: readonly ReplicaSet[]): Promise<boolean> {
  const { headers } = await client.raw('GET', '/version');
  const now = parseHttpDate(headers['date'] ?? '');
  return sets.every(({ metadata }) => {
    const mark = parseInstant(metadata.annotations?.[SCALE_DOWN_DEADLINE] ?? '');
    return now !== undefined && mark !== undefined && now > mark;
  });
}

export const PLUGIN = ['kubectl', 'argo', 'rollouts'] as const;
export const GET = [...PLUGIN, 'get', 'rollout', NAME] as const;

function describe(kind: string): Scene {
  return { command: ['kubectl', 'describe', kind, NAME], showsSpec: true };
}

export const SCENES: readonly Scene[] = [
  {
    heading: 'Deploy mock-server canary rollout and check status',
    command: ['kubectl', 'apply', '-f', MANIFEST],
  },
  { until: { what: 'the first version is healthy', holds: isSettled }, command: GET },
  describe('virtualservice'),
  describe('destinationrule'),
  {
    heading: 'Set mock-server image to 2.0.0 and check status',
    command: [...PLUGIN, 'set', 'image', NAME, `${NAME}=${IMAGE}:2.0.0`],
  },
  {
    until: {
      what: 'the experiment is measured',
      holds: (client) => isExperimenting(client, 1),
    },
    command: GET,
  },
  describe('virtualservice'),
  describe('destinationrule'),
  { until: { what: 'the update is given up and its pods are gone', holds: isOver }, command: GET },
  { heading: 'Retry mock-server rollout', command: [...PLUGIN, 'retry', 'rollout', NAME] },
  {
    until: {
      what: 'the second experiment is measured',
      holds: (client) => isExperimenting(client, 2),
    },
    command: GET,
  },
];

/** From `Spec:` to the next part, with dots for what is left out before it. */
export function specOf(described: string): string {
  const lines = described.split('\n');
  const start = lines.findIndex((line) => line.startsWith('Spec:'));
  if (start < 0) return described;
  const length = lines.slice(start + 1).findIndex((line) => /^\S/.test(line));
  const end = length < 0 ? lines.length : start + 1 + length;
  return `...\n${lines.slice(start, end).join('\n').trimEnd()}\n`;
}

/** Tells the story scene by scene. */
export async function* tell(stage: Stage): AsyncGenerator<Told> {
  for (const { heading, until, command, showsSpec } of SCENES) {
    if (until !== undefined) await stage.until(until.what, () => until.holds(stage.client));
    const output = await stage.run(command);
    yield {
      ...(heading === undefined ? {} : { heading }),
      command,
      output: showsSpec === true ? specOf(output) : output,
    };
  }
}

/** A scene in the document's form. */
export function toldText({ heading, command, output, note }: Told): string {
  const title = heading === undefined ? '' : `# ${heading}\n`;
  const typed = command.map((word) => (/[\s"'{}]/.test(word) ? `'${word}'` : word)).join(' ');
  return `${title}$ ${typed}\n${output}\n${note === undefined ? '' : `${note}\n`}`;
}
