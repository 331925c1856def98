// What every metric provider keeps to: it ends in its time and when it is told to, says what went wrong, takes no
// nonsense for a measurement, and shows no secret.
import { describe, expect, it } from 'vitest';
import type { AnalysisRun, Metric } from '../../src/api/analysis.ts';
import type { Json } from '../../src/api/object.ts';
import { ANALYSIS_RUNS } from '../../src/api/resources.ts';
import { createClient } from '../../src/kube/client.ts';
import { base64, utf8, utf8Text } from '../../src/lib/bytes.ts';
import { cancellation } from '../../src/lib/clock.ts';
import { type HttpRequest, type Transport, TransportError } from '../../src/lib/ports.ts';
import { formatInstant, instant, milliseconds, seconds } from '../../src/lib/time.ts';
import { VirtualClock } from '../../src/lib/virtual-clock.ts';
import { type MeasureRequest, measureWith } from '../../src/providers/measure.ts';
import { idle, startCluster } from '../support/cluster.ts';
import { post } from '../support/objects.ts';
import { json, refusal, text } from '../support/scripted-server.ts';

const NOW = instant(Date.UTC(2026, 0, 1));
const SECRET = 's3cr3t &"value"';

type Taken = Pick<MeasureRequest, 'action' | 'measurement'>;

interface Row {
  readonly name: string;
  readonly provider: Metric['provider'];
  readonly taken: Taken;
  /** What its server says when all is well. */
  readonly good: unknown;
  /** What it says that is no measurement, and what is told of it. */
  readonly bad: readonly {
    readonly answer: () => ReturnType<typeof text>;
    readonly error: RegExp;
  }[];
  /** The longest that it waits. */
  readonly limitSeconds: number;
  /** Whether a server that does not answer is no measurement, but a question to be asked again. */
  readonly asksAgain: boolean;
  /** The provider with the secret in every setting that takes a text. */
  readonly secretive: Metric['provider'];
}

const SECRET_ARGUMENT = '{{args.token}}';
const HEADERS = [{ key: 'x-token', value: SECRET_ARGUMENT }];
const OAUTH = {
  tokenUrl: `http://id/token?of=${SECRET_ARGUMENT}`,
  clientId: 'web',
  clientSecret: SECRET_ARGUMENT,
};
const TEMPLATE = { spec: { restartPolicy: 'Never', containers: [{ name: 'a', image: 'b' }] } };

const ROWS: readonly Row[] = [
  {
    name: 'prometheus',
    provider: { prometheus: { address: 'http://metrics', query: 'up' } },
    taken: { action: 'run' },
    good: { status: 'success', data: { resultType: 'scalar', result: [0, '1'] } },
    bad: [
      { answer: () => text(200, '<html>'), error: /^bad_response: / },
      { answer: () => json(200, { status: 'success' }), error: /not supported/ },
      { answer: () => text(500, ''), error: /^server_error: server error: 500$/ },
    ],
    limitSeconds: 30,
    asksAgain: false,
    secretive: {
      prometheus: {
        address: 'http://metrics',
        query: `up{token='${SECRET_ARGUMENT}'}`,
        headers: HEADERS,
        authentication: { oauth2: OAUTH },
      },
    },
  },
  {
    name: 'web',
    provider: { web: { url: 'http://metrics/value', jsonPath: '{.value}' } },
    taken: { action: 'run' },
    good: { value: 1 },
    bad: [
      {
        answer: () => json(200, {}),
        error: /^Could not find JSONPath in body: value is not found$/,
      },
      { answer: () => text(500, ''), error: /^received non 2xx response code: 500$/ },
    ],
    limitSeconds: 10,
    asksAgain: false,
    secretive: {
      web: {
        method: 'POST',
        url: `http://metrics/value?token=${SECRET_ARGUMENT}`,
        jsonPath: '{.value}',
        body: SECRET_ARGUMENT,
        headers: HEADERS,
      },
    },
  },
  {
    name: 'job',
    provider: { job: { spec: { template: TEMPLATE } } },
    taken: {
      action: 'resume',
      measurement: {
        phase: 'Running',
        startedAt: formatInstant(NOW),
        metadata: { 'job-name': 'job', 'job-namespace': 'shop' },
      },
    },
    good: { status: { conditions: [{ type: 'Complete', status: 'True' }] } },
    bad: [
      { answer: () => refusal(404, 'NotFound'), error: /^the script says NotFound$/ },
      { answer: () => refusal(500, 'InternalError'), error: /^the script says InternalError$/ },
    ],
    limitSeconds: 70,
    asksAgain: true,
    secretive: {
      job: {
        metadata: { labels: { token: SECRET_ARGUMENT } },
        spec: { template: { spec: { containers: [{ name: SECRET_ARGUMENT, image: 'b' }] } } },
      },
    },
  },
];

