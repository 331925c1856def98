// Waiting for one's turn to lead (operations.md 1, 5).
import { hostName } from '../host/machine.ts';
import { systemRandom } from '../host/clock.ts';
import type { Log } from '../controller/log.ts';
import type { KubeClient } from '../kube/client.ts';
import { becomeLeader, type Leadership, leadershipProblem } from '../kube/leadership.ts';
import { uuid } from '../lib/random.ts';
import { type Duration, parseDuration } from '../lib/time.ts';
import { CommandError, type Context } from './command.ts';
import { LEASE_DURATION, RENEW_DEADLINE, RETRY_PERIOD } from './leading-flags.ts';

const NAMESPACE_FILE = '/var/run/secrets/kubernetes.io/serviceaccount/namespace';

/** Where the controller's own objects are: POD_NAMESPACE, the service account's, or argo-rollouts (operations.md 2). */
export async function ownNamespace({
  env,
  files,
}: Pick<Context, 'env' | 'files'>): Promise<string> {
  const named = env('POD_NAMESPACE');
  if (named !== undefined && named !== '') return named;
  const text = await files.read(NAMESPACE_FILE);
  return text === undefined || text.trim() === '' ? 'argo-rollouts' : text.trim();
}

function timesOf({ flags }: Context) {
  const read = (name: string): Duration => {
    const parsed = parseDuration(flags.text(name));
    if (!parsed.ok) throw new CommandError(`--${name} ${flags.text(name)}: ${parsed.error}`);
    return parsed.duration;
  };
  const times = {
    leaseDuration: read(LEASE_DURATION),
    renewDeadline: read(RENEW_DEADLINE),
    retryPeriod: read(RETRY_PERIOD),
  };
  const problem = leadershipProblem(times);
  if (problem !== undefined) throw new CommandError(problem);
  return times;
}

/** A leader without rivals, for `--leader-elect=false`. */
const ALONE: Leadership = {
  lost: { cancelled: false, onCancel: () => () => undefined },
  holds: () => true,
  giveUp: () => Promise.resolve(),
};

interface LeadingPorts {
  readonly client: KubeClient;
  readonly log: Log;
  /** Told while others lead: whether the Lease can be read. */
  readonly onRead: (isRead: boolean) => void;
}

/** Waits until this controller leads; undefined if it was told to end before. */
export async function turnToLead(
  context: Context,
  { client, log, onRead }: LeadingPorts,
): Promise<Leadership | undefined> {
  const { clock, flags, cancel } = context;
  if (!flags.bool('leader-elect')) return ALONE;
  const times = timesOf(context);
  const namespace = await ownNamespace(context);
  const instance = flags.text('instance-id');
  const lock = 'argo-rollouts-controller-lock';
  const name = instance === '' ? lock : `${lock}-${instance}`;
  const identity = `${hostName()}_${uuid(systemRandom())}`;
  const told = new Set<string>();
  return becomeLeader(
    {
      ...times,
      client,
      clock,
      random: systemRandom(),
      namespace,
      name,
      identity,
      onLeader: (leader) => {
        log.info('leader', { lease: `${namespace}/${name}`, leader, identity });
      },
      onRead,
      onProblem: ({ message }) => {
        if (told.has(message)) return;
        told.add(message);
        const lease = `${namespace}/${name}`;
        const remedy = 'grant it, or run a single controller with --leader-elect=false';
        log.warn('cannot have the lease, trying again', { lease, cause: message, remedy });
      },
    },
    cancel,
  );
}
