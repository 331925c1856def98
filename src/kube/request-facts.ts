// What a request to the API server is about, in the words of the metric controller_clientset_k8s_request_total
// (operations.md 4). Entry point: `requestFacts`.
import type { HttpRequest, Transport } from '../lib/ports.ts';
import { utf8Text } from '../lib/bytes.ts';

export interface RequestFacts {
  readonly kind: string;
  /** Empty for requests about all namespaces, and for kinds without. */
  readonly namespace: string;
  readonly name: string;
  readonly verb: Verb;
}

type Verb = 'List' | 'Watch' | 'Get' | 'Create' | 'Update' | 'Patch' | 'Delete' | 'Unknown';

const UNKNOWN: RequestFacts = {
  kind: 'Unknown',
  namespace: 'Unknown',
  name: 'Unknown',
  verb: 'Unknown',
};
const NO_NAME = 'N/A';

/** Kinds whose objects come and go all the time: their names would be series without end. */
const NAMELESS: ReadonlySet<string> = new Set(['events', 'replicasets', 'pods', 'jobs']);

/** The same transport; `onAnswer` learns of each request and its status, 0 if no answer came. */
export function observed(
  send: Transport,
  onAnswer: (facts: RequestFacts, status: number) => void,
): Transport {
  return async (request) => {
    let status = 0;
    try {
      const response = await send(request);
      ({ status } = response);
      return response;
    } finally {
      onAnswer(requestFacts(request), status);
    }
  };
}

export function requestFacts(request: HttpRequest): RequestFacts {
  const [path = '', query = ''] = request.path.split('?');
  const place = placeIn(path);
  if (place === undefined) return UNKNOWN;
  const { kind, namespace, name } = place;
  const verb = verbOf(request.method, name !== undefined, /(?:^|&)watch=true(?:&|$)/.test(query));
  if (verb === 'Unknown') return UNKNOWN;
  return { kind, namespace, verb, name: shownName(request, place, verb) };
}

interface Place {
  readonly kind: string;
  readonly namespace: string;
  /** Absent for the collection. */
  readonly name: string | undefined;
}

/** Subresources are left out: they are of the object. */
function placeIn(path: string): Place | undefined {
  const rest = /^\/(?:api|apis\/[^/]+)\/v\d\w*\/(.+)$/.exec(path)?.[1];
  if (rest === undefined) return undefined;
  const words = rest.split('/').map(decoded);
  const [first = '', second, third] = words;
  if (first === 'namespaces' && second !== undefined && third !== undefined) {
    return { kind: third, namespace: second, name: words[3] };
  }
  return { kind: first, namespace: '', name: second };
}

function decoded(word: string): string {
  try {
    return decodeURIComponent(word);
  } catch {
    return word;
  }
}

function verbOf(method: string, isNamed: boolean, isWatch: boolean): Verb {
  switch (method) {
    case 'GET':
      if (isNamed) return 'Get';
      return isWatch ? 'Watch' : 'List';
    case 'POST':
      return 'Create';
    case 'PUT':
      return 'Update';
    case 'PATCH':
      return 'Patch';
    case 'DELETE':
      return 'Delete';
    default:
      return 'Unknown';
  }
}

function shownName({ body }: HttpRequest, { kind, name }: Place, verb: Verb): string {
  if (verb === 'List' || verb === 'Watch' || NAMELESS.has(kind)) return NO_NAME;
  // Those that we make and delete are of Experiments, with another name for each update.
  if (kind === 'services' && (verb === 'Create' || verb === 'Delete')) return NO_NAME;
  if (name !== undefined) return name;
  return verb === 'Create' && body !== undefined ? nameIn(body) : NO_NAME;
}

interface Named {
  readonly metadata?: { readonly name?: string };
}

function nameIn(body: Uint8Array): string {
  try {
    return (JSON.parse(utf8Text(body)) as Named).metadata?.name ?? NO_NAME;
  } catch {
    return NO_NAME;
  }
}
