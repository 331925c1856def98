// Runs the load of `slipway traffic`: reads its flags, finds the mesh, shows a live line, prints the table.
import { ROLLOUTS } from '../../api/resources.ts';
import type { Rollout } from '../../api/rollout.ts';
import { type Load, type LoadResult, startLoad } from '../../host/load.ts';
import { systemRandom } from '../../host/clock.ts';
import { cancellation, sleep } from '../../lib/clock.ts';
import { randomSuffix, seededRandom } from '../../lib/random.ts';
import { later, milliseconds as duration, parseDuration, seconds } from '../../lib/time.ts';
import { shownPhase } from '../../view/phase.ts';
import { CommandError, type Context } from '../command.ts';
import { MESH_FILE } from '../places.ts';
import { milliseconds, NO_VERSION, type Outcome, Tally } from './tally.ts';
import { parseUntil, type Until } from './until.ts';

interface Wanted {
  readonly origin: string;
  readonly authority: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly rps: number;
  readonly concurrency: number;
  readonly timeoutMs: number;
  readonly until: Until | undefined;
  readonly seed: string;
}

const MOST_RPS = 50_000;
const MOST_CONCURRENCY = 4096;
const LIVE_MS = 1000;
const SEED_LENGTH = 8;

export async function runTraffic(context: Context): Promise<number> {
  const { terminal, flags, cancel, clock } = context;
  const wanted = await wantedOf(context);
  const tally = new Tally();
  const startedAt = clock.now();
  const isJson = flags.bool('json');
  if (!isJson)
    terminal.out(
      `${flags.text('method')} ${flags.text('to')}, ${wanted.rps} a second, seed ${wanted.seed}\n`,
    );
  const load = startLoad({
    ...wanted,
    method: flags.text('method'),
    headers: { host: wanted.authority, ...wanted.headers },
    ...(flags.has('data') ? { body: flags.text('data') } : {}),
    requestsPerSecond: wanted.rps,
    ...totalOf(wanted),
    random: seededRandom(wanted.seed),
    onResult: (result) => tally.add(outcomeOf(result), clock.now() - startedAt),
  });
  const over = cancellation();
  const offCancel = cancel.onCancel(() => load.stop());
  const showing = isJson
    ? Promise.resolve()
    : showLive(context, { tally, load, over: over.cancel });
  const ending = endAt(context, wanted.until, { load, over: over.cancel });
  await load.done;
  over.now();
  offCancel();
  await Promise.all([showing, ending]);
  const { requests } = tally;
  if (requests === 0) terminal.err('No request was sent.\n');
  else if (isJson)
    terminal.out(
      `${JSON.stringify({ seed: wanted.seed, unsent: load.unsent, ...tally.json() })}\n`,
    );
  else terminal.out(`\n${tally.table()}${unsentText(load)}`);
  return 0;
}

function unsentText({ unsent }: Load): string {
  if (unsent === 0) return '';
  return `${unsent} requests were due and could not begin: the answers came too slowly for --concurrency.\n`;
}

/** A time that is given says how many there are, exactly. */
function totalOf({ until, rps }: Wanted): { readonly total?: number } {
  return until?.kind === 'duration' ? { total: Math.round((until.duration / 1000) * rps) } : {};
}

async function wantedOf(context: Context): Promise<Wanted> {
  const { flags } = context;
  const target = targetOf(flags.text('to'), flags.has('namespace') ? flags.text('namespace') : '');
  const timeout = parseDuration(flags.text('timeout'));
  const given = flags.text('seed');
  return {
    ...target,
    origin: await originOf(context),
    headers: headersOf(flags.list('header')),
    rps: numberOf(flags.text('rps'), { name: 'rps', most: MOST_RPS }),
    concurrency: Math.round(
      numberOf(flags.text('concurrency'), { name: 'concurrency', most: MOST_CONCURRENCY }),
    ),
    timeoutMs: timeout.ok ? timeout.duration : 0,
    until: untilOf(context),
    seed: given === '' ? randomSuffix(systemRandom(), SEED_LENGTH) : given,
  };
}

function numberOf(
  text: string,
  { name, most }: { readonly name: string; readonly most: number },
): number {
  const number = Number(text);
  if (number > 0 && number <= most) return number;
  throw new CommandError(`--${name} ${text}: it is a number above 0, up to ${most}`);
}

