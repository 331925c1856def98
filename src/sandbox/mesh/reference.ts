// A destination as Istio's routes name it.
import { fullHost } from './names.ts';
import type { Field } from './reading.ts';
import type { DestinationRef } from './routes.ts';

export interface Reference {
  readonly path: string;
  readonly to: DestinationRef;
}

/** What compiling one object gathers on its way. */
export interface Compilation {
  readonly namespace: string;
  readonly references: Reference[];
}

/** `host`, `subset` and `port.number` of a destination. */
export function compileReference(
  field: Field,
  { namespace, references }: Compilation,
): DestinationRef | undefined {
  field.only(['host', 'subset', 'port']);
  const host = field.at('host').text() ?? '';
  if (host === '') {
    field.at('host').invalid('must not be empty');
    return undefined;
  }
  const subset = field.at('subset').text() ?? '';
  const port = field.at('port').at('number').number() ?? 0;
  const to: DestinationRef = {
    host: fullHost(host, namespace),
    ...(subset === '' ? {} : { subset }),
    ...(port === 0 ? {} : { port }),
  };
  references.push({ path: field.path, to });
  return to;
}