/** Takes the measurement; what was thrown counts as an error, too. */
function taking({ provider, taken }: Row, server: Transport) {
  const clock = new VirtualClock({ start: NOW, idle });
  const stop = cancellation();
  const state: { ended?: { readonly error?: string; readonly isThrown: boolean } } = {};
  const measure = measureWith({
    clock,
    env: () => undefined,
    connect: () => server,
    jobs: {
      client: createClient({ transport: server, patience: { clock } }),
      isElsewhere: false,
    },
  });
  const request: MeasureRequest = {
    metricName: 'm',
    provider,
    run: { namespace: 'shop', name: 'check', uid: 'u' },
    number: 1,
    keep: 10,
    explainsAbsence: false,
    ...taken,
  };
  const take = async () => {
    try {
      const { error } = await measure(request, stop.cancel);
      state.ended = { isThrown: false, ...(error === undefined ? {} : { error }) };
    } catch (error) {
      state.ended = { isThrown: true, error: String(error) };
    }
  };
  return { clock, stop, state, done: take() };
}

/** Says nothing until it is cancelled. */
const silent: Transport = ({ cancel }) => {
  const { promise, reject } = Promise.withResolvers<never>();
  cancel?.onCancel(() => reject(new TransportError('cancelled', 'cancelled')));
  return promise;
};

describe.each(ROWS)('the provider $name', (row) => {
  it('measures', async () => {
    const { done, state } = taking(row, () => Promise.resolve(json(200, row.good)));
    await done;
    expect(state.ended).toEqual({ isThrown: false });
  });

  it('does not wait for ever', async () => {
    const { clock, state } = taking(row, silent);
    await clock.advance(milliseconds(row.limitSeconds * 1000 - 1));
    expect(state.ended).toBeUndefined();
    await clock.advance(milliseconds(1));
    expect(state.ended?.isThrown).toBe(row.asksAgain);
    expect(state.ended?.error).toMatch(/context deadline exceeded|in time|timed? ?out|no answer/);
  });

  it('ends at once when nobody wants its answer any more', async () => {
    const { clock, stop, state } = taking(row, silent);
    await clock.advance(seconds(1));
    stop.now();
    await clock.advance(seconds(0));
    expect(state.ended?.error).toBeDefined();
  });

  it('says that nobody listens', async () => {
    const refused = new TransportError('refused', 'connection refused');
    const { done, state } = taking(row, () => Promise.reject(refused));
    await done;
    expect(state.ended).toEqual({
      isThrown: row.asksAgain,
      error: expect.stringContaining('connection refused'),
    });
  });

  it.each(row.bad)('takes nonsense for an error: $error', async ({ answer, error }) => {
    const { done, state } = taking(row, () => Promise.resolve(answer()));
    await done;
    expect(state.ended).toEqual({ isThrown: false, error: expect.stringMatching(error) });
  });

  it('shows its secrets to the one who is asked, and to nobody else', async () => {
    const { heard, shown } = await played(row);
    expect(heard).toContain(SECRET);
    for (const word of ['s3cr3t', base64(utf8(SECRET))]) expect(shown).not.toContain(word);
  });
});

/** What a server heard that repeats all that it hears, and what can be read of it afterwards. */
async function played({ secretive }: Row) {
  let heard = '';
  const told: string[] = [];
  const echo: Transport = (request) => {
    heard += heardOf(request);
    if (request.path.startsWith('/token')) return Promise.resolve(json(200, { access_token: 't' }));
    const error = `cannot make sense of ${heardOf(request)}`;
    if (secretive.web !== undefined) return Promise.resolve(json(200, { value: error }));
    return Promise.resolve(json(400, { status: 'error', errorType: 'bad_data', error }));
  };
  const cluster = await startCluster({
    metrics: echo,
    onRequest: (request) => {
      const isJob = request.method === 'POST' && request.path.includes('/jobs');
      if (isJob) heard += heardOf(request);
      else told.push(heardOf(request));
    },
    onLog: (line) => told.push(line),
  });
  await post(cluster.client, 'default', {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 'vault', namespace: 'default' },
    data: { token: base64(utf8(SECRET)) },
  } as never);
  const run = {
    apiVersion: 'argoproj.io/v1alpha1',
    kind: 'AnalysisRun',
    metadata: { name: 'check', namespace: 'default' },
    spec: {
      metrics: [{ name: 'm', provider: secretive, consecutiveErrorLimit: 0 }],
      args: [{ name: 'token', valueFrom: { secretKeyRef: { name: 'vault', key: 'token' } } }],
    },
  };
  await post(cluster.client, 'default', run);
  await cluster.advance(20_000);
  const ref = { resource: ANALYSIS_RUNS, namespace: 'default', name: 'check' };
  const { status } = await cluster.client.get<AnalysisRun>(ref);
  await cluster.stop();
  const shown = JSON.stringify(status) + told.join('\n');
  expect(shown).toContain('*****');
  return { heard, shown };
}

/** All of a request, and the texts in its body. */
function heardOf({ path, headers, body }: HttpRequest): string {
  const sent = utf8Text(body ?? new Uint8Array());
  return [path, ...Object.values(headers), sent, ...textsIn(sent)].join('\n');
}

function textsIn(sent: string): readonly string[] {
  try {
    const texts: string[] = [];
    JSON.parse(sent, (_name, value: Json) => {
      if (typeof value === 'string') texts.push(value);
      return value;
    });
    return texts;
  } catch {
    // No JSON: a form, or nothing.
    return [decodeURIComponent(sent.replaceAll('+', ' '))];
  }
}
