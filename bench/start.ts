// How long the programs take to start, and what kubectl adds.
import { type Measurement } from './figure.ts';
import { medianTimes, PROGRAM, startSandbox } from './processes.ts';
import { fileURLToPath } from 'node:url';

const DOCUMENT = fileURLToPath(
  new URL(
    '../examples/mock-server-canary-istio-destinationrule-analysistemplate-experiment.yaml',
    import.meta.url,
  ),
);

export const START: Measurement = {
  name: 'start',
  how:
    'Whole processes against a running `slipway sandbox` with the document applied, median of 15, taking turns. ' +
    'An empty Node program is the least that a program of ours can take, `kubectl version --client` the least of kubectl.',
  measure: async () => {
    const sandbox = await startSandbox();
    try {
      const env = {
        KUBECONFIG: sandbox.kubeconfig,
        PATH: `${sandbox.programs}:${process.env['PATH'] ?? ''}`,
        KUBECACHEDIR: `${sandbox.programs}/../cache`,
      };
      const node = process.execPath;
      const slipway = `${PROGRAM}slipway`;
      medianTimes({ apply: { command: 'kubectl', args: ['apply', '-f', DOCUMENT], env } }, 1);
      const times = medianTimes({
        node: { command: node, args: ['-e', '0'] },
        version: { command: node, args: [slipway, '--version'] },
        get: { command: node, args: [slipway, 'get', 'rollout', 'mock-server'], env },
        kubectl: { command: 'kubectl', args: ['version', '--client'] },
        kubectlGet: { command: 'kubectl', args: ['get', 'rollouts'], env },
        plugin: {
          command: 'kubectl',
          args: ['argo', 'rollouts', 'get', 'rollout', 'mock-server'],
          env,
        },
      });
      const empty = (value: number) => ({
        what: 'an empty Node program',
        ratio: value / times.node,
      });
      const floor = (value: number) => ({
        what: 'kubectl version --client',
        ratio: value / times.kubectl,
      });
      return [
        {
          name: 'slipway --version',
          value: times.version,
          unit: 'ms',
          atMost: 60,
          against: empty(times.version),
        },
        {
          name: 'slipway get rollout',
          value: times.get,
          unit: 'ms',
          atMost: 60,
          against: empty(times.get),
        },
        {
          name: 'kubectl get rollouts',
          value: times.kubectlGet,
          unit: 'ms',
          against: floor(times.kubectlGet),
        },
        {
          name: 'kubectl argo rollouts get rollout',
          value: times.plugin,
          unit: 'ms',
          against: floor(times.plugin),
        },
      ];
    } finally {
      await sandbox.stop();
    }
  },
};
