// A backend as an HTTPRoute names it.
import { serviceHost } from './names.ts';
import type { Field } from './reading.ts';
import type { Compilation } from './reference.ts';
import type { DestinationRef } from './routes.ts';

const KNOWN = ['group', 'kind', 'name', 'namespace', 'port', 'weight', 'filters'];

export function compileBackendRef(
  field: Field,
  { namespace, references }: Compilation,
): DestinationRef | undefined {
  field.only(KNOWN);
  const group = field.at('group').text() ?? '';
  const kind = field.at('kind').text() ?? 'Service';
  if ((group !== '' && group !== 'core') || kind !== 'Service') {
    field.complain('ReferenceNotPermitted', `a ${kind} cannot be a backend`);
    return undefined;
  }
  const name = field.at('name').text() ?? '';
  const inNamespace = field.at('namespace').text() ?? namespace;
  const port = field.at('port').number();
  if (inNamespace !== namespace) {
    const message = `Service ${inNamespace}/${name} is of another namespace; ReferenceGrants are not read`;
    field.complain('ReferenceNotPermitted', message);
    return undefined;
  }
  if (port === undefined) {
    field.at('port').invalid('must be set for a Service');
    return undefined;
  }
  const to: DestinationRef = { host: serviceHost(name, namespace), port };
  references.push({ path: field.path, to });
  return to;
}
