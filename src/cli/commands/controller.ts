// `slipway controller`: the controller against any Kubernetes API server (../controller-run.ts).
import type { Leaf } from '../command.ts';
import { bool, int, text } from '../flags.ts';
import { LEADING } from '../leading-flags.ts';
import { PLUGIN_TIMEOUT } from '../plugin-flags.ts';
import { PROPAGATION_DELAY } from '../propagation.ts';

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
  flags: [
    bool('namespaced', 'Watch only the namespace of --namespace, the kubeconfig or the pod'),
    { ...text('istio-api-version', 'Version of networking.istio.io to use'), default: 'v1beta1' },
    { ...text('logformat', 'text or json'), default: 'text' },
    text('instance-id', 'Drive only objects whose label controller-instance-id has this value'),
    ...LEADING,
    int('workers', '40', 'Objects looked at at the same time'),
    PROPAGATION_DELAY,
    PLUGIN_TIMEOUT,
    {
      ...text('plugin-folder', 'Folder below which executables of plugins are kept'),
      default: '.',
    },
  ],
  // Loaded when it is run: the other commands start without a controller in their memory.
  run: async (context) => (await import('../controller-run.ts')).runController(context),
};
