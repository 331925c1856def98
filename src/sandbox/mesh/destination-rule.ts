// A DestinationRule as subsets and load balancers (https://istio.io/latest/docs/reference/config/networking/destination-rule/).
import type { KubeObject } from '../../api/object.ts';
import type { Balancer } from './balancer.ts';
import { fullHost } from './names.ts';
import { type Field, fieldOf, type Problem } from './reading.ts';
import { type Visibility, visibilityOf } from './visibility.ts';

export interface CompiledDestinationRule {
  /** Full name or wildcard; empty if there is none. */
  readonly host: string;
  readonly visibility: Visibility;
  readonly policy: TrafficPolicy;
  readonly subsets: readonly Subset[];
  readonly problems: readonly Problem[];
}

export interface Subset {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly policy: TrafficPolicy;
}

export interface TrafficPolicy {
  readonly balancer?: Balancer;
  readonly ports: ReadonlyMap<number, Balancer>;
}

const NO_POLICY: TrafficPolicy = { ports: new Map() };

export function compileDestinationRule(object: KubeObject): CompiledDestinationRule {
  const problems: Problem[] = [];
  const { namespace = '' } = object.metadata;
  const spec = fieldOf((object as { readonly spec?: unknown }).spec, 'spec', problems);
  spec.only(['host', 'trafficPolicy', 'subsets', 'exportTo']);
  const host = spec.at('host').text() ?? '';
  return {
    host: host === '' ? '' : fullHost(host, namespace),
    visibility: visibilityOf(spec.at('exportTo').texts(), namespace),
    policy: compilePolicy(spec.at('trafficPolicy')),
    subsets: spec.at('subsets').items().map(compileSubset),
    problems,
  };
}

function compileSubset(field: Field): Subset {
  field.only(['name', 'labels', 'trafficPolicy']);
  return {
    name: field.at('name').text() ?? '',
    labels: field.at('labels').textMap(),
    policy: compilePolicy(field.at('trafficPolicy')),
  };
}

function compilePolicy(field: Field): TrafficPolicy {
  if (!field.isPresent) return NO_POLICY;
  field.only(['loadBalancer', 'portLevelSettings', 'tls']);
  complainAboutTls(field.at('tls'));
  const ports = new Map<number, Balancer>();
  for (const setting of field.at('portLevelSettings').items()) {
    setting.only(['port', 'loadBalancer', 'tls']);
    complainAboutTls(setting.at('tls'));
    const port = setting.at('port').at('number').number();
    const balancer = compileBalancer(setting.at('loadBalancer'));
    if (port !== undefined && balancer !== undefined) ports.set(port, balancer);
  }
  const balancer = compileBalancer(field.at('loadBalancer'));
  return { ports, ...(balancer === undefined ? {} : { balancer }) };
}

/** What the proxies agree on by themselves makes no difference here. */
function complainAboutTls(field: Field): void {
  const mode = field.at('mode').text();
  if (mode !== undefined && mode !== 'ISTIO_MUTUAL' && mode !== 'DISABLE') field.notSupported();
}

const BALANCERS: Readonly<Record<string, Balancer | undefined>> = {
  LEAST_REQUEST: 'least-request',
  // The old name of the same.
  LEAST_CONN: 'least-request',
  ROUND_ROBIN: 'round-robin',
  RANDOM: 'random',
};

function compileBalancer(field: Field): Balancer | undefined {
  if (!field.isPresent) return undefined;
  field.only(['simple']);
  const simple = field.at('simple').text();
  if (simple === undefined || simple === 'UNSPECIFIED') return undefined;
  const balancer = BALANCERS[simple];
  if (balancer === undefined) field.at('simple').notSupported();
  return balancer;
}
