// The controller as a program of its own (`slipway controller`): what the command starts and waits for, in this order:
// endpoints, plugins, its turn to lead, the controller; and ends in the other.
import { type Controller, createController } from '../controller/controller.ts';
import { createLog, type Level, LEVELS, type Log } from '../controller/log.ts';
import { Metrics } from '../controller/metrics/metrics.ts';
import { systemRandom } from '../host/clock.ts';
import { processFacts } from '../host/machine.ts';
import { createTransports } from '../host/transports.ts';
import type { KubeClient } from '../kube/client.ts';
import { createEventRecorder } from '../kube/events.ts';
import type { Leadership } from '../kube/leadership.ts';
import { observed } from '../kube/request-facts.ts';
import { type PluginAnswers, pluginAnswers } from '../plugins/answers.ts';
import { measureWith } from '../providers/measure.ts';
import { type Budgets, budgetsOf } from './budget.ts';
import { CommandError, type Connected, type Context } from './command.ts';
import { build, versionText } from './commands/version.ts';
import { openEndpoints } from './controller-endpoints.ts';
import {
  type ControllerSettings,
  controllerSettings,
  effectlessNotices,
} from './controller-flags.ts';
import { jobPlace } from './job-place.ts';
import { turnToLead } from './leading.ts';
import { pluginsOnceReachable } from './plugins.ts';

/** What this process has come to. */
interface Progress {
  /** What is missing before it is ready; undefined if nothing is. */
  waitsFor: string | undefined;
  leadership: Leadership | undefined;
}

interface Running {
  readonly context: Context;
  readonly settings: ControllerSettings;
  readonly budgets: Budgets;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly progress: Progress;
}

/** Runs until the context is cancelled; gives the exit status. */
export async function runController(context: Context): Promise<number> {
  const { flags, terminal } = context;
  if (flags.bool('version')) {
    terminal.out(`${versionText()}\n`);
    return 0;
  }
  const settings = controllerSettings(context);
  await context.program.becomeLean?.();
  const budgets = budgetsOf(context);
  const log = logOf(context);
  for (const notice of effectlessNotices(flags)) log.warn(notice);
  const progress: Progress = { waitsFor: 'the API server', leadership: undefined };
  const metrics = metricsOf(context, progress);
  const close = await openEndpoints({ settings, metrics, log, waitsFor: () => progress.waitsFor });
  try {
    return await runInTurn({ context, settings, budgets, log, metrics, progress });
  } finally {
    await close();
  }
}

function levelOf({ flags }: Context): Level {
  const wanted = flags.text('loglevel');
  const level = LEVELS.find((one) => one === wanted);
  if (level === undefined) {
    throw new CommandError(`--loglevel ${wanted}: it is one of ${LEVELS.join(', ')}`);
  }
  return level;
}

function logOf(context: Context): Log {
  const { clock, flags, terminal } = context;
  const wanted = flags.text('logformat');
  const log = createLog({
    clock,
    level: levelOf(context),
    format: wanted === 'json' ? 'json' : 'text',
    write: (line) => terminal.err(line),
  });
  if (!['text', 'json', ''].includes(wanted)) {
    log.warn('flag --logformat is text or json; lines are text', { logformat: wanted });
  }
  return log;
}

function metricsOf({ clock, program }: Context, progress: Progress): Metrics {
  const { version, commit } = build();
  const machine = program.platform.split('/')[1] ?? '';
  return new Metrics({
    clock,
    leads: () => progress.leadership?.holds() === true,
    build: { version, commit, runtime: `node ${program.runtime}`, machine },
    process: processFacts,
  });
}

