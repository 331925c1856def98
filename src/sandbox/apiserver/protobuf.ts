// Bodies that kubectl sends as protobuf since 1.32 (kubectl-protocol: Writes): a table of field numbers, and a decoder
// that gives the object as JSON. Answers go out as JSON.
import { base64, utf8Text } from '../../lib/bytes.ts';
import { badRequest } from './status-error.ts';

type Field =
  | { readonly name: string; readonly type: 'text' | 'int' | 'bool' | 'bytes' | 'port' }
  | { readonly name: string; readonly type: 'map' | 'bytesMap' }
  | {
      readonly name: string;
      readonly type: 'message';
      readonly fields: Fields;
      readonly isList?: true;
    };
type Fields = Readonly<Record<number, Field>>;

const text = (name: string): Field => ({ name, type: 'text' });
const int = (name: string): Field => ({ name, type: 'int' });
const bool = (name: string): Field => ({ name, type: 'bool' });
const map = (name: string): Field => ({ name, type: 'map' });
const message = (name: string, fields: Fields): Field => ({ name, type: 'message', fields });
const list = (name: string, fields: Fields): Field => ({
  name,
  type: 'message',
  fields,
  isList: true,
});
/** A list of plain texts is told apart by its type. */
const texts = (name: string): Field => ({ name, type: 'message', fields: {}, isList: true });

const META: Fields = {
  1: text('name'),
  2: text('generateName'),
  3: text('namespace'),
  11: map('labels'),
  12: map('annotations'),
  14: texts('finalizers'),
};
const SELECTOR: Fields = { 1: map('matchLabels') };
const CONTAINER_PORT: Fields = {
  1: text('name'),
  2: int('hostPort'),
  3: int('containerPort'),
  4: text('protocol'),
};
const ENV: Fields = { 1: text('name'), 2: text('value') };
const CONTAINER: Fields = {
  1: text('name'),
  2: text('image'),
  3: texts('command'),
  4: texts('args'),
  5: text('workingDir'),
  6: list('ports', CONTAINER_PORT),
  7: list('env', ENV),
  14: text('imagePullPolicy'),
};
const POD_SPEC: Fields = {
  2: list('containers', CONTAINER),
  3: text('restartPolicy'),
  4: int('terminationGracePeriodSeconds'),
  8: text('serviceAccountName'),
};
const TEMPLATE: Fields = { 1: message('metadata', META), 2: message('spec', POD_SPEC) };
const SERVICE_PORT: Fields = {
  1: text('name'),
  2: text('protocol'),
  3: int('port'),
  4: { name: 'targetPort', type: 'port' },
  5: int('nodePort'),
};

function kind(spec: Fields): Fields {
  return { 1: message('metadata', META), 2: message('spec', spec) };
}

const POLICY_RULE: Fields = {
  1: texts('verbs'),
  2: texts('apiGroups'),
  3: texts('resources'),
  4: texts('resourceNames'),
  5: texts('nonResourceURLs'),
};
const ROLE_BINDING: Fields = {
  1: message('metadata', META),
  2: list('subjects', {
    1: text('kind'),
    2: text('apiGroup'),
    3: text('name'),
    4: text('namespace'),
  }),
  3: message('roleRef', { 1: text('apiGroup'), 2: text('kind'), 3: text('name') }),
};
const INGRESS_BACKEND: Fields = {
  4: message('service', {
    1: text('name'),
    2: message('port', { 1: text('name'), 2: int('number') }),
  }),
};
const INGRESS_PATH: Fields = {
  1: text('path'),
  2: message('backend', INGRESS_BACKEND),
  3: text('pathType'),
};

const KINDS: Readonly<Record<string, Fields>> = {
  Namespace: kind({}),
  ServiceAccount: { 1: message('metadata', META) },
  ConfigMap: {
    1: message('metadata', META),
    2: map('data'),
    3: { name: 'binaryData', type: 'bytesMap' },
    4: bool('immutable'),
  },
  Secret: {
    1: message('metadata', META),
    2: { name: 'data', type: 'bytesMap' },
    3: text('type'),
    4: map('stringData'),
    5: bool('immutable'),
  },
  Deployment: kind({
    1: int('replicas'),
    2: message('selector', SELECTOR),
    3: message('template', TEMPLATE),
  }),
  Service: kind({
    1: list('ports', SERVICE_PORT),
    2: map('selector'),
    3: text('clusterIP'),
    4: text('type'),
    10: text('externalName'),
  }),
  Job: kind({
    1: int('parallelism'),
    2: int('completions'),
    4: message('selector', SELECTOR),
    6: message('template', TEMPLATE),
    7: int('backoffLimit'),
  }),
  Pod: kind(POD_SPEC),
  Role: { 1: message('metadata', META), 2: list('rules', POLICY_RULE) },
  ClusterRole: { 1: message('metadata', META), 2: list('rules', POLICY_RULE) },
  RoleBinding: ROLE_BINDING,
  ClusterRoleBinding: ROLE_BINDING,
  Ingress: kind({
    1: message('defaultBackend', INGRESS_BACKEND),
    2: list('tls', { 1: texts('hosts'), 2: text('secretName') }),
    3: list('rules', {
      1: text('host'),
      2: message('', { 1: message('http', { 1: list('paths', INGRESS_PATH) }) }),
    }),
    4: text('ingressClassName'),
  }),
  SelfSubjectAccessReview: kind({
    1: message('resourceAttributes', {
      1: text('namespace'),
      2: text('verb'),
      3: text('group'),
      4: text('version'),
      5: text('resource'),
      6: text('subresource'),
      7: text('name'),
    }),
    2: message('nonResourceAttributes', { 1: text('path'), 2: text('verb') }),
  }),
  SelfSubjectRulesReview: kind({ 1: text('namespace') }),
  SelfSubjectReview: { 1: message('metadata', META) },
  DeleteOptions: {
    1: int('gracePeriodSeconds'),
    2: message('preconditions', { 1: text('uid'), 2: text('resourceVersion') }),
    4: text('propagationPolicy'),
  },
  Eviction: {
    1: message('metadata', META),
    2: message('deleteOptions', { 1: int('gracePeriodSeconds') }),
  },
};

