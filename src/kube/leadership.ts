// One leader among several controllers, by a Lease (operations.md 5,
// https://kubernetes.io/docs/concepts/architecture/leases/). Entry point: `becomeLeader`.
//
// Nobody's clock is compared with another's: a lease of somebody else counts as over when it has not changed for its
// duration by our own clock. The time of our own is counted from before the request that renewed it, so that we stop
// before anybody else may begin, even if the process was frozen in between.
import type { KubeObject, ObjectRef } from '../api/object.ts';
import { LEASES } from '../api/resources.ts';
import { cancellation, sleep } from '../lib/clock.ts';
import type { Cancel, Clock, Duration, Instant, Random, Stop } from '../lib/ports.ts';
import { formatInstantMicro, later, milliseconds, seconds } from '../lib/time.ts';
import type { KubeClient } from './client.ts';
import { ApiError, isNotFound } from './errors.ts';

export interface LeadershipOptions {
  readonly client: KubeClient;
  readonly clock: Clock;
  readonly random: Random;
  readonly namespace: string;
  /** Name of the Lease. */
  readonly name: string;
  /** Who we are; nobody else may be called so. */
  readonly identity: string;
  /** How long a lease holds that is not renewed. */
  readonly leaseDuration: Duration;
  /** How long renewing is tried before the leader gives up; shorter than `leaseDuration`. */
  readonly renewDeadline: Duration;
  /** Time between two tries; shorter than `renewDeadline`. */
  readonly retryPeriod: Duration;
  /** Told of tries that failed; they are repeated. */
  readonly onProblem: (error: Error) => void;
  /** Told who leads, when that changes; empty if nobody does. */
  readonly onLeader?: (identity: string) => void;
  /**
   * Told while others lead: true each time the lease has been read, false once it could not be for `leaseDuration`, in
   * which whoever waits could not take over either.
   */
  readonly onRead?: (isRead: boolean) => void;
}

/** Held until it is given up or lost. */
export interface Leadership {
  /** Cancelled when the lease could not be renewed in time: nothing may be written any more. */
  readonly lost: Cancel;
  /** Whether the lease is ours at this moment, by the clock. */
  holds(): boolean;
  /**
   * Ends renewing and lets the next one begin at once, unless the server does not answer in time: then that one waits until
   * the lease has run out. To be called when nothing more is written.
   */
  giveUp(): Promise<void>;
}

interface Lease extends KubeObject {
  readonly spec?: LeaseSpec;
}

interface LeaseSpec {
  readonly holderIdentity?: string;
  readonly leaseDurationSeconds?: number;
  readonly acquireTime?: string;
  readonly renewTime?: string;
  readonly leaseTransitions?: number;
}

/** Why these times make no sense together; undefined if they do. Names are those of the flags. */
export function leadershipProblem({
  leaseDuration,
  renewDeadline,
  retryPeriod,
}: Pick<LeadershipOptions, 'leaseDuration' | 'renewDeadline' | 'retryPeriod'>): string | undefined {
  if (leaseDuration < seconds(1)) return '--leader-election-lease-duration must be 1s or longer';
  if (leaseDuration <= renewDeadline) {
    return '--leader-election-lease-duration must be longer than --leader-election-renew-deadline';
  }
  if (retryPeriod <= 0) return '--leader-election-retry-period must be longer than 0s';
  return renewDeadline <= retryPeriod * JITTER
    ? `--leader-election-renew-deadline must be longer than ${JITTER} times --leader-election-retry-period`
    : undefined;
}

/** How long giving it up may take: a controller ends within five seconds, whatever its server does. */
const FAREWELL = milliseconds(1500);

/** Candidates do not all try at the same moment. */
const JITTER = 1.2;

/** Waits until the lease is ours; undefined if `cancel` came first. */
export async function becomeLeader(
  options: LeadershipOptions,
  cancel: Cancel,
): Promise<Leadership | undefined> {
  const candidate = new Candidate(options);
  const reading = new Reading(options);
  try {
    while (!cancel.cancelled) {
      const trying = candidate.tries();
      const result = await unless(cancel, trying);
      if (result === 'taken') return candidate.lead();
      if (result === 'others') reading.succeeded();
      // Nobody waits for what is still on its way: should it take the lease, that is given back.
      if (result === undefined) void trying.then(() => candidate.giveUp());
      else await sleep(options.clock, candidate.pause(), cancel);
    }
    return undefined;
  } finally {
    reading.end();
  }
}