/** Connects, starts plugins, waits for the lead and drives what there is until it is told to end. */
async function runInTurn(running: Running): Promise<number> {
  const { context, settings, budgets, log, metrics, progress } = running;
  const { clock, cancel, flags } = context;
  const connected = await context.connect((send) =>
    observed(send, (facts, status) => metrics.requested(facts, status)),
  );
  const { client, within, namespace } = connected;
  const counted = within(budgets.work);
  const plugins = await pluginsOnceReachable({
    client,
    clock,
    log,
    namespace,
    cancel,
    files: context.files,
    folder: flags.text('plugin-folder'),
    callLimit: settings.pluginTimeout,
  });
  if (plugins === undefined) return 0;
  const asked = pluginAnswers(plugins, (text) => log.warn('plugin', { cause: text }));
  const jobs = await jobPlace(context, counted);
  progress.waitsFor = 'the Lease to be read';
  const leadership = await turnToLead(context, {
    client,
    log,
    onRead: (isRead) => {
      progress.waitsFor = isRead ? undefined : 'the Lease to be read again';
    },
  });
  if (leadership === undefined) {
    await plugins.stop();
    return 0;
  }
  progress.leadership = leadership;
  const parts = { connected, counted, leadership, plugins, asked, jobs };
  const controller = controllerOf(running, parts);
  await lead(running, parts, controller);
  // The next controller need not wait until all events of this one are told.
  await Promise.all([leadership.giveUp(), controller.stop()]);
  // Whoever started this process starts another, which waits for its turn.
  return leadership.lost.cancelled ? 1 : 0;
}

interface Parts {
  readonly connected: Connected;
  /** For all but the Lease and Events: its requests are counted. */
  readonly counted: KubeClient;
  readonly leadership: Leadership;
  readonly plugins: { stop(): Promise<void> };
  readonly asked: PluginAnswers;
  readonly jobs: Awaited<ReturnType<typeof jobPlace>>;
}

function controllerOf(
  { context, settings, budgets, log, metrics }: Running,
  { connected, counted, leadership, asked, jobs }: Parts,
): Controller {
  const { clock, flags, env, files, program } = context;
  const { client, namespace } = connected;
  const instance = flags.text('instance-id');
  const controller: Controller = createController({
    client: counted,
    isCrowded: () => budgets.work.isCrowded,
    leads: () => leadership.holds(),
    ...(instance === '' ? {} : { instance }),
    clock,
    random: systemRandom(),
    log,
    metrics,
    workers: settings.workers,
    resync: settings.resync,
    onlyAnalysis: settings.onlyAnalysis,
    istioVersion: flags.text('istio-api-version'),
    propagationDelay: settings.propagationDelay,
    ...(flags.bool('namespaced') ? { namespace } : {}),
    measure: measureWith({
      clock,
      env,
      files,
      connect: createTransports(),
      jobs,
      plugins: asked.measuring,
    }),
    plugins: asked.answers,
    onRest: () => void program.giveMemoryBack?.(),
    events: createEventRecorder({
      client,
      clock,
      component: 'rollouts-controller',
      pace: (cancel, since) => budgets.tell(cancel, since, controller.hasManyUpdates),
      onProblem: (error, { about, reason, message }) =>
        log.warn('event not sent', {
          namespace: about.namespace ?? '',
          name: about.name,
          reason,
          message,
          cause: error.message,
        }),
    }),
  });
  return controller;
}

/** From the start of the controller to its end, by a signal or because the lead was lost. */
async function lead(
  { context, log, progress }: Running,
  { leadership, plugins, connected: { server } }: Parts,
  controller: Controller,
): Promise<void> {
  const { cancel } = context;
  log.info('starting', { server });
  progress.waitsFor = 'the objects of the cluster to be read';
  const stopped = new Promise<void>((resolve) => {
    cancel.onCancel(() => resolve());
    leadership.lost.onCancel(() => resolve());
  });
  // A server that cannot be reached is waited for; a signal ends the wait too.
  await Promise.race([controller.start(), stopped]);
  if (!cancel.cancelled && leadership.holds()) {
    progress.waitsFor = undefined;
    log.info('ready');
  }
  await stopped;
  progress.waitsFor = 'its end';
  log.info('stopping');
  // Together: the questions end at once, and programs may need their time.
  await Promise.all([controller.stopWriting(), plugins.stop()]);
}