function targetOf(to: string, namespace: string): Pick<Wanted, 'authority' | 'path'> {
  const match = /^(?:http:\/\/)?([^/?#:\s]+)(:\d+)?([/?][^#\s]*)?$/.exec(to);
  if (match === null) {
    throw new CommandError(
      `--to ${JSON.stringify(to)}: write it as in http://mock-server/status/200`,
    );
  }
  const [, host = '', port = '', rest = '/'] = match;
  const qualified = namespace === '' || host.includes('.') ? host : `${host}.${namespace}`;
  return { authority: qualified + port, path: rest.startsWith('/') ? rest : `/${rest}` };
}

function headersOf(lines: readonly string[]): Readonly<Record<string, string>> {
  return Object.fromEntries(
    lines.map((line) => {
      const [, name, value = ''] = /^([^:\s]+):\s*(.*)$/s.exec(line) ?? [];
      if (name === undefined)
        throw new CommandError(`--header ${JSON.stringify(line)}: write it as NAME: VALUE`);
      return [name.toLowerCase(), value] as const;
    }),
  );
}

function untilOf({ flags }: Context): Until | undefined {
  if (flags.text('for') !== '') {
    if (flags.text('until') !== '') throw new CommandError('--for and --until exclude each other');
    const parsed = parseDuration(flags.text('for'));
    if (!parsed.ok || parsed.duration <= 0) throw new CommandError('--for: it is a time above 0');
    return { kind: 'duration', duration: parsed.duration };
  }
  if (flags.text('until') === '') return undefined;
  const parsed = parseUntil(flags.text('until'));
  if (!parsed.ok)
    throw new CommandError(`--until ${JSON.stringify(flags.text('until'))}: ${parsed.error}`);
  return parsed.until;
}

/** The sandbox that kubeconfig names writes the address of its mesh beside it. */
async function originOf({ flags, files, env }: Context): Promise<string> {
  const given = flags.text('proxy');
  if (given !== '') {
    const match = /^(?:http:\/\/)?([^/\s]+:\d+)\/?$/.exec(given);
    if (match === null)
      throw new CommandError(`--proxy ${given}: write it as in http://127.0.0.1:8480`);
    return `http://${match[1] ?? ''}`;
  }
  const kubeconfig = flags.text('kubeconfig') || (env('KUBECONFIG') ?? '').split(':')[0] || '';
  const folder = kubeconfig.includes('/') ? kubeconfig.slice(0, kubeconfig.lastIndexOf('/')) : '.';
  const found = kubeconfig === '' ? undefined : await files.read(files.join(folder, MESH_FILE));
  if (found !== undefined) return found.trim();
  throw new CommandError(
    'no sandbox was found: set KUBECONFIG as slipway sandbox prints it, or name its mesh with --proxy',
  );
}

function outcomeOf({ status, latencyMs, headers, body, error }: LoadResult): Outcome {
  const version = String(
    headers['x-slipway-version'] ?? /"version"\s*:\s*"([^"]*)"/.exec(body)?.[1] ?? NO_VERSION,
  );
  const isFailed = status === 0 || status >= 500;
  const detail = [
    headers['x-slipway-pod'],
    headers['x-slipway-flags'],
    error === '' ? body.trim() : error,
  ];
  return {
    status,
    latencyMs,
    version: status === 0 ? NO_VERSION : version,
    detail: isFailed ? detail.filter((part) => part !== undefined && part !== '').join(' ') : '',
  };
}

interface Running {
  readonly load: Load;
  readonly over: ReturnType<typeof cancellation>['cancel'];
}

/** A line that is written anew each second; without a terminal a line of its own every ten. */
async function showLive(
  context: Context,
  { tally, load, over }: Running & { readonly tally: Tally },
): Promise<void> {
  const { terminal, clock } = context;
  const startedAt = clock.now();
  let before = 0;
  for (let turn = 1; !over.cancelled; turn += 1) {
    await sleep(clock, duration(LIVE_MS), over);
    if (over.cancelled) break;
    const perSecond = tally.requests - before;
    before = tally.requests;
    const line = [
      `${Math.round((clock.now() - startedAt) / 1000)}s`,
      `${tally.requests} answered`,
      `${perSecond}/s`,
      ...tally.shares().map(([version, share]) => `${version} ${(share * 100).toFixed(1)}%`),
      `failed ${tally.failed}`,
      `p99 ${milliseconds(tally.p99Ms)}`,
      `under way ${load.active}`,
    ].join('  ');
    if (terminal.isTty)
      terminal.out(`\r\u001B[K${line.slice(0, Math.max(20, terminal.columns - 1))}`);
    else if (turn % 10 === 0) terminal.out(`${line}\n`);
  }
  if (terminal.isTty) terminal.out('\r\u001B[K');
}

/** Stops the load at its end; a duration needs nobody to. */
async function endAt(
  context: Context,
  until: Until | undefined,
  { load, over }: Running,
): Promise<void> {
  const { clock } = context;
  switch (until?.kind) {
    case 'moment': {
      const wait = Math.max(0, until.at - clock.now());
      await sleep(clock, duration(wait), over);
      load.stop();
      return;
    }
    case 'rollout':
      await reached(context, until, over);
      load.stop();
      return;
    default:
  }
}

/** Resolves when the Rollout is in that phase, of what it was last told to be. */
async function reached(
  { connect, clock }: Context,
  { phase, name }: Until & { readonly kind: 'rollout' },
  over: Running['over'],
): Promise<void> {
  const { client, namespace } = await connect();
  const since = later(clock.now(), seconds(1));
  while (!over.cancelled) {
    const rollout = await client.get<Rollout>({ resource: ROLLOUTS, namespace, name });
    // What was asked for at the same time must have been seen by the controller first.
    if (clock.now() >= since && shownPhase(rollout).phase === phase) return;
    await sleep(clock, duration(LIVE_MS), over);
  }
}
