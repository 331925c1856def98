// `slipway sandbox`: a cluster of one's own, with nothing but this process.
import { createLog } from '../../controller/log.ts';
import { systemRandom } from '../../host/clock.ts';
import { ScaledClock } from '../../lib/clock.ts';
import { type Database, DatabaseError, type Duration, ListenError } from '../../lib/ports.ts';
import { CommandError, type Context, type Leaf } from '../command.ts';
import { parseDuration } from '../../lib/time.ts';
import { int, text } from '../flags.ts';
import type { LocalCluster, MeshSettings } from '../local-cluster.ts';
import type { RealPrometheus } from '../real-prometheus.ts';
import { PLUGIN_TIMEOUT, pluginTimeoutOf } from '../plugin-flags.ts';
import { PROPAGATION_DELAY, propagationDelayOf } from '../propagation.ts';

const SHORTEST_SCRAPE_MS = 100;

/** How much faster than real time; refused if it is no positive number. */
export function speedOf({ flags }: Context): number {
  const speed = Number(flags.text('speed'));
  if (speed > 0 && Number.isFinite(speed)) return speed;
  throw new CommandError(`--speed ${flags.text('speed')}: it is a number above 0, 1 is real time`);
}

function durationOf({ flags }: Context, name: string): Duration {
  const parsed = parseDuration(flags.text(name));
  if (!parsed.ok) throw new CommandError(`--${name}: ${parsed.error}`);
  return parsed.duration;
}

function meshSettings(context: Context): Required<MeshSettings> {
  const scrapeInterval = durationOf(context, 'scrape-interval');
  if (scrapeInterval < SHORTEST_SCRAPE_MS) {
    throw new CommandError('--scrape-interval: it is 100ms or longer');
  }
  const naming = context.flags.text('workload-names');
  if (naming !== 'current' && naming !== 'replica-set') {
    throw new CommandError(`--workload-names ${naming}: it is current or replica-set`);
  }
  const propagation = durationOf(context, 'propagation');
  return { propagation, workloadNaming: naming, scrapeInterval };
}

const LAST_PORT = 65_535;

function portOf({ flags }: Context, name: string): number {
  const port = flags.int(name);
  if (port >= 0 && port <= LAST_PORT) return port;
  throw new CommandError(
    `--${name} ${port}: it is a number up to ${LAST_PORT}, 0 takes a free one`,
  );
}

/** What is kept in the folder of --persist. Loaded here only: no other command needs it. */
async function stateIn({ files }: Context, folder: string): Promise<Database> {
  const { openDatabase } = await import('../../host/database.ts');
  return openDatabase(files.join(folder, 'state.sqlite'));
}

function welcome(cluster: LocalCluster, { env }: Context): string {
  const path = env('PATH') ?? '';
  const isOnPath = path.split(':').includes(cluster.programs);
  return [
    `The sandbox is ready: API server, workloads, node, controller.`,
    ``,
    `  API server   ${cluster.server}`,
    `  Mesh         ${cluster.proxy}`,
    ...prometheusLines(cluster),
    ``,
    `Point kubectl at it in another terminal:`,
    ``,
    `  export KUBECONFIG=${cluster.kubeconfig}`,
    ...(isOnPath ? [] : [`  export PATH=${cluster.programs}:$PATH`]),
    `  kubectl get pods`,
    `  kubectl argo rollouts list rollouts`,
    ``,
    `Send requests to a Service, as the shell pod or from here:`,
    ``,
    `  kubectl exec -it shell -- curl -s NAME:PORT/PATH`,
    `  curl -x ${cluster.proxy} http://NAME:PORT/PATH`,
    `  slipway traffic --rps 50 --to http://NAME:PORT/PATH --for 1m`,
    ``,
    `Ctrl-C ends it.`,
    ``,
  ].join('\n');
}

/** Who answers at the in-cluster address, and where people find it. */
function prometheusLines({ prometheus, realPrometheus }: LocalCluster): readonly string[] {
  if (realPrometheus === undefined) return [`  Prometheus   ${prometheus} (built in)`];
  const { url, kind } = realPrometheus;
  return kind === 'program'
    ? [
        `  Prometheus   ${url} (the program prometheus, which scrapes the sandbox)`,
        `  Built in     ${prometheus} (has the same series)`,
      ]
    : [
        `  Prometheus   ${url} (yours)`,
        `  Series       ${prometheus}/federate (what yours should scrape: docs/mesh.md)`,
      ];
}

