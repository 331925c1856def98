// `slipway controller`: the controller against any Kubernetes API server (../controller-run.ts).
import type { Leaf } from '../command.ts';
import { CONTROLLER_FLAGS } from '../controller-flags.ts';

export const CONTROLLER: Leaf = {
  kind: 'leaf',
  name: 'controller',
  minArgs: 0,
  maxArgs: 0,
  short: 'Run the controller',
  long: 'Run the controller against the API server of the kubeconfig, or in a pod against its own cluster, until SIGTERM.',
  example:
    '# Run against the current context\nslipway controller\n\n' +
    '# Watch one namespace only\nslipway controller --namespaced -n shop',
  flags: CONTROLLER_FLAGS,
  // Loaded when it is run: the other commands start without a controller in their memory.
  run: async (context) => (await import('../controller-run.ts')).runController(context),
};
