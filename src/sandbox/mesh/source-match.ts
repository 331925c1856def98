// The part of an Istio match that does not depend on the request but on who sends it: port, gateways, labels and
// namespace of the caller. Shared by http, tls and tcp.
import type { Caller } from './plan.ts';
import type { Field } from './reading.ts';
import { MESH } from './routes.ts';

export interface Source {
  readonly caller: Caller;
  readonly scope: string;
  readonly port: number;
}

export const ANY_SOURCE = (): boolean => true;

/** Where gateways are named, labels and namespace of the source do not count. */
export function compileSource(field: Field, namespace: string): (source: Source) => boolean {
  const port = field.at('port').number();
  const gateways = new Set(
    field
      .at('gateways')
      .texts()
      .map((name) => gatewayScope(name, namespace)),
  );
  const labels = Object.entries(field.at('sourceLabels').textMap());
  const sourceNamespace = field.at('sourceNamespace').text() ?? '';
  const isFrom = (caller: Caller): boolean => {
    if (labels.length > 0) {
      if (caller.kind !== 'pod') return false;
      if (!labels.every(([key, value]) => caller.labels[key] === value)) return false;
    }
    return sourceNamespace === '' || sourceNamespace === namespaceOf(caller);
  };
  if (port === undefined && gateways.size === 0 && labels.length === 0 && sourceNamespace === '') {
    return ANY_SOURCE;
  }
  return (source) => {
    if (port !== undefined && port !== 0 && port !== source.port) return false;
    return gateways.size > 0 ? gateways.has(source.scope) : isFrom(source.caller);
  };
}

export function namespaceOf(caller: Caller): string {
  return caller.kind === 'gateway' ? caller.listener.namespace : caller.namespace;
}

/** `mesh`, `name` (of the object's namespace) or `namespace/name` as the name of a scope. */
export function gatewayScope(name: string, namespace: string): string {
  if (name === MESH) return MESH;
  return name.includes('/') ? `istio/${name}` : `istio/${namespace}/${name}`;
}