/** Tells whether the lease can be read, as long as somebody waits for it. */
class Reading {
  readonly #options: LeadershipOptions;
  #silence: Stop | undefined;

  constructor(options: LeadershipOptions) {
    this.#options = options;
  }

  succeeded(): void {
    const { clock, leaseDuration, onRead } = this.#options;
    this.end();
    this.#silence = clock.at(later(clock.now(), leaseDuration), () => onRead?.(false));
    onRead?.(true);
  }

  end(): void {
    this.#silence?.();
    this.#silence = undefined;
  }
}

/** What came of a try to have the lease: it is ours, it is for others to have, or it could not be read or written. */
type Try = 'taken' | 'others' | 'failed';

/** What comes of `work`; undefined if `cancel` comes first. */
async function unless<T>(cancel: Cancel, work: Promise<T>): Promise<T | undefined> {
  const { promise, resolve } = Promise.withResolvers<undefined>();
  const stop = cancel.onCancel(() => resolve(undefined));
  try {
    return await Promise.race([work, promise]);
  } finally {
    stop();
  }
}

class Candidate implements Leadership {
  readonly #options: LeadershipOptions;
  readonly #ref: ObjectRef;
  readonly #lost = cancellation();
  readonly #ended = cancellation();
  /** What the lease said last, and since when by our clock. */
  #seen: { readonly text: string; readonly at: Instant } | undefined;
  #leader: string | undefined;
  /** As we wrote it last: while nobody else writes it, it need not be read to be renewed. */
  #own: Lease | undefined;
  #renewedAt: Instant | undefined;
  #renewing: Promise<void> = Promise.resolve();
  #deadline: Stop | undefined;

  constructor(options: LeadershipOptions) {
    const { namespace, name } = options;
    this.#options = options;
    this.#ref = { resource: LEASES, namespace, name };
  }

  get lost(): Cancel {
    return this.#lost.cancel;
  }

  holds(): boolean {
    return !this.#ended.cancel.cancelled && this.#isOurs();
  }

