// Which changes of the API server's log are the controller's own: what it was answered tells. Entry point: `Authors`.
import type { Json } from '../../src/api/object.ts';
import { bodyOf, readAll, utf8Text } from '../../src/lib/bytes.ts';
import type { HttpRequest, HttpResponse, Transport } from '../../src/lib/ports.ts';
import type { Logged } from './api-log.ts';

interface Answer {
  readonly kind?: string;
  readonly metadata?: { readonly resourceVersion?: string; readonly uid?: string };
  /** Of a Status: what a delete has deleted. */
  readonly details?: { readonly uid?: string };
}

const EVICTION = /\/pods\/([^/]+)\/eviction$/;

export class Authors {
  readonly #written = new Set<number>();
  readonly #deleted = new Set<string>();
  readonly #evicted = new Set<string>();
  readonly #empty: string[] = [];

  /** Writes that the server took and that changed nothing. */
  get empty(): readonly string[] {
    return this.#empty;
  }

  /** Sends it on and remembers what became of it. */
  async intercept(request: HttpRequest, next: Transport): Promise<HttpResponse> {
    const response = await next(request);
    if (request.method === 'GET' || response.status >= 300) return response;
    const bytes = await readAll(response.body);
    this.#hear(request, JSON.parse(utf8Text(bytes)) as Answer);
    return { ...response, body: bodyOf(bytes) };
  }

  /** Whether the controller has made the change; `isTaken`: its object is going, and was not before. */
  hasMade({ key, type, object, revision }: Logged, isTaken: boolean): boolean {
    const { name, uid = '' } = object.metadata;
    if (this.#written.has(revision)) return true;
    if (key === '/pods' && isTaken && this.#evicted.has(name)) return true;
    return (type === 'DELETED' || isTaken) && this.#deleted.has(uid);
  }

  #hear(request: HttpRequest, answer: Answer): void {
    const [path = ''] = request.path.split('?');
    const [, evicted] = EVICTION.exec(path) ?? [];
    if (evicted !== undefined) {
      this.#evicted.add(evicted);
      return;
    }
    const { resourceVersion, uid } = answer.metadata ?? {};
    if (request.method === 'DELETE') {
      this.#deleted.add(answer.details?.uid ?? uid ?? '');
      return;
    }
    if (resourceVersion === undefined) return;
    if (resourceVersion === readVersion(request)) this.#empty.push(`${request.method} ${path}`);
    else this.#written.add(Number(resourceVersion));
  }
}

type Guard = { readonly path?: string; readonly value?: string };

/** The version that a write was decided on: each has it as its precondition. */
function readVersion({ body }: HttpRequest): string | undefined {
  if (body === undefined) return undefined;
  const sent = JSON.parse(utf8Text(body)) as Json;
  if (Array.isArray(sent)) {
    const guards = sent as readonly Guard[];
    return guards.find(({ path }) => path === '/metadata/resourceVersion')?.value;
  }
  return (sent as Answer).metadata?.resourceVersion;
}
