import { expect, test } from 'vitest';
import { bodyOf, utf8, utf8Text } from '../../lib/bytes.ts';
import { cancellation } from '../../lib/clock.ts';
import { type HttpResponse, TransportError } from '../../lib/ports.ts';
import { instant, milliseconds } from '../../lib/time.ts';
import { VirtualClock } from '../../lib/virtual-clock.ts';
import { runCommand } from './commands.ts';
import { NoSuchHostError, type PodNetwork, type PodRequest } from './network.ts';

interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

interface RunOptions {
  readonly send?: (request: PodRequest) => Promise<HttpResponse>;
  readonly stdin?: string;
  /** How long the command may run. */
  readonly ms?: number;
}

async function idle(): Promise<void> {
  for (let turn = 0; turn < 8; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}

async function run(command: readonly string[], options: RunOptions = {}): Promise<Ran> {
  const clock = new VirtualClock({ start: instant(0), idle });
  let out = '';
  let err = '';
  const network: PodNetwork = { send: options.send ?? echo };
  const running = runCommand(command, {
    clock,
    hostname: 'shell',
    env: { HOME: '/root', NAME: 'a  b' },
    stdin: options.stdin === undefined ? undefined : bodyOf(utf8(options.stdin)),
    stdout: async (chunk) => {
      out += utf8Text(chunk);
    },
    stderr: async (chunk) => {
      err += utf8Text(chunk);
    },
    cancel: cancellation().cancel,
    network,
  });
  await clock.advance(milliseconds(options.ms ?? 600_000));
  return { code: await running, out, err };
}

/** Says what it was asked, except for hosts and paths that stand for a failure. */
async function echo(request: PodRequest): Promise<HttpResponse> {
  const { host } = request.connectedTo;
  const [path = ''] = request.path.split('?');
  if (host === 'nowhere') throw new NoSuchHostError(host);
  if (host === 'refuses') throw new TransportError('refused', 'refused');
  if (path === '/reset') throw new TransportError('reset', 'reset');
  if (path === '/close') throw new TransportError('cancelled', 'closed');
  if (path === '/hang') return new Promise(() => undefined);
  if (path === '/moved') {
    return { status: 302, headers: { location: '/there' }, body: bodyOf(utf8('moved\n')) };
  }
  const status = Number(/^\/status\/(\d+)/.exec(path)?.[1] ?? 200);
  const sent = request.body === undefined ? '' : ` ${utf8Text(request.body)}`;
  const text = `${request.method} ${request.headers['host']} ${request.path}${sent}\n`;
  return { status, headers: { 'x-tag': 'blue' }, body: bodyOf(utf8(text)) };
}

const COMMANDS: readonly {
  readonly reason: string;
  readonly command: readonly string[];
  readonly code?: number;
  readonly out?: string;
  readonly err?: string;
  readonly stdin?: string;
}[] = [
  {
    reason: 'a URL without scheme is http',
    command: ['curl', 'web:80/a?b=1'],
    out: 'GET web /a?b=1\n',
  },
  {
    reason: 'another port is in Host',
    command: ['curl', '-s', 'http://web:81'],
    out: 'GET web:81 /\n',
  },
  {
    reason: 'Host may be set',
    command: ['curl', '-sH', 'Host: other', 'web/'],
    out: 'GET other /\n',
  },
  {
    reason: '-o and -w as in every health check',
    command: [
      'curl',
      '-s',
      '-o',
      '/dev/null',
      '-w',
      '%{http_code} %{size_download}\\n',
      'web/status/503',
    ],
    out: '503 20\n',
  },
  {
    reason: '-w is written when nothing answered, too',
    command: ['curl', '-s', '-w', '%{http_code} %{exitcode}\n', 'refuses'],
    code: 7,
    out: '000 7\n',
  },
  {
    reason: '-i has the head',
    command: ['curl', '-si', 'web/status/404'],
    out: 'HTTP/1.1 404 Not Found\r\nx-tag: blue\r\n\r\nGET web /status/404\n',
  },
  {
    reason: '-I asks HEAD',
    command: ['curl', '-sI', 'web', '-o', '/dev/stderr'],
    err: 'HTTP/1.1 200 OK\r\nx-tag: blue\r\n\r\nHEAD web /\n',
  },
  {
    reason: 'several -d are one form, posted',
    command: ['curl', '-s', '-d', 'a=1', '-d', 'b=2', 'web'],
    out: 'POST web / a=1&b=2\n',
  },
  {
    reason: 'data from standard input',
    command: ['curl', '-s', '-X', 'PUT', '--data-binary', '@-', 'web'],
    stdin: 'one\ntwo',
    out: 'PUT web / one\ntwo\n',
  },
  {
    reason: '-G puts data into the query',
    command: ['curl', '-sG', '-d', 'q=1', 'web'],
    out: 'GET web /?q=1\n',
  },
  {
    reason: 'no such host',
    command: ['curl', 'nowhere'],
    code: 6,
    err: 'curl: (6) Could not resolve host: nowhere\n',
  },
  {
    reason: 'refused',
    command: ['curl', 'refuses:81'],
    code: 7,
    err: "curl: (7) Failed to connect to refuses port 81 after 0 ms: Couldn't connect to server\n",
  },
  {
    reason: '-f turns a status into a failure',
    command: ['curl', '-f', 'web/status/500'],
    code: 22,
    err: 'curl: (22) The requested URL returned error: 500\n',
  },
  { reason: '-s is silent about it', command: ['curl', '-sf', 'web/status/500'], code: 22 },
  {
    reason: '-S says it all the same',
    command: ['curl', '-sSf', 'web/status/500'],
    code: 22,
    err: 'curl: (22) The requested URL returned error: 500\n',
  },
  {
    reason: 'its time is over',
    command: ['curl', '-m', '1.5', 'web/hang'],
    code: 28,
    err: 'curl: (28) Operation timed out after 1500 milliseconds with 0 bytes received\n',
  },
  {
    reason: 'closed without an answer',
    command: ['curl', 'web/close'],
    code: 52,
    err: 'curl: (52) Empty reply from server\n',
  },
  {
    reason: 'reset',
    command: ['curl', 'web/reset'],
    code: 56,
    err: 'curl: (56) Recv failure: Connection reset by peer\n',
  },
  { reason: 'redirects are shown', command: ['curl', '-s', 'web/moved'], out: 'moved\n' },
  { reason: '-L follows them', command: ['curl', '-sL', 'web/moved'], out: 'GET web /there\n' },
  {
    reason: 'a ring of redirects ends',
    command: ['curl', '-sSL', '--max-redirs', '0', 'web/moved'],
    code: 47,
    err: 'curl: (47) Maximum (0) redirects followed\n',
  },
  {
    reason: 'transient failures are tried again',
    command: ['curl', '-s', '--retry', '2', 'web/status/503'],
    out: 'GET web /status/503\n'.repeat(3),
  },
  {
    reason: 'several URLs',
    command: ['curl', '-s', 'web/a', 'web/b'],
    out: 'GET web /a\nGET web /b\n',
  },
  {
    reason: 'ranges of URLs',
    command: ['curl', '-s', 'web/[1-3]'],
    out: 'GET web /1\nGET web /2\nGET web /3\n',
  },
  {
    reason: 'an unknown long option is named',
    command: ['curl', '--frobnicate', 'web'],
    code: 2,
    err: "curl: option --frobnicate: is unknown\ncurl: try 'curl --help' or 'curl --manual' for more information\n",
  },
  {
    reason: 'an unknown short option is named',
    command: ['curl', '-sJ', 'web'],
    code: 2,
    err: "curl: option -sJ: is unknown\ncurl: try 'curl --help' or 'curl --manual' for more information\n",
  },
  {
    reason: 'another protocol',
    command: ['curl', 'ftp://web'],
    code: 1,
    err: 'curl: (1) Protocol "ftp" not supported or disabled in libcurl\n',
  },
  { reason: 'wget prints with -O -', command: ['wget', '-qO-', 'web/a'], out: 'GET web /a\n' },
  {
    reason: 'wget fails on a status',
    command: ['wget', '-q', '-O', '-', 'web/status/404'],
    code: 1,
    err: 'wget: server returned error: HTTP/1.1 404 Not Found\n',
  },
  {
    reason: 'wget does not know the host',
    command: ['wget', '-qO-', 'nowhere'],
    code: 1,
    err: "wget: bad address 'nowhere:80'\n",
  },
  {
    reason: 'a loop over words',
    command: ['sh', '-c', 'for i in 1 2 3; do curl -s web/$i; done'],
    out: 'GET web /1\nGET web /2\nGET web /3\n',
  },
  {
    reason: 'a loop over the output of a command',
    command: ['sh', '-c', 'for i in $(seq 2 4); do echo "n=$i"; done'],
    out: 'n=2\nn=3\nn=4\n',
  },
  {
    reason: 'a loop that counts',
    command: ['sh', '-c', 'i=0; while [ $i -lt 3 ]; do echo $i; i=$((i+1)); done; echo done'],
    out: '0\n1\n2\ndone\n',
  },
  {
    reason: 'until, break and conditions',
    command: [
      'sh',
      '-c',
      'n=0\nuntil false; do n=$((n + 1)); if [ "$n" -eq 2 ]; then continue; elif test $n -gt 3; then break; else echo $n; fi; done',
    ],
    out: '1\n3\n',
  },
  {
    reason: 'variables are split unless quoted',
    command: ['sh', '-c', 'echo $NAME; echo "$NAME"'],
    out: 'a b\na  b\n',
  },
  {
    reason: 'joined commands stop where they fail',
    command: ['sh', '-c', 'false && echo no || echo yes; ! false && echo "$?"'],
    out: 'yes\n0\n',
  },
  { reason: 'exit ends it', command: ['sh', '-c', 'echo a; exit 3; echo b'], code: 3, out: 'a\n' },
  {
    reason: 'redirections to nowhere and to the other stream',
    command: ['sh', '-c', 'echo a >/dev/null; echo b >&2; curl nowhere 2>&1'],
    out: 'curl: (6) Could not resolve host: nowhere\n',
    err: 'b\n',
    code: 6,
  },
  {
    reason: 'a pipe is refused by name',
    command: ['sh', '-c', 'echo a | cat'],
    code: 2,
    err: 'sh: "|" is not known to the builtin runner here\n',
  },
];

test.each(COMMANDS)('$reason', async ({ command, code = 0, out = '', err = '', stdin }) => {
  expect(await run(command, stdin === undefined ? {} : { stdin })).toEqual({ code, out, err });
});
