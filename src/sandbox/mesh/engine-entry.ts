// Requests of people and load generators that come in from the machine: sent into the mesh as one of its pods, and told
// which pod answered. Entry point: `meshEntry`.
import type { Pod } from '../../api/kubernetes.ts';
import { bodyOf, utf8 } from '../../lib/bytes.ts';
import type {
  Headers,
  HttpRequest,
  HttpResponse,
  SwitchProtocols,
  Transport,
} from '../../lib/ports.ts';
import { type Engine, type MeshAnswer, type Source, UnreachableError } from './engine.ts';
import { sourceOf } from './engine-source.ts';
import { splitAuthority } from './names.ts';
import type { EndpointPod, GatewayListener, Unreachable } from './plan.ts';

export interface EntryOptions {
  readonly engine: Engine;
  readonly pod: (namespace: string, name: string) => Pod | undefined;
  /** Listeners of all Gateways, older Gateways first. */
  readonly gateways: () => readonly GatewayListener[];
}

export interface Entry {
  readonly send: Transport;
  readonly switchProtocols: SwitchProtocols;
}

/**
 * Says as whom a request is made: `NAMESPACE/POD`, `outside` for no pod of the mesh, or `gateway/NAMESPACE/NAME` for
 * somebody outside of the cluster who comes in through that Gateway, at the port of the URL. The shell pod if absent.
 */
export const CALLER_HEADER = 'x-slipway-caller';
/** On every answer: who gave it, and Envoy's flags if there are any. */
export const POD_HEADER = 'x-slipway-pod';
export const VERSION_HEADER = 'x-slipway-version';
export const FLAGS_HEADER = 'x-slipway-flags';

const SHELL = { namespace: 'default', name: 'shell' } as const;
/** As the shell pod would call, if somebody has deleted it. */
const SHELL_SOURCE: Source = {
  caller: { kind: 'pod', namespace: SHELL.namespace, labels: { run: SHELL.name } },
  pod: { ...SHELL, labels: { run: SHELL.name } },
};
const OUTSIDE: Source = { caller: { kind: 'outside', namespace: SHELL.namespace } };

export function meshEntry({ engine, pod, gateways }: EntryOptions): Entry {
  const gatewayPods = new Map<string, EndpointPod>();
  const sources = new WeakMap<Pod, Source>();
  const versions = new WeakMap<Pod, string>();
  const known = (namespace: string, name: string): Source | undefined => {
    const found = pod(namespace, name);
    if (found === undefined) return undefined;
    const source = sources.get(found) ?? sourceOf(found);
    sources.set(found, source);
    return source;
  };
  const throughGateway = (path: string, authority: string): Source | string => {
    const { port = 80 } = splitAuthority(authority);
    const open = gateways().filter(({ namespace, name }) => path === `${namespace}/${name}`);
    const listener = open.find((one) => one.port === port);
    if (listener === undefined) return noListener(path, port, open);
    const proxy = gatewayPods.get(path) ?? gatewayPodOf(listener);
    gatewayPods.set(path, proxy);
    return { caller: { kind: 'gateway', listener }, pod: proxy };
  };
  const callerOf = (wanted: string | undefined, authority: string): Source | string => {
    if (wanted === undefined) return known(SHELL.namespace, SHELL.name) ?? SHELL_SOURCE;
    if (wanted === 'outside') return OUTSIDE;
    if (wanted.startsWith(GATEWAY)) return throughGateway(wanted.slice(GATEWAY.length), authority);
    const [namespace = '', name] = wanted.includes('/') ? wanted.split('/') : ['default', wanted];
    return known(namespace, name ?? '') ?? `there is no pod ${wanted}`;
  };
  const told = (answer: MeshAnswer): HttpResponse => {
    const { endpoint, flags } = answer;
    const headers: Record<string, string> = { ...answer.headers };
    if (endpoint?.pod !== undefined) {
      headers[POD_HEADER] = endpoint.pod.name;
      const found = pod(endpoint.pod.namespace, endpoint.pod.name);
      if (found !== undefined) {
        const version = versions.get(found) ?? versionOf(found) ?? '';
        versions.set(found, version);
        if (version !== '') headers[VERSION_HEADER] = version;
      }
    }
    if (flags.length > 0) headers[FLAGS_HEADER] = flags.join(',');
    return { ...answer, headers };
  };
  const enter = async <T>(
    request: HttpRequest,
    go: (bare: HttpRequest, source: Source) => Promise<T>,
  ): Promise<T | HttpResponse> => {
    const wanted = request.headers[CALLER_HEADER];
    const source = callerOf(wanted, request.headers['host'] ?? '');
    if (typeof source === 'string') return refusal(400, `${CALLER_HEADER}: ${source}`);
    try {
      return await go(wanted === undefined ? request : withoutCaller(request), source);
    } catch (error) {
      if (!(error instanceof UnreachableError) || source.caller.kind === 'outside') throw error;
      return refusal(502, sentenceFor(error.plan));
    }
  };
  return {
    send: (request) =>
      enter(request, async (bare, source) => told(await engine.send(bare, source))),
    switchProtocols: async (request) => {
      const made = await enter(request, async (bare, source) => {
        const { answer, stream } = await engine.switchProtocols(bare, source);
        return { answer: told(answer), ...(stream === undefined ? {} : { stream }) };
      });
      return 'answer' in made ? made : { answer: made };
    },
  };
}

const GATEWAY = 'gateway/';

function noListener(path: string, port: number, open: readonly GatewayListener[]): string {
  if (open.length === 0) return `there is no Gateway ${path} with listeners`;
  const ports = open.map((one) => one.port).join(', ');
  return `the Gateway ${path} has no listener at port ${port}: ask for http://HOST:PORT with one of ${ports}`;
}

/** The proxy of a Gateway under the name by which Istio deploys it: metrics tell it as the caller. */
function gatewayPodOf({ api, namespace, name }: GatewayListener): EndpointPod {
  if (api === 'kubernetes') {
    const own = `${name}-istio`;
    const labels = { 'gateway.networking.k8s.io/gateway-name': name };
    return { namespace, name: own, labels, owner: { kind: 'Deployment', name: own } };
  }
  const own = 'istio-ingressgateway';
  const labels = { app: own, istio: 'ingressgateway' };
  const owner = { kind: 'Deployment', name: own };
  return { namespace: 'istio-system', name: own, labels, owner };
}

function withoutCaller(request: HttpRequest): HttpRequest {
  const { [CALLER_HEADER]: _caller, ...headers } = request.headers;
  return { ...request, headers };
}

/** A `version` label, or the tag of the first image: what people call the version of a pod. */
export function versionOf({ metadata, spec }: Pod): string | undefined {
  const label = metadata.labels?.['version'];
  if (label !== undefined) return label;
  const [path = ''] = (spec.containers?.[0]?.image ?? '').split('@');
  return path.split('/').at(-1)?.split(':')[1];
}

function refusal(status: number, sentence: string): HttpResponse {
  const bytes = utf8(`${sentence}\n`);
  const headers: Headers = { 'content-type': 'text/plain', 'content-length': String(bytes.length) };
  return { status, headers, body: bodyOf(bytes) };
}

function sentenceFor({ host, port, reason }: Unreachable): string {
  switch (reason) {
    case 'no-such-host':
      return `There is no Service ${host} in the sandbox: see kubectl get services -A`;
    case 'no-such-port':
      return `The Service ${host} has no port ${port}: see kubectl get services -A`;
    case 'external':
      return `${host} is outside the sandbox, which sends nothing out`;
    default:
      return `${host}:${port} refused the connection`;
  }
}
