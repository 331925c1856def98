// A real Prometheus in the place of the sandbox's own (`slipway sandbox --prometheus`): somebody's server, or the
// program `prometheus` of this machine, which scrapes the sandbox and ends with it. Entry point: `openPrometheus`.
import { systemListener } from '../host/listener.ts';
import { createTransports } from '../host/transports.ts';
import { cancellation, sleep } from '../lib/clock.ts';
import {
  type Cancel,
  type Clock,
  type Duration,
  ProcessError,
  type ProcessExit,
  type Transport,
} from '../lib/ports.ts';
import { milliseconds, seconds } from '../lib/time.ts';
import { toYaml } from '../lib/yaml.ts';
import { addressOf, sender, withTimeout } from '../providers/http.ts';
import { ProviderError } from '../providers/provider.ts';
import { CommandError, type Context } from './command.ts';

export interface RealPrometheus {
  readonly url: string;
  /** What it is, in the words of the welcome. */
  readonly kind: 'server' | 'program';
  readonly connect: (options: { readonly insecure: boolean }) => Transport;
  /** Resolves with the reason if the program ends without having been told to. */
  readonly died: Promise<string>;
  /** Ends the program and removes its data; a server of somebody else is left alone. */
  stop(): Promise<void>;
}

export interface PrometheusOptions {
  /** `auto` or an address. */
  readonly wanted: string;
  readonly speed: number;
  /** Where the program's configuration and data are kept meanwhile. */
  readonly folder: string;
  readonly scrapeInterval: Duration;
  /** Address of the sandbox's own Prometheus, where the program scrapes. */
  readonly source: string;
}

type Ports = Pick<Context, 'clock' | 'files' | 'processes' | 'cancel' | 'env'>;

/** Resolves when it answers. Throws `CommandError` with the reason if it does not. */
export function openPrometheus(ports: Ports, options: PrometheusOptions): Promise<RealPrometheus> {
  const { wanted, speed } = options;
  if (speed !== 1) {
    throw refusal(wanted, 'the clock of a real Prometheus is the real one, so --speed must be 1');
  }
  return wanted === 'auto' ? started(ports, options) : found(ports, wanted);
}

function refusal(wanted: string, why: string, cause?: unknown): CommandError {
  return new CommandError(`--prometheus ${wanted}: ${why}`, { cause });
}

/** Longest wait for a first answer of somebody's server. */
const ANSWER_LIMIT = seconds(10);
/** Whoever wants credentials is there; the templates have them. */
const THERE: ReadonlySet<number> = new Set([200, 401, 403]);

async function found(ports: Ports, wanted: string): Promise<RealPrometheus> {
  const address = addressOf(wanted);
  if (address === undefined || address.root.includes('@')) {
    throw refusal(wanted, 'it is auto or an address such as http://127.0.0.1:9090');
  }
  const url = `${address.root}${address.path}`;
  const connect = createTransports();
  const send = sender({ ...ports, connect }, false);
  const call = { method: 'GET', headers: {} } as const;
  try {
    const { status } = await withTimeout(
      { ...ports, connect },
      ANSWER_LIMIT,
      ports.cancel,
      (over) => send(`${url}/api/v1/query?query=1`, call, over),
    );
    if (!THERE.has(status)) {
      throw refusal(wanted, `no Prometheus is there: ${url}/api/v1/query answers with ${status}`);
    }
  } catch (error) {
    if (!(error instanceof ProviderError)) throw error;
    const cause = error.cause instanceof Error ? error.cause.message : error.message;
    throw refusal(wanted, `it does not answer: ${cause}`, error);
  }
  return {
    url,
    kind: 'server',
    connect: (options) => connect(url, options),
    died: new Promise(() => undefined),
    stop: () => Promise.resolve(),
  };
}

const ATTEMPTS = 3;

