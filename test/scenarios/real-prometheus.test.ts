// `slipway sandbox --prometheus`: whoever is named there answers the templates that name Prometheus by its address in the
// cluster; what was started ends with the sandbox.
import { createServer } from 'node:net';
import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { serverCertificate } from '../../src/host/certificate.ts';
import { systemClock } from '../../src/host/clock.ts';
import { systemFiles } from '../../src/host/files.ts';
import { systemListener } from '../../src/host/listener.ts';
import { systemProcesses } from '../../src/host/processes.ts';
import { bodyOf, utf8 } from '../../src/lib/bytes.ts';
import { sleep } from '../../src/lib/clock.ts';
import type { Transport } from '../../src/lib/ports.ts';
import { milliseconds } from '../../src/lib/time.ts';
import { asksPrometheus } from '../support/prometheus.ts';
import { bundledProgram, type Program, type Started } from '../support/program.ts';

/** Processes are slow where many run beside each other. */
const LONG = { timeout: 90_000 } as const;

let program: Program;

beforeAll(async () => {
  program = await bundledProgram();
}, LONG.timeout);

afterAll(() => program.close(), LONG.timeout);

/** Succeeds once the query, asked at the address that templates name, gives 7. */
function analysisRun(query: string): string {
  const address = 'http://prometheus.istio-system.svc.cluster.local:9090';
  return JSON.stringify({
    apiVersion: 'argoproj.io/v1alpha1',
    kind: 'AnalysisRun',
    metadata: { name: 'asks', namespace: 'default' },
    spec: {
      metrics: [
        {
          name: 'seven',
          successCondition: 'len(result) == 1 && result[0] == 7',
          provider: { prometheus: { address, query } },
        },
      ],
    },
  });
}

async function kubectl(sandbox: Started, line: string, stdin?: string): Promise<string> {
  const [, kubeconfig = ''] = await sandbox.prints(/export KUBECONFIG=(\S+)/);
  const { code, stdout, stderr } = await systemProcesses.run({
    command: 'kubectl',
    args: line.split(' '),
    env: { KUBECONFIG: kubeconfig, KUBECACHEDIR: `${program.folder}/cache` },
    ...(stdin === undefined ? {} : { stdin }),
  });
  expect({ line, code, stderr: code === 0 ? '' : stderr }).toEqual({ line, code: 0, stderr: '' });
  return stdout;
}

async function succeeds(sandbox: Started, query: string): Promise<void> {
  await kubectl(sandbox, 'create -f -', analysisRun(query));
  const over = '--for=jsonpath={.status.completedAt}';
  await kubectl(sandbox, `wait analysisrun/asks ${over} --timeout=60s`);
  const status = await kubectl(sandbox, 'get analysisrun asks -o jsonpath={.status}');
  expect(JSON.parse(status)).toMatchObject({ phase: 'Successful' });
}

/** Resolves once the first scrapes have come. */
async function hasAnswer(url: string, query: string): Promise<void> {
  const end = systemClock.now() + 30_000;
  const form = new URLSearchParams({ query });
  let text = '';
  while (!text.includes('"value"')) {
    if (systemClock.now() > end) throw new Error(`no answer to ${query}: ${text}`);
    await sleep(systemClock, milliseconds(100));
    text = await fetch(`${url}/api/v1/query?${form.toString()}`).then((answer) => answer.text());
  }
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer().listen(port, '127.0.0.1');
  const isListening = await once(server, 'listening').then(
    () => true,
    () => false,
  );
  server.close();
  return isListening;
}

function leftBehind(): Promise<readonly string[] | undefined> {
  return systemFiles.list(program.temporary);
}

describe('slipway sandbox --prometheus', LONG, () => {
  it('asks the server of an address, over TLS and under its prefix', async () => {
    const asked: string[] = [];
    const handler: Transport = ({ path }) => {
      asked.push(path.split('?')[0] ?? '');
      const data = { resultType: 'vector', result: [{ metric: {}, value: [1, '7'] }] };
      const body = bodyOf(utf8(JSON.stringify({ status: 'success', data })));
      return Promise.resolve({ status: 200, headers: {}, body });
    };
    const { authorityPem, ...tls } = await serverCertificate({
      names: ['localhost'],
      addresses: ['127.0.0.1'],
      nowMs: systemClock.now(),
    });
    const authority = `${program.folder}/authority.pem`;
    await systemFiles.write(authority, authorityPem);
    const listening = await systemListener.listen({ handler, tls });
    const url = `https://127.0.0.1:${listening.port}/deep/prefix`;
    const sandbox = program.start(['sandbox', '--prometheus', `${url}/`], {
      NODE_EXTRA_CA_CERTS: authority,
    });
    await sandbox.prints(/Ctrl-C ends it\./);
    expect(sandbox.out()).toContain(`  Prometheus   ${url} (yours)\n`);
    expect(sandbox.out()).toMatch(/ {2}Series {7}http:\/\/127\.0\.0\.1:\d+\/federate/);
    await succeeds(sandbox, 'anything');
    expect(await sandbox.end()).toBe(0);
    expect(new Set(asked)).toEqual(new Set(['/deep/prefix/api/v1/query']));
    await listening.close();
    expect(await leftBehind()).toEqual(['.keep']);
  });

  it('ends with one sentence when the program that it started dies', async () => {
    const lines = [
      `#!${process.execPath}`,
      `const { createServer } = require('node:http');`,
      `const port = /:(\\d+)$/.exec(process.argv.find((one) => one.includes('listen-address')))[1];`,
      `const server = createServer((request, response) => response.end('ready'));`,
      `server.listen(Number(port), '127.0.0.1');`,
      `server.on('request', ({ url }) => {`,
      `  if (url !== '/die') return;`,
      `  console.error('level=error err="disk is full"');`,
      `  process.exit(9);`,
      `});`,
    ];
    const bin = `${program.folder}/bin`;
    await systemFiles.write(`${bin}/prometheus`, lines.join('\n'), { executable: true });
    const sandbox = program.start(['sandbox', '--prometheus', 'auto'], {
      PATH: `${bin}:${process.env['PATH'] ?? ''}`,
    });
    const [, url = ''] = await sandbox.prints(/Prometheus +(http\S+) \(the program prometheus/);
    await fetch(`${url}/die`).catch(() => undefined);
    expect(await sandbox.exit).toBe(1);
    expect(sandbox.err()).toBe(
      'Error: --prometheus auto: the program prometheus ended with status 9: disk is full\n',
    );
    expect(await leftBehind()).toEqual(['.keep']);
  });

  it.runIf(asksPrometheus)(
    'starts the program, which scrapes the sandbox, and ends it',
    async () => {
      const sandbox = program.start(['sandbox', '--prometheus', 'auto', '--scrape-interval', '1s']);
      const [, url = ''] = await sandbox.prints(/Prometheus +(http\S+) \(the program prometheus/);
      const port = Number(new URL(url).port);
      // The built-in one has no such target; and the series that is counted has come from the sandbox.
      const query = 'count(up{job="kube-state-metrics"}) * 6 + on () up{job="slipway-sandbox"}';
      await hasAnswer(url, query);
      await succeeds(sandbox, query);
      expect(await isFree(port)).toBe(false);
      expect(await sandbox.end()).toBe(0);
      expect(sandbox.err()).toBe('');
      expect(await isFree(port)).toBe(true);
      expect(await leftBehind()).toEqual(['.keep']);
    },
  );
});