const MAGIC = [0x6b, 0x38, 0x73, 0x00];

export function isProtobuf(contentType: string): boolean {
  return contentType.includes('application/vnd.kubernetes.protobuf');
}

/** The object in the body; kinds that are not in the table are refused by name. */
export function decodeProtobuf(body: Uint8Array): unknown {
  if (MAGIC.some((byte, at) => body[at] !== byte)) {
    throw badRequest('the protobuf body does not begin as Kubernetes objects do');
  }
  const envelope = read(body.subarray(MAGIC.length));
  const typeMeta = read(first(envelope, 1));
  const apiVersion = utf8Text(first(typeMeta, 1));
  const kindName = utf8Text(first(typeMeta, 2));
  const fields = KINDS[kindName];
  if (fields === undefined) {
    throw badRequest(`${kindName} cannot be read from protobuf here; send it as JSON`);
  }
  return { apiVersion, kind: kindName, ...objectOf(first(envelope, 2), fields) };
}

function tooEarly(): Error {
  return badRequest('the protobuf body ends too early');
}

type Raw = ReadonlyMap<number, readonly (Uint8Array | bigint)[]>;

function first(raw: Raw, number: number): Uint8Array {
  const value = raw.get(number)?.[0];
  return value instanceof Uint8Array ? value : new Uint8Array();
}

/** The fields of a message by number: bytes, or a whole number. */
function read(bytes: Uint8Array): Raw {
  const raw = new Map<number, (Uint8Array | bigint)[]>();
  let at = 0;
  const varint = (): bigint => {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = bytes[at];
      if (byte === undefined) throw tooEarly();
      if (shift > 63n) throw badRequest('the protobuf body has a number that is too long');
      at += 1;
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
  };
  while (at < bytes.length) {
    const tag = Number(varint());
    const number = tag >> 3;
    const values = raw.get(number) ?? [];
    raw.set(number, values);
    switch (tag & 7) {
      case 0:
        values.push(varint());
        break;
      case 1:
        at += 8;
        break;
      case 2: {
        const length = Number(varint());
        if (at + length > bytes.length) throw tooEarly();
        values.push(bytes.subarray(at, at + length));
        at += length;
        break;
      }
      case 5:
        at += 4;
        break;
      default:
        throw badRequest('the protobuf body has a field of an unknown form');
    }
  }
  return raw;
}

/** Default values are sent too; they say nothing and are left out. */
function objectOf(bytes: Uint8Array, fields: Fields): Record<string, unknown> {
  const object: Record<string, unknown> = {};
  for (const [number, values] of read(bytes)) {
    const field = fields[number];
    if (field === undefined) continue;
    const value = valueOf(field, values);
    if (value === undefined || value === '' || value === 0 || value === false) continue;
    // A message without a name stands for its members.
    if (field.name === '') Object.assign(object, value);
    else object[field.name] = value;
  }
  return object;
}

function valueOf(field: Field, values: readonly (Uint8Array | bigint)[]): unknown {
  const [value] = values;
  const bytes = values.filter((one): one is Uint8Array => one instanceof Uint8Array);
  switch (field.type) {
    case 'text':
      return value instanceof Uint8Array ? utf8Text(value) : '';
    case 'int':
      return typeof value === 'bigint' ? Number(BigInt.asIntN(64, value)) : 0;
    case 'bool':
      return value === 1n;
    case 'bytes':
      return value instanceof Uint8Array ? base64(value) : '';
    case 'port':
      return value instanceof Uint8Array ? portOf(value) : undefined;
    case 'map':
      return entries(bytes, utf8Text);
    case 'bytesMap':
      return entries(bytes, base64);
    default:
      return messageOf(field, bytes);
  }
}

function entries(
  list: readonly Uint8Array[],
  of: (bytes: Uint8Array) => string,
): Readonly<Record<string, string>> {
  return Object.fromEntries(
    list.map((bytes) => {
      const raw = read(bytes);
      return [utf8Text(first(raw, 1)), of(first(raw, 2))];
    }),
  );
}

function messageOf(
  field: Extract<Field, { type: 'message' }>,
  bytes: readonly Uint8Array[],
): unknown {
  if (field.isList === true) {
    const isText = Object.keys(field.fields).length === 0;
    return bytes.map((one) => (isText ? utf8Text(one) : objectOf(one, field.fields)));
  }
  const [only] = bytes;
  return only === undefined ? undefined : objectOf(only, field.fields);
}

/** IntOrString: type, number, text. */
function portOf(bytes: Uint8Array): number | string | undefined {
  const raw = read(bytes);
  const isText = raw.get(1)?.[0] === 1n;
  const number = raw.get(2)?.[0];
  if (isText) return utf8Text(first(raw, 3));
  return typeof number === 'bigint' && number !== 0n ? Number(number) : undefined;
}
