// Why a real Prometheus is not used, in one sentence each. What it does when it is: test/scenarios/real-prometheus.test.ts.
import { expect, test } from 'vitest';
import { memoryFiles } from '../../test/support/memory-files.ts';
import { systemClock } from '../host/clock.ts';
import { systemListener } from '../host/listener.ts';
import { bodyOf, utf8 } from '../lib/bytes.ts';
import { cancellation } from '../lib/clock.ts';
import { ProcessError, type Processes, type ProcessExit } from '../lib/ports.ts';
import { milliseconds } from '../lib/time.ts';
import { CommandError } from './command.ts';
import { openPrometheus } from './real-prometheus.ts';

const NO_PROGRAM: Processes['run'] = () => Promise.reject(new ProcessError('missing', 'none'));

function ending(...ends: readonly Partial<ProcessExit>[]) {
  let runs = 0;
  const run: Processes['run'] = () => {
    const end = ends[Math.min(runs, ends.length - 1)];
    runs += 1;
    return Promise.resolve({ code: 1, stdout: '', stderr: '', ...end });
  };
  return { run, runs: () => runs };
}

const files = memoryFiles();

async function refusalOf(wanted: string, run = NO_PROGRAM, speed = 1): Promise<string> {
  const { cancel } = cancellation();
  const ports = { clock: systemClock, files, processes: { run }, cancel, env: () => undefined };
  const scrapeInterval = milliseconds(5000);
  const source = 'http://127.0.0.1:1';
  const opening = async () =>
    openPrometheus(ports, { wanted, speed, folder: '/f', scrapeInterval, source });
  const error = await opening().then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(CommandError);
  return (error as Error).message;
}

test.for([
  {
    wanted: 'http://127.0.0.1:9090',
    speed: 2,
    message: 'the clock of a real Prometheus is the real one, so --speed must be 1',
    reason: 'somebody’s server has a real clock, too',
  },
  {
    wanted: 'auto',
    speed: 0.5,
    message: 'the clock of a real Prometheus is the real one, so --speed must be 1',
    reason: 'slower than real time is no real time either',
  },
  {
    wanted: 'Auto',
    message: 'it is auto or an address such as http://127.0.0.1:9090',
    reason: 'a word that is neither',
  },
  {
    wanted: 'http://me:secret@127.0.0.1:9090',
    message: 'it is auto or an address such as http://127.0.0.1:9090',
    reason: 'credentials belong into the templates',
  },
  {
    wanted: 'http://127.0.0.1:1/prefix',
    message:
      'it does not answer: cannot reach http://127.0.0.1:1: connect ECONNREFUSED 127.0.0.1:1',
    reason: 'nobody listens there',
  },
  {
    wanted: 'auto',
    message:
      'the program prometheus is not on the PATH: install it, or give the address of a server',
    reason: 'no program',
  },
  {
    wanted: 'auto',
    run: ending({
      code: 2,
      stderr: 'ts=1 level=warn msg=x\nts=2 level=error err="no \\"space\\" left"\n',
    }).run,
    message: 'the program prometheus ended with status 2: no "space" left',
    reason: 'the program says in its last line why it ends',
  },
  {
    wanted: 'auto',
    run: ending({ code: 3 }).run,
    message: 'the program prometheus ended with status 3',
    reason: 'a program that says nothing',
  },
])('--prometheus $wanted: $reason', async ({ wanted, speed, run, message }) => {
  expect(await refusalOf(wanted, run, speed)).toBe(`--prometheus ${wanted}: ${message}`);
  expect([...files.contents.keys()]).toEqual([]);
});

test('a server that is no Prometheus is told by its answer', async () => {
  const listening = await systemListener.listen({
    handler: () => Promise.resolve({ status: 404, headers: {}, body: bodyOf(utf8('?')) }),
  });
  const url = `http://127.0.0.1:${listening.port}`;
  expect(await refusalOf(`${url}/`)).toBe(
    `--prometheus ${url}/: no Prometheus is there: ${url}/api/v1/query answers with 404`,
  );
  await listening.close();
});

test('a port that was taken meanwhile is given up for another one, three times at most', async () => {
  const taken = { stderr: 'level=error err="listen tcp: bind: address already in use"' };
  const always = ending(taken);
  expect(await refusalOf('auto', always.run)).toContain('address already in use');
  expect(always.runs()).toBe(3);
  const once = ending(taken, { code: 4 });
  expect(await refusalOf('auto', once.run)).toContain('status 4');
  expect(once.runs()).toBe(2);
});
