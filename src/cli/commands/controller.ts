// `slipway controller`: the controller against any Kubernetes API server.
import { createController } from '../../controller/controller.ts';
import { createLog, type Level, LEVELS } from '../../controller/log.ts';
import { systemRandom } from '../../host/clock.ts';
import { createTransport } from '../../host/transport.ts';
import { createEventRecorder } from '../../kube/events.ts';
import { measureWith } from '../../providers/measure.ts';
import { CommandError, type Context, type Leaf } from '../command.ts';
import { bool, int, text } from '../flags.ts';

function levelOf({ flags }: Context): Level {
  const wanted = flags.text('loglevel');
  const level = LEVELS.find((one) => one === wanted);
  if (level === undefined) {
    throw new CommandError(`--loglevel ${wanted}: it is one of ${LEVELS.join(', ')}`);
  }
  return level;
}

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
    int('workers', '40', 'Objects looked at at the same time'),
  ],
  run: async (context) => {
    const { clock, terminal, cancel, flags, env } = context;
    const log = createLog({
      clock,
      level: levelOf(context),
      format: flags.text('logformat') === 'json' ? 'json' : 'text',
      write: (line) => terminal.err(line),
    });
    const { client, namespace, server } = await context.connect();
    const measure = measureWith({
      clock,
      env,
      connect: (address, { insecure }) => createTransport({ server: address, insecure }).send,
    });
    const controller = createController({
      client,
      clock,
      random: systemRandom(),
      log,
      workers: flags.int('workers'),
      istioVersion: flags.text('istio-api-version'),
      ...(flags.bool('namespaced') ? { namespace } : {}),
      measure,
      events: createEventRecorder({
        client,
        clock,
        component: 'rollouts-controller',
        onProblem: (error) => log.warn('event lost', { cause: error.message }),
      }),
    });
    log.info('starting', { server });
    const stopped = new Promise<void>((resolve) => cancel.onCancel(() => resolve()));
    // A server that cannot be reached is waited for; a signal ends the wait too.
    await Promise.race([controller.start(), stopped]);
    if (!cancel.cancelled) log.info('ready');
    await stopped;
    log.info('stopping');
    await controller.stop();
    return 0;
  },
};
