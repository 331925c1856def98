// The controller as a program of its own (`slipway controller`): what the command starts and waits for.
import { createController } from '../controller/controller.ts';
import { createLog, type Level, LEVELS } from '../controller/log.ts';
import { systemRandom } from '../host/clock.ts';
import { createTransports } from '../host/transports.ts';
import { createEventRecorder } from '../kube/events.ts';
import { pluginAnswers } from '../plugins/answers.ts';
import { measureWith } from '../providers/measure.ts';
import { CommandError, type Context } from './command.ts';
import { jobPlace } from './job-place.ts';
import { turnToLead } from './leading.ts';
import { pluginTimeoutOf } from './plugin-flags.ts';
import { pluginsOnceReachable } from './plugins.ts';
import { propagationDelayOf } from './propagation.ts';

function levelOf({ flags }: Context): Level {
  const wanted = flags.text('loglevel');
  const level = LEVELS.find((one) => one === wanted);
  if (level === undefined) {
    throw new CommandError(`--loglevel ${wanted}: it is one of ${LEVELS.join(', ')}`);
  }
  return level;
}

/** Runs until the context is cancelled; gives the exit status. */
export async function runController(context: Context): Promise<number> {
  const { clock, terminal, cancel, flags, env } = context;
  const log = createLog({
    clock,
    level: levelOf(context),
    format: flags.text('logformat') === 'json' ? 'json' : 'text',
    write: (line) => terminal.err(line),
  });
  const { client, namespace, server } = await context.connect();
  const plugins = await pluginsOnceReachable({
    client,
    clock,
    log,
    namespace,
    cancel,
    files: context.files,
    folder: flags.text('plugin-folder'),
    callLimit: pluginTimeoutOf(context),
  });
  if (plugins === undefined) return 0;
  const asked = pluginAnswers(plugins, (text) => log.warn('plugin', { cause: text }));
  const measure = measureWith({
    clock,
    env,
    files: context.files,
    connect: createTransports(),
    jobs: await jobPlace(context, client),
    plugins: asked.measuring,
  });
  const leadership = await turnToLead(context, { client, log });
  if (leadership === undefined) {
    await plugins.stop();
    return 0;
  }
  const instance = flags.text('instance-id');
  const controller = createController({
    client,
    leads: () => leadership.holds(),
    ...(instance === '' ? {} : { instance }),
    clock,
    random: systemRandom(),
    log,
    workers: flags.int('workers'),
    istioVersion: flags.text('istio-api-version'),
    propagationDelay: propagationDelayOf(context),
    ...(flags.bool('namespaced') ? { namespace } : {}),
    measure,
    plugins: asked.answers,
    events: createEventRecorder({
      client,
      clock,
      component: 'rollouts-controller',
      onProblem: (error) => log.warn('event lost', { cause: error.message }),
    }),
  });
  log.info('starting', { server });
  const stopped = new Promise<void>((resolve) => {
    cancel.onCancel(() => resolve());
    leadership.lost.onCancel(() => resolve());
  });
  // A server that cannot be reached is waited for; a signal ends the wait too.
  await Promise.race([controller.start(), stopped]);
  if (!cancel.cancelled && leadership.holds()) log.info('ready');
  await stopped;
  log.info('stopping');
  // Together: the questions end at once, and programs may need their time.
  await Promise.all([controller.stop(), plugins.stop()]);
  await leadership.giveUp();
  // Whoever started this process starts another, which waits for its turn.
  return leadership.lost.cancelled ? 1 : 0;
}
