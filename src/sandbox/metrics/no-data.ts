// The address at which templates find Prometheus in the cluster. This version of the sandbox counts no traffic, so it
// answers truthfully that there is no data: NaN for an expression whose outermost call is `scalar(`, else no series.
import { utf8Text } from '../../lib/bytes.ts';
import type { Clock, HttpRequest, HttpResponse, Transport } from '../../lib/ports.ts';
import { answer, plain } from '../apiserver/answers.ts';
import { parseQuery } from '../apiserver/request.ts';

/** Whether the whole expression is one call of `scalar`. */
export function isScalarCall(expression: string): boolean {
  const bare = expression.trim();
  const call = /^scalar\s*\(/.exec(bare);
  if (call === null) return false;
  let depth = 0;
  let quote = '';
  for (let at = call[0].length - 1; at < bare.length; at += 1) {
    const character = bare.charAt(at);
    if (quote !== '') {
      if (character === '\\' && quote !== '`') at += 1;
      else if (character === quote) quote = '';
    } else if (character === '"' || character === "'" || character === '`') quote = character;
    else if (character === '(') depth += 1;
    else if (character === ')') {
      depth -= 1;
      if (depth === 0) return bare.slice(at + 1).trim() === '';
    }
  }
  return false;
}

function parameters({ path, body, headers }: HttpRequest): ReadonlyMap<string, readonly string[]> {
  const query = path.split('?')[1] ?? '';
  const isForm = (headers['content-type'] ?? '').includes('application/x-www-form-urlencoded');
  const form = isForm && body !== undefined ? utf8Text(body) : '';
  return parseQuery(form === '' ? query : `${query}&${form}`);
}

function success(data: unknown): HttpResponse {
  return answer(200, { status: 'success', data });
}

function bad(error: string): HttpResponse {
  return answer(400, { status: 'error', errorType: 'bad_data', error });
}

/** The Prometheus API as far as analyses and people ask it. */
export function noDataPrometheus(clock: Clock): Transport {
  return (request) => {
    const [path] = request.path.split('?');
    const asked = parameters(request);
    const expression = asked.get('query')?.at(-1) ?? '';
    switch (path) {
      case '/-/ready':
      case '/-/healthy':
        return Promise.resolve(plain(200, 'Prometheus Server is Ready.\n'));
      case '/api/v1/query': {
        if (expression === '')
          return Promise.resolve(bad('invalid parameter "query": no expression'));
        const at = Number(asked.get('time')?.at(-1) ?? clock.now() / 1000);
        return Promise.resolve(
          isScalarCall(expression)
            ? success({ resultType: 'scalar', result: [at, 'NaN'] })
            : success({ resultType: 'vector', result: [] }),
        );
      }
      case '/api/v1/query_range':
        if (expression === '')
          return Promise.resolve(bad('invalid parameter "query": no expression'));
        return Promise.resolve(success({ resultType: 'matrix', result: [] }));
      case '/api/v1/status/buildinfo':
        return Promise.resolve(success({ version: 'slipway-sandbox', goVersion: '' }));
      case '/api/v1/series':
      case '/api/v1/labels':
        return Promise.resolve(success([]));
      default:
        return Promise.resolve(plain(404, '404 page not found\n'));
    }
  };
}
