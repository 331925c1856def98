// The document's mock server: HTTP endpoints that answer with a version, a status, late, or not at all.
import { bodyOf, utf8 } from '../../lib/bytes.ts';
import { sleep } from '../../lib/clock.ts';
import {
  type Clock,
  type HttpRequest,
  type HttpResponse,
  type Transport,
  TransportError,
} from '../../lib/ports.ts';
import { milliseconds } from '../../lib/time.ts';

export interface MockServerOptions {
  readonly clock: Clock;
  /** What `/version` answers: the image's tag. */
  readonly version: string;
  readonly hostname: string;
  /** Share of requests that are answered with 500, evenly spread: a version that is broken in part. */
  readonly failPercent?: number;
  /** One line for each request. */
  readonly log: (line: string) => void;
}

/** Whether an image is the mock server's, whatever its registry and tag. */
export function isMockServer(image: string): boolean {
  const [path = ''] = image.split('@');
  const name = path.split('/').at(-1) ?? '';
  return name.split(':')[0] === 'mock-go-server';
}

/** The tag of an image; `latest` if it has none. */
export function tagOf(image: string): string {
  const [path = ''] = image.split('@');
  const name = path.split('/').at(-1) ?? '';
  return name.split(':')[1] ?? 'latest';
}

/** Variable of a container's environment with `failPercent`. */
const FAIL_PERCENT = 'MOCK_FAIL_PERCENT';

/** What the environment says of it: a number from 0 to 100, else nothing fails. */
export function failPercentOf(env: Readonly<Record<string, string>>): number {
  const percent = Number(env[FAIL_PERCENT] ?? 0);
  return percent >= 0 && percent <= 100 ? percent : 0;
}

const LONGEST_MS = 3_600_000;

function json(status: number, document: unknown): HttpResponse {
  const bytes = utf8(`${JSON.stringify(document)}\n`);
  return {
    status,
    headers: { 'content-type': 'application/json', 'content-length': String(bytes.length) },
    body: bodyOf(bytes),
  };
}

/** The server as a function. Endpoints: see issue and README; unknown paths are 404. */
export function mockServer(options: MockServerOptions): Transport {
  const { version, hostname, log, failPercent = 0 } = options;
  let owed = 0;
  const fails = (): boolean => {
    owed += failPercent;
    if (owed < 100) return false;
    owed -= 100;
    return true;
  };
  return async (request) => {
    const response = fails()
      ? json(500, { error: 'this version is broken', version, hostname })
      : await answerTo(options, request);
    log(`${request.method} ${request.path} ${response.status} version=${version} pod=${hostname}`);
    return response;
  };
}

async function answerTo(options: MockServerOptions, request: HttpRequest): Promise<HttpResponse> {
  const { version, hostname, clock, log } = options;
  const [path = '/'] = request.path.split('?');
  const [, action = '', argument = ''] = path.split('/');
  const number = /^\d+$/.test(argument) ? Number(argument) : undefined;
  if (action === 'version' && argument === '') return json(200, { version, hostname });
  if (number === undefined) return json(404, { error: `there is no ${path}`, version });
  const waited = () => sleep(clock, milliseconds(Math.min(number, LONGEST_MS)), request.cancel);
  switch (action) {
    case 'status':
      return number >= 200 && number <= 599
        ? json(number, { status: number, version, hostname })
        : json(400, { error: `${argument} is no status from 200 to 599`, version });
    case 'delay':
      await waited();
      return json(200, { delayMs: number, version, hostname });
    case 'close-before-response':
      await waited();
      log(`${request.method} ${request.path} closed version=${version} pod=${hostname}`);
      throw new TransportError('cancelled', 'closed before a response');
    case 'reset-before-response':
      await waited();
      log(`${request.method} ${request.path} reset version=${version} pod=${hostname}`);
      throw new TransportError('reset', 'reset before a response');
    default:
      return json(404, { error: `there is no ${path}`, version });
  }
}
