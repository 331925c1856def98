// The whole test cluster: a real control plane with our data plane below it. Entry point: `startTestCluster`.
import { mkdirSync, writeFileSync } from 'node:fs';
import { systemClock } from '../../src/host/clock.ts';
import { cancellation, sleep } from '../../src/lib/clock.ts';
import { milliseconds } from '../../src/lib/time.ts';
import { controlPlanePrograms } from './binaries.ts';
import { type ControlPlane, startControlPlane, transportOf } from './control-plane.ts';
import { type Machine, type MachineOptions, startMachine } from './machine.ts';

export interface TestCluster extends Omit<ControlPlane, 'stop'>, Pick<Machine, 'prometheus'> {
  stop(): Promise<void>;
}

/** What is written for others about a cluster that runs, beside its kubeconfig. */
export const FACTS_FILE = 'cluster.json';

/** A start takes seconds; one that takes longer than this never ends. */
const PATIENCE = milliseconds(120_000);
const STARTS = 3;

/**
 * Starts everything in the folder, which is made; resolves when it is ready. Once in a hundred starts the API server's
 * watches of etcd do not begin, and nothing can be listed: then all is started anew.
 */
export async function startTestCluster(
  folder: string,
  say: (line: string) => void,
  options: Omit<MachineOptions, 'onProblem'> = {},
): Promise<TestCluster> {
  for (let start = 1; ; start += 1) {
    try {
      return await startOnce(folder, say, options);
    } catch (error) {
      if (!(error instanceof StartError) || start === STARTS) throw error;
      say(`${error.message}; starting it anew`);
    }
  }
}

class StartError extends Error {
  constructor() {
    super(`the cluster is not ready after ${PATIENCE / 1000} s`);
    this.name = 'StartError';
  }
}

/** `work`, or a `StartError` if it takes too long. */
async function inTime<T>(work: Promise<T>): Promise<T> {
  const isOver = cancellation();
  const late = sleep(systemClock, PATIENCE, isOver.cancel).then(() => {
    throw new StartError();
  });
  // Nobody waits for the one that comes second.
  late.catch(() => undefined);
  work.catch(() => undefined);
  try {
    return await Promise.race([work, late]);
  } finally {
    isOver.now();
  }
}

async function startOnce(
  folder: string,
  say: (line: string) => void,
  options: Omit<MachineOptions, 'onProblem'>,
): Promise<TestCluster> {
  const programs = await controlPlanePrograms(say);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const plane = await startControlPlane(programs, folder, {
    hasManyHands: options.isBare !== true,
  });
  let isGivenUp = false;
  try {
    const reach = await transportOf(plane.kubeconfig);
    const machine = await inTime(
      startMachine(reach.send, {
        ...options,
        onProblem: (what, error) => {
          if (!isGivenUp) say(`${what}: ${error.message}`);
        },
      }),
    );
    const { server, kubeconfig, controllerKubeconfig, auditLog } = plane;
    const { prometheus } = machine;
    const facts = { server, kubeconfig, controllerKubeconfig, auditLog, prometheus };
    writeFileSync(`${folder}/${FACTS_FILE}`, `${JSON.stringify(facts, null, 2)}\n`);
    return {
      ...facts,
      stop: async () => {
        await machine.stop();
        reach.close();
        await plane.stop();
      },
    };
  } catch (error) {
    isGivenUp = true;
    await plane.stop();
    throw error;
  }
}
