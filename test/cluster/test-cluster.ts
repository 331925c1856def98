// The whole test cluster: a real control plane with our data plane below it. Entry point: `startTestCluster`.
import { mkdirSync, writeFileSync } from 'node:fs';
import { controlPlanePrograms } from './binaries.ts';
import { type ControlPlane, startControlPlane, transportOf } from './control-plane.ts';
import { type Machine, type MachineOptions, startMachine } from './machine.ts';

export interface TestCluster extends Omit<ControlPlane, 'stop'>, Pick<Machine, 'prometheus'> {
  stop(): Promise<void>;
}

/** What is written for others about a cluster that runs, beside its kubeconfig. */
export const FACTS_FILE = 'cluster.json';

/** Starts everything in the folder, which is made; resolves when it is ready. */
export async function startTestCluster(
  folder: string,
  say: (line: string) => void,
  options: Omit<MachineOptions, 'onProblem'> = {},
): Promise<TestCluster> {
  const programs = await controlPlanePrograms(say);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const plane = await startControlPlane(programs, folder, {
    hasManyHands: options.isBare !== true,
  });
  try {
    const reach = await transportOf(plane.kubeconfig);
    const machine = await startMachine(reach.send, {
      ...options,
      onProblem: (what, error) => say(`${what}: ${error.message}`),
    });
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
    await plane.stop();
    throw error;
  }
}
