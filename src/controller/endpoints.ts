// What the controller answers over HTTP: metrics on one port, health on another (operations.md 3). Servers are the
// caller's; these are their handlers.
import { bodyOf, utf8 } from '../lib/bytes.ts';
import type { HttpRequest, HttpResponse, Transport } from '../lib/ports.ts';
import { EXPOSITION_TYPE, exposition } from './metrics/exposition.ts';
import type { Metrics } from './metrics/metrics.ts';

const TEXT = 'text/plain; charset=utf-8';

/** Answers `/metrics`. */
export function metricsHandler(metrics: Pick<Metrics, 'families'>): Transport {
  const page = (): HttpResponse => ({
    status: 200,
    headers: { 'content-type': EXPOSITION_TYPE },
    body: encoded(exposition(metrics.families())),
  });
  return pages(new Map([['/metrics', page]]));
}

/**
 * Answers `/healthz` with 200 for as long as the process serves at all, and `/readyz` with 200 once `waitsFor` has nothing
 * more to name, until then with 503 and its name.
 */
export function healthHandler(waitsFor: () => string | undefined): Transport {
  const ready = (): HttpResponse => {
    const missing = waitsFor();
    return missing === undefined ? answer(200, 'ok') : answer(503, `waiting for ${missing}`);
  };
  return pages(
    new Map([
      ['/healthz', () => answer(200, 'ok')],
      ['/readyz', ready],
    ]),
  );
}

function pages(byPath: ReadonlyMap<string, () => HttpResponse>): Transport {
  return ({ method, path }: HttpRequest) => {
    const page = byPath.get(path.split('?')[0] ?? '');
    if (page === undefined) return Promise.resolve(answer(404, 'not found'));
    if (method === 'GET') return Promise.resolve(page());
    if (method !== 'HEAD') {
      const refused = answer(405, 'only GET and HEAD');
      return Promise.resolve({ ...refused, headers: { ...refused.headers, allow: 'GET, HEAD' } });
    }
    return Promise.resolve({ ...page(), body: bodyOf(new Uint8Array()) });
  };
}

function answer(status: number, text: string): HttpResponse {
  return { status, headers: { 'content-type': TEXT }, body: bodyOf(utf8(text)) };
}

async function* encoded(parts: Iterable<string>): AsyncGenerator<Uint8Array> {
  for (const part of parts) yield utf8(part);
}