  #isOurs(): boolean {
    if (this.#renewedAt === undefined || this.#lost.cancel.cancelled) return false;
    const { clock, leaseDuration } = this.#options;
    return clock.now() < later(this.#renewedAt, leaseDuration);
  }

  pause(): Duration {
    const { random, retryPeriod } = this.#options;
    return milliseconds(retryPeriod * (1 + random.next() * (JITTER - 1)));
  }

  lead(): Leadership {
    this.#renewing = this.#renew();
    return this;
  }

  async giveUp(): Promise<void> {
    const { clock, namespace, name } = this.#options;
    this.#ended.now();
    this.#deadline?.();
    const isDone = cancellation();
    const late = sleep(clock, FAREWELL, isDone.cancel).then(() => 'late' as const);
    if ((await Promise.race([this.#release(), late])) === 'late') {
      const what = `the Lease ${namespace}/${name} was not given up within ${FAREWELL / 1000} s`;
      this.#report(new Error(`${what}: the next leader waits for its end`));
    }
    isDone.now();
  }

  /** Goes on when a request that hangs is answered after all. */
  async #release(): Promise<void> {
    await this.#renewing;
    if (!this.#isOurs()) return;
    try {
      const lease = await this.#options.client.get<Lease>(this.#ref);
      if (lease.spec?.holderIdentity !== this.#options.identity) return;
      await this.#write(lease, { holderIdentity: '', leaseDurationSeconds: 1 });
    } catch (error) {
      this.#report(error);
    }
    this.#renewedAt = undefined;
  }

  /** One try to have the lease, or to keep it. Whatever goes wrong is a try that failed. */
  async tries(): Promise<Try> {
    const startedAt = this.#options.clock.now();
    try {
      if (!(await this.#take())) return 'others';
      this.#renewedAt = startedAt;
      return 'taken';
    } catch (error) {
      this.#report(error);
      return 'failed';
    }
  }

  async #renew(): Promise<void> {
    const { clock, renewDeadline } = this.#options;
    while (!this.#ended.cancel.cancelled && this.#renewedAt !== undefined) {
      this.#deadline?.();
      this.#deadline = clock.at(later(this.#renewedAt, renewDeadline), () => this.#lost.now());
      await sleep(clock, this.#options.retryPeriod, this.#ended.cancel);
      while (!this.#isOver() && (await this.tries()) !== 'taken') {
        await sleep(clock, this.#options.retryPeriod, this.#ended.cancel);
      }
      if (this.#isOver()) return;
    }
  }

  #isOver(): boolean {
    return this.#ended.cancel.cancelled || this.#lost.cancel.cancelled;
  }

  async #take(): Promise<boolean> {
    const { client, identity, clock } = this.#options;
    const renewTime = formatInstantMicro(clock.now());
    if (this.#own !== undefined && (await this.#taken(this.#own, { renewTime }))) return true;
    const lease = await client.get<Lease>(this.#ref).catch((error: unknown) => {
      if (isNotFound(error)) return undefined;
      throw error;
    });
    const now = formatInstantMicro(clock.now());
    if (lease === undefined) return this.#create(now);
    const { holderIdentity = '', leaseTransitions = 0 } = lease.spec ?? {};
    const isOurs = holderIdentity === identity;
    if (!isOurs && this.#renewedAt !== undefined) {
      this.#lost.now();
      return false;
    }
    if (!isOurs && holderIdentity !== '' && this.#isAlive(lease)) {
      this.#tell(holderIdentity);
      return false;
    }
    const isTaken = await this.#taken(
      lease,
      isOurs
        ? { renewTime: now }
        : { acquireTime: now, renewTime: now, leaseTransitions: leaseTransitions + 1 },
    );
    if (isTaken) this.#tell(identity);
    return isTaken;
  }

  async #create(now: string): Promise<boolean> {
    const { client, namespace, name, identity, leaseDuration } = this.#options;
    const lease: Lease = {
      apiVersion: 'coordination.k8s.io/v1',
      kind: 'Lease',
      metadata: { name, namespace },
      spec: {
        holderIdentity: identity,
        leaseDurationSeconds: Math.ceil(leaseDuration / 1000),
        acquireTime: now,
        renewTime: now,
        leaseTransitions: 0,
      },
    };
    try {
      this.#own = await client.create(LEASES, lease);
    } catch (error) {
      if (error instanceof ApiError && error.reason === 'AlreadyExists') return false;
      throw error;
    }
    this.#tell(identity);
    return true;
  }

  /** Whether the lease has changed within its duration, by our clock. */
  #isAlive({ spec }: Lease): boolean {
    const now = this.#options.clock.now();
    const text = JSON.stringify(spec);
    if (this.#seen?.text !== text) this.#seen = { text, at: now };
    const { leaseDurationSeconds } = spec ?? {};
    const duration =
      leaseDurationSeconds === undefined
        ? this.#options.leaseDuration
        : seconds(leaseDurationSeconds);
    return now < later(this.#seen.at, duration);
  }

  /** Somebody else may have written it since it was read, or removed it: then it is not ours. */
  async #taken(lease: Lease, spec: LeaseSpec): Promise<boolean> {
    const { identity, leaseDuration } = this.#options;
    this.#own = undefined;
    try {
      this.#own = await this.#write(lease, {
        ...spec,
        holderIdentity: identity,
        leaseDurationSeconds: Math.ceil(leaseDuration / 1000),
      });
      return true;
    } catch (error) {
      if (isNotFound(error)) return false;
      if (error instanceof ApiError && error.reason === 'Conflict') return false;
      throw error;
    }
  }

  #write(lease: Lease, spec: LeaseSpec): Promise<Lease> {
    const next = { ...lease, spec: { ...lease.spec, ...spec } };
    return this.#options.client.update<Lease>(this.#ref, next);
  }

  #tell(leader: string): void {
    if (leader === this.#leader) return;
    this.#leader = leader;
    this.#options.onLeader?.(leader);
  }

  #report(error: unknown): void {
    this.#options.onProblem(error instanceof Error ? error : new Error(String(error)));
  }
}
