// Flags of `slipway controller` under the reference's names (operations.md 1), and what they say. Flags about what this
// controller does otherwise, or not yet, are taken with a notice: a Deployment of the reference keeps its arguments.
import { type Duration, seconds } from '../lib/time.ts';
import { BUDGET_FLAGS } from './budget-flags.ts';
import { CommandError, type Context, type Flag, type Values } from './command.ts';
import { bool, int, list, text } from './flags.ts';
import { LEADING } from './leading-flags.ts';
import { PLUGIN_TIMEOUT, pluginTimeoutOf } from './plugin-flags.ts';
import { PROPAGATION_DELAY, propagationDelayOf } from './propagation.ts';

const METRICS_PORT = 'metricsPort';
const METRICS_PORT_BEFORE = 'metricsport';
const HEALTH_PORT = 'healthzPort';
const RESYNC = 'rollout-resync';

interface Effectless {
  readonly flag: Flag;
  readonly why: string;
}

function effectless(why: string, ...flags: readonly Flag[]): readonly Effectless[] {
  return flags.map((flag) => ({ flag: { ...flag, isHidden: true }, why }));
}

function number(name: string): Flag {
  return int(name, '0', '');
}

function word(name: string): Flag {
  return text(name, '');
}

const EFFECTLESS: readonly Effectless[] = [
  ...effectless(
    'one pool looks at objects of all kinds, --workers sets its size',
    ...['rollout', 'experiment', 'analysis', 'service', 'ingress'].map((kind) =>
      number(`${kind}-threads`),
    ),
  ),
  ...effectless(
    'metadata of pods is written one pod after the other and tried again for as long as it takes',
    number('ephemeral-metadata-threads'),
    number('ephemeral-metadata-update-pod-retries'),
  ),
  ...effectless(
    'this controller has no such router',
    word('traffic-split-api-version'),
    word('ambassador-api-version'),
    word('traefik-api-group'),
    word('traefik-api-version'),
    word('appmesh-crd-version'),
    word('ingress-api-version'),
    list('alb-ingress-classes', ''),
    list('nginx-ingress-classes', ''),
    bool('aws-verify-target-group', ''),
    bool('alb-verify-weight', ''),
    word('aws-target-group-binding-api-version'),
    word('alb-tag-key-resource-id'),
  ),
  ...effectless(
    'this controller sends no notifications',
    bool('self-service-notification-enabled', ''),
  ),
  ...effectless(
    'there are no Go profiles; run Node with --cpu-prof or --inspect',
    word('enable-pprof-address'),
  ),
];

export const CONTROLLER_FLAGS: readonly Flag[] = [
  bool('namespaced', 'Watch only the namespace of --namespace, the kubeconfig or the pod'),
  { ...text('istio-api-version', 'Version of networking.istio.io to use'), default: 'v1beta1' },
  { ...text('logformat', 'text or json'), default: 'text' },
  text('instance-id', 'Drive only objects whose label controller-instance-id has this value'),
  list('controllers', 'Run only these controllers: analysis is the one that can be alone'),
  ...LEADING,
  int('workers', '40', 'Objects looked at at the same time'),
  ...BUDGET_FLAGS,
  int(RESYNC, '900', 'Seconds after which every object is looked at again'),
  int(METRICS_PORT, '8090', 'Port of /metrics; 0 takes a free one'),
  {
    ...int(METRICS_PORT_BEFORE, '8090', 'Port of /metrics'),
    isHidden: true,
    deprecated: `use --${METRICS_PORT} instead`,
  },
  int(HEALTH_PORT, '8080', 'Port of /healthz and /readyz; 0 takes a free one'),
  { ...text('listen-address', 'Address that both ports are opened on'), default: '0.0.0.0' },
  PROPAGATION_DELAY,
  PLUGIN_TIMEOUT,
  {
    ...text('plugin-folder', 'Folder below which executables of plugins are kept'),
    default: '.',
  },
  bool('version', 'Print the version of this program'),
  ...EFFECTLESS.map(({ flag }) => flag),
];

/** One sentence for each flag that was given and changes nothing. */
export function effectlessNotices(flags: Values): readonly string[] {
  return EFFECTLESS.filter(({ flag }) => flags.has(flag.name)).map(
    ({ flag, why }) => `flag --${flag.name} has no effect: ${why}`,
  );
}

export interface ControllerSettings {
  readonly metricsPort: number;
  /** The flag that says so. */
  readonly metricsFlag: string;
  readonly healthPort: number;
  readonly healthFlag: string;
  readonly address: string;
  readonly resync: Duration;
  readonly propagationDelay: Duration;
  readonly pluginTimeout: Duration;
  readonly workers: number;
  readonly onlyAnalysis: boolean;
}

/** Throws `CommandError` for what makes no sense, before anything is begun. */
export function controllerSettings(context: Context): ControllerSettings {
  const { flags } = context;
  const isBefore = flags.has(METRICS_PORT_BEFORE) && !flags.has(METRICS_PORT);
  const metricsFlag = isBefore ? METRICS_PORT_BEFORE : METRICS_PORT;
  const metricsPort = numberIn(flags, metricsFlag, [0, HIGHEST_PORT]);
  const healthPort = numberIn(flags, HEALTH_PORT, [0, HIGHEST_PORT]);
  if (metricsPort !== 0 && metricsPort === healthPort) {
    throw new CommandError(
      `--${metricsFlag} and --${HEALTH_PORT} are both ${metricsPort}: give each a port of its own`,
    );
  }
  return {
    metricsPort,
    metricsFlag,
    healthPort,
    healthFlag: HEALTH_PORT,
    address: flags.text('listen-address'),
    propagationDelay: propagationDelayOf(context),
    pluginTimeout: pluginTimeoutOf(context),
    resync: seconds(numberIn(flags, RESYNC, [1, LONGEST_RESYNC])),
    workers: numberIn(flags, 'workers', [1, MOST_WORKERS]),
    onlyAnalysis: isOnlyAnalysis(flags),
  };
}

const HIGHEST_PORT = 65_535;
/** A year. */
const LONGEST_RESYNC = 31_536_000;
const MOST_WORKERS = 10_000;

function numberIn(
  flags: Values,
  name: string,
  [least, most]: readonly [least: number, most: number],
): number {
  const value = flags.int(name);
  if (value >= least && value <= most) return value;
  throw new CommandError(`--${name} ${flags.text(name)}: it is a number from ${least} to ${most}`);
}

function isOnlyAnalysis(flags: Values): boolean {
  const wanted = flags.list('controllers').flatMap((one) => one.split(','));
  const unknown = wanted.find((one) => one !== 'analysis');
  if (unknown !== undefined) {
    throw new CommandError(
      `unsupported controller: ${unknown}; --controllers takes analysis, without it all are run`,
    );
  }
  return wanted.length > 0;
}