/** A real one if it is wanted; the function that opens it is given the sandbox's own address. */
async function prometheusOf(
  context: Context,
  { folder, speed }: { readonly folder: string; readonly speed: number },
): Promise<(source: string) => Promise<RealPrometheus | undefined>> {
  const wanted = context.flags.text('prometheus');
  if (wanted === '') return () => Promise.resolve(undefined);
  const { openPrometheus } = await import('../real-prometheus.ts');
  const { scrapeInterval } = meshSettings(context);
  return (source) => openPrometheus(context, { wanted, speed, folder, scrapeInterval, source });
}

/** Until the user ends it. Throws when the Prometheus that was started has ended before. */
async function untilStopped({ cancel }: Context, real: RealPrometheus | undefined): Promise<void> {
  const stopped = new Promise<undefined>((resolve) => cancel.onCancel(() => resolve(undefined)));
  const reason = await Promise.race([stopped, real?.died ?? stopped]);
  if (reason !== undefined && !cancel.cancelled) {
    throw new CommandError(`--prometheus auto: ${reason}`);
  }
}

/** What the user can do something about, by the flag that it came from. */
function sentenceOf(error: unknown, { flags }: Context): unknown {
  if (error instanceof ListenError) {
    const mesh = flags.int('mesh-port');
    const flag = mesh > 0 && error.message.includes(`:${mesh} `) ? 'mesh-port' : 'port';
    return new CommandError(`--${flag}: ${error.message}`, { cause: error });
  }
  if (error instanceof DatabaseError) {
    const message = `--persist: ${error.message}: choose another folder`;
    return new CommandError(message, { cause: error });
  }
  return error;
}

export const SANDBOX: Leaf = {
  kind: 'leaf',
  name: 'sandbox',
  minArgs: 0,
  maxArgs: 0,
  short: 'Run a cluster in this process, for trying rollouts out',
  long:
    'Run an API server, workloads, a node and the controller in this process. No cluster and no container engine is ' +
    'needed; no kubeconfig of yours is read or changed.',
  example:
    '# A fresh sandbox\nslipway sandbox\n\n' +
    '# One that remembers, ten times as fast as real time\nslipway sandbox --persist ./state --speed 10',
  flags: [
    int('port', '0', 'Port of the API server; 0 takes a free one'),
    { ...text('speed', 'How much faster than real time its clock runs'), default: '1' },
    text('persist', 'Folder that keeps the state over a restart'),
    int('mesh-port', '0', 'Port where the mesh takes requests; 0 takes a free one'),
    {
      ...text('propagation', 'The longest time that a change of routes takes to reach the mesh'),
      type: 'duration',
      default: '0s',
    },
    {
      ...text('scrape-interval', 'Between two samples of every metric'),
      type: 'duration',
      default: '5s',
    },
    {
      ...text(
        'workload-names',
        'How metrics name pods of a Rollout: current, or replica-set as before Istio 1.22',
      ),
      default: 'current',
    },
    text(
      'prometheus',
      'A real Prometheus instead of the built-in one: auto starts the one on the PATH, or its address',
    ),
    PROPAGATION_DELAY,
    PLUGIN_TIMEOUT,
  ],
  run: async (context) => {
    const { clock, terminal, files, env, flags } = context;
    const speed = speedOf(context);
    const port = portOf(context, 'port');
    const proxyPort = portOf(context, 'mesh-port');
    const persist = flags.text('persist');
    const folder =
      persist === '' ? await files.temporaryFolder('slipway-') : files.absolute(persist);
    const own = speed === 1 ? clock : new ScaledClock(clock, speed);
    const log = createLog({
      clock,
      level: flags.has('loglevel') && flags.text('loglevel') === 'debug' ? 'debug' : 'warn',
      format: 'text',
      write: (line) => terminal.err(line),
    });
    // The other commands start without a cluster in their memory.
    const { startLocalCluster } = await import('../local-cluster.ts');
    let real: RealPrometheus | undefined;
    try {
      const open = await prometheusOf(context, { folder, speed });
      const cluster = await startLocalCluster({
        clock: own,
        random: systemRandom(),
        files,
        env,
        log,
        program: context.program,
        folder,
        port,
        proxyPort,
        sandbox: meshSettings(context),
        propagationDelay: propagationDelayOf(context),
        pluginTimeout: pluginTimeoutOf(context),
        openPrometheus: async (source) => (real = await open(source)),
        ...(persist === '' ? {} : { database: await stateIn(context, folder) }),
      });
      terminal.out(welcome(cluster, context));
      try {
        await untilStopped(context, real);
      } finally {
        await cluster.stop();
      }
      return 0;
    } catch (error) {
      throw sentenceOf(error, context);
    } finally {
      await real?.stop();
      if (persist === '') await files.remove(folder);
    }
  },
};