/** A port that was free may be taken before the program opens it: then another one is tried. */
async function started(ports: Ports, options: PrometheusOptions): Promise<RealPrometheus> {
  for (let attempt = 1; ; attempt += 1) {
    const outcome = await startedOnce(ports, options);
    if (typeof outcome !== 'string') return outcome;
    if (attempt === ATTEMPTS || !outcome.includes('address already in use')) {
      throw refusal('auto', outcome);
    }
  }
}

/** The running program, or why it does not run. */
async function startedOnce(
  ports: Ports,
  options: PrometheusOptions,
): Promise<RealPrometheus | string> {
  const { files, processes } = ports;
  const folder = files.join(options.folder, 'prometheus');
  const config = files.join(folder, 'prometheus.yml');
  await files.write(config, configText(options));
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const over = cancellation();
  const ended = processes
    .run({
      command: 'prometheus',
      args: [
        `--config.file=${config}`,
        `--storage.tsdb.path=${files.join(folder, 'data')}`,
        `--web.listen-address=127.0.0.1:${port}`,
        '--log.level=warn',
      ],
      isTied: true,
      cancel: over.cancel,
    })
    .then(reasonOf, failureOf);
  const stop = async () => {
    over.now();
    await ended;
    await files.remove(folder);
  };
  const connect = createTransports();
  // Later on the program is ended after the controller, which asks it.
  const stopWatching = ports.cancel.onCancel(() => over.now());
  const ready = isReady(ports.clock, connect(url, { insecure: false }), over.cancel);
  const outcome = await Promise.race([ended, ready]);
  stopWatching();
  if (outcome === true) {
    return { url, kind: 'program', connect: (how) => connect(url, how), died: ended, stop };
  }
  await stop();
  return outcome === false ? `it was not ready within ${READY_LIMIT_MS / 1000} seconds` : outcome;
}

/**
 * The newest samples with the labels that they have here. They get the time of the scrape: of samples that bring a time
 * of their own Prometheus does not notice that they have ended.
 */
function configText({ source, scrapeInterval }: PrometheusOptions): string {
  return toYaml({
    global: { scrape_interval: `${scrapeInterval}ms`, scrape_timeout: `${scrapeInterval}ms` },
    scrape_configs: [
      {
        job_name: 'slipway-sandbox',
        metrics_path: '/federate',
        params: { 'match[]': ['{__name__=~".+"}'] },
        honor_labels: true,
        honor_timestamps: false,
        static_configs: [{ targets: [source.replace(/^https?:\/\//, '')] }],
      },
    ],
  });
}

async function freePort(): Promise<number> {
  const handler: Transport = () => Promise.reject(new Error('nobody is here yet'));
  const listening = await systemListener.listen({ handler });
  await listening.close();
  return listening.port;
}

function reasonOf({ code, stderr }: ProcessExit): string {
  const last = stderr.trim().split('\n').at(-1) ?? '';
  const error = /\berr="((?:[^"\\]|\\.)*)"/.exec(last)?.[1]?.replaceAll('\\"', '"') ?? last;
  return `the program prometheus ended with status ${code}${error === '' ? '' : `: ${error}`}`;
}

function failureOf(error: unknown): string {
  if (!(error instanceof ProcessError)) throw error;
  if (error.kind !== 'missing') return error.message;
  return 'the program prometheus is not on the PATH: install it, or give the address of a server';
}

const READY_LIMIT_MS = 60_000;
const LOOK_AGAIN = milliseconds(50);

/** Whether it is within the limit; also true when it is cancelled, for then its end is in hand. */
async function isReady(clock: Clock, send: Transport, cancel: Cancel): Promise<boolean> {
  const start = clock.now();
  while (clock.now() - start < READY_LIMIT_MS) {
    if (cancel.cancelled) return true;
    const status = await send({ method: 'GET', path: '/-/ready', headers: {}, cancel }).then(
      (answer) => answer.status,
      () => undefined,
    );
    if (status === 200) return true;
    await sleep(clock, LOOK_AGAIN, cancel);
  }
  return false;
}
