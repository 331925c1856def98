import { describe, expect, it } from 'vitest';
import { crds } from '../../api/crds.ts';
import { CRDS } from '../../api/resources.ts';
import { createClient } from '../../kube/client.ts';
import { readAll, utf8, utf8Text } from '../../lib/bytes.ts';
import { seededRandom } from '../../lib/random.ts';
import { instant } from '../../lib/time.ts';
import { VirtualClock } from '../../lib/virtual-clock.ts';
import { createApiServer } from './server.ts';
import { Store } from './store.ts';

interface Sent {
  readonly method?: string;
  readonly path: string;
  readonly body?: unknown;
  readonly type?: string;
}

const NAMESPACED = '/api/v1/namespaces/default';
const MAPS = `${NAMESPACED}/configmaps`;
const ROLLOUTS = '/apis/argoproj.io/v1alpha1/namespaces/default/rollouts';

async function server() {
  const clock = new VirtualClock({
    start: instant(Date.UTC(2026, 0, 1)),
    idle: () => new Promise<void>((resolve) => setImmediate(resolve)),
  });
  const { handle } = createApiServer({
    clock,
    random: seededRandom('refusals'),
    store: new Store(),
  });
  const client = createClient({ transport: handle });
  const namespace = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'default' } };
  await client.raw('POST', '/api/v1/namespaces', { body: namespace });
  for (const crd of crds()) await client.create(CRDS, crd);
  const send = async ({ method, path, body, type = 'application/json' }: Sent) => {
    const bytes = typeof body === 'string' ? utf8(body) : utf8(JSON.stringify(body ?? null));
    const response = await handle({
      method: method ?? (body === undefined ? 'GET' : 'POST'),
      path,
      headers: { 'content-type': type, 'user-agent': 'test/1' },
      ...(body === undefined ? {} : { body: bytes }),
    });
    const text = utf8Text(await readAll(response.body));
    return { code: response.status, headers: response.headers, answer: JSON.parse(text) as Answer };
  };
  const make = (path: string, object: object) => send({ path, body: object });
  return { send, make };
}

interface Answer {
  readonly kind: string;
  readonly message?: string;
  readonly reason?: string;
  readonly metadata: { readonly name: string; readonly resourceVersion: string };
}

function map(name: string, rest: object = {}): object {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, ...rest };
}

function rollout(spec: unknown): object {
  return { apiVersion: 'argoproj.io/v1alpha1', kind: 'Rollout', metadata: { name: 'r' }, spec };
}

const POD_SPEC = { containers: [{ name: 'a', image: 'b' }] };

interface Row {
  readonly reason: string;
  readonly sent: Sent;
  readonly code: number;
  readonly message: string;
}

const MALFORMED: readonly Row[] = [
  {
    reason: 'a body that is no JSON',
    sent: { path: MAPS, body: '{' },
    code: 400,
    message: 'the body of the request is not JSON',
  },
  {
    reason: 'a body that is a list',
    sent: { path: MAPS, body: '[]' },
    code: 400,
    message: 'the request has no object in its body',
  },
  {
    reason: 'protobuf that is none',
    sent: { path: MAPS, body: 'k8s', type: 'application/vnd.kubernetes.protobuf' },
    code: 400,
    message: 'the protobuf body does not begin as Kubernetes objects do',
  },
  {
    reason: 'protobuf that ends too early',
    sent: { path: MAPS, body: 'k8s\u0000\n\u0010', type: 'application/vnd.kubernetes.protobuf' },
    code: 400,
    message: 'the protobuf body ends too early',
  },
  {
    reason: 'a body that is too big',
    sent: { path: MAPS, body: map('a', { data: { a: 'x'.repeat(3 * 1024 * 1024) } }) },
    code: 413,
    message: 'Request entity too large: limit is 3145728',
  },
  {
    reason: 'a spec that is a text',
    sent: {
      path: `${NAMESPACED}/services`,
      body: { apiVersion: 'v1', kind: 'Service', metadata: { name: 's' }, spec: 'x' },
    },
    code: 400,
    message: 'json: cannot unmarshal string into Go struct field Service.spec of type object',
  },
  {
    reason: 'no spec where one is needed',
    sent: {
      path: `${NAMESPACED}/pods`,
      body: { apiVersion: 'v1', kind: 'Pod', metadata: { name: 's' } },
    },
    code: 422,
    message: 'Pod "s" is invalid: spec: Required value',
  },
  {
    reason: 'metadata of a wrong type',
    sent: { path: MAPS, body: { ...map('a'), metadata: { name: 'a', labels: [1] } } },
    code: 400,
    message: 'cannot unmarshal array into Go struct field ConfigMap.metadata.labels of type object',
  },
  {
    reason: 'another kind than the path says',
    sent: { path: MAPS, body: { ...map('a'), kind: 'Secret' } },
    code: 400,
    message: 'the kind of the object (Secret) is not ConfigMap',
  },
  {
    reason: 'another version than the path says',
    sent: { path: MAPS, body: { ...map('a'), apiVersion: 'v2' } },
    code: 400,
    message: 'the API version in the data (v2) does not match the expected API version (v1)',
  },
  {
    reason: 'another namespace than the path says',
    sent: { path: MAPS, body: { ...map('a'), metadata: { name: 'a', namespace: 'other' } } },
    code: 400,
    message: 'the namespace of the provided object does not match the namespace sent',
  },
  {
    reason: 'a limit that is no number',
    sent: { path: `${MAPS}?limit=x` },
    code: 400,
    message: 'strconv.ParseInt: parsing "x": invalid syntax',
  },
  {
    reason: 'a field that lists are not narrowed by',
    sent: { path: `${MAPS}?fieldSelector=data.a=b` },
    code: 400,
    message: 'field label not supported: data.a',
  },
  {
    reason: 'a selector that is none',
    sent: { path: `${MAPS}?labelSelector=%3D%3D` },
    code: 400,
    message: '',
  },
  {
    reason: 'a token that is none',
    sent: { path: `${MAPS}?limit=1&continue=x` },
    code: 400,
    message: 'continue key is not valid',
  },
  {
    reason: 'a version that has not been reached',
    sent: { path: `${MAPS}?resourceVersion=99999` },
    code: 504,
    message: 'Timeout: Too large resource version: 99999, current:',
  },
  {
    reason: 'a watch from a version that has not been reached',
    sent: { path: `${MAPS}?watch=true&resourceVersion=99999` },
    code: 410,
    message: 'too old resource version: 99999',
  },
  {
    reason: 'a kind that is not served',
    sent: { path: `${NAMESPACED}/nothings`, body: map('a') },
    code: 404,
    message: 'the server could not find the requested resource',
  },
  {
    reason: 'a path with broken escapes',
    sent: { path: `${MAPS}/%E0%A4%A` },
    code: 404,
    message: 'configmaps "%E0%A4%A" not found',
  },
  {
    reason: 'a method that is not for one object',
    sent: { method: 'POST', path: `${MAPS}/a`, body: map('a') },
    code: 405,
    message: 'the server does not allow this method on the requested resource',
  },
  {
    reason: 'a dry run of an unknown kind',
    sent: { path: `${MAPS}?dryRun=Some`, body: map('a') },
    code: 422,
    message: 'dryRun: Unsupported value: "Some": supported values: "All"',
  },
];

const INVALID: readonly Row[] = [
  {
    reason: 'no name',
    sent: { path: MAPS, body: { apiVersion: 'v1', kind: 'ConfigMap' } },
    code: 422,
    message: 'metadata.name: Required value: name or generateName is required',
  },
  {
    reason: 'a name that is too long',
    sent: { path: MAPS, body: map('a'.repeat(254)) },
    code: 422,
    message: 'must be no more than 253 bytes',
  },
  {
    reason: 'a name with two dots in a row',
    sent: { path: MAPS, body: map('a..b') },
    code: 422,
    message: 'a lowercase RFC 1123 subdomain must consist of',
  },
  {
    reason: 'a Service whose name begins with a digit',
    sent: {
      path: `${NAMESPACED}/services`,
      body: { metadata: { name: '9s' }, spec: { ports: [{ port: 1 }] } },
    },
    code: 422,
    message: 'a DNS-1035 label must consist of',
  },
  {
    reason: 'a label value that is none',
    sent: { path: MAPS, body: map('a', { metadata: { name: 'a', labels: { x: 'a b' } } }) },
    code: 422,
    message: 'metadata.labels: Invalid value: "a b": a valid label must be an empty string or',
  },
  {
    reason: 'an annotation key without a name',
    sent: { path: MAPS, body: map('a', { metadata: { name: 'a', annotations: { 'x/': '' } } }) },
    code: 422,
    message: 'metadata.annotations: Invalid value: "x/": name part must be non-empty',
  },
  {
    reason: 'a finalizer without a domain',
    sent: { path: MAPS, body: map('a', { metadata: { name: 'a', finalizers: ['mine'] } }) },
    code: 422,
    message: 'name is neither a standard finalizer name nor is it fully qualified',
  },
  {
    reason: 'a key of data with a blank',
    sent: { path: MAPS, body: map('a', { data: { 'a b': 'c' } }) },
    code: 422,
    message: 'data[a b]: Invalid value: "a b": a valid config key must consist of',
  },
  {
    reason: 'a port out of range and an unknown type',
    sent: {
      path: `${NAMESPACED}/services`,
      body: { metadata: { name: 's' }, spec: { type: 'X', ports: [{ port: 99_999 }] } },
    },
    code: 422,
    message:
      '[spec.type: Unsupported value: "X": supported values: "ClusterIP", "ExternalName", ' +
      '"LoadBalancer", "NodePort", spec.ports[0].port: Invalid value: 99999: must be between ' +
      '1 and 65535, inclusive]',
  },
  {
    reason: 'two containers of one name',
    sent: {
      path: `${NAMESPACED}/pods`,
      body: {
        metadata: { name: 'p' },
        spec: { containers: [...POD_SPEC.containers, ...POD_SPEC.containers] },
      },
    },
    code: 422,
    message: 'spec.containers[1].name: Duplicate value: "a"',
  },
  {
    reason: 'a Deployment whose pods may end',
    sent: {
      path: '/apis/apps/v1/namespaces/default/deployments',
      body: {
        metadata: { name: 'd' },
        spec: {
          selector: { matchLabels: { a: 'b' } },
          template: {
            metadata: { labels: { a: 'b' } },
            spec: { ...POD_SPEC, restartPolicy: 'Never' },
          },
        },
      },
    },
    code: 422,
    message: 'spec.template.spec.restartPolicy: Unsupported value: "Never"',
  },
  {
    reason: 'a custom object with a wrong type',
    sent: { path: ROLLOUTS, body: rollout({ replicas: 'three' }) },
    code: 422,
    message: 'spec.replicas in body must be of type integer: "string"',
  },
  {
    reason: 'a custom object with an unknown field, when clients are strict',
    sent: { path: `${ROLLOUTS}?fieldValidation=Strict`, body: rollout({ replicaz: 3 }) },
    code: 400,
    message: 'strict decoding error: unknown field "spec.replicaz"',
  },
  {
    reason: 'unknown metadata, when clients are strict',
    sent: {
      path: `${MAPS}?fieldValidation=Strict`,
      body: map('a', { metadata: { name: 'a', nme: 'b' } }),
    },
    code: 400,
    message: 'strict decoding error: unknown field "metadata.nme"',
  },
  {
    reason: 'a namespace that is not there',
    sent: { path: '/api/v1/namespaces/nope/configmaps', body: map('a') },
    code: 404,
    message: 'namespaces "nope" not found',
  },
  {
    reason: 'a definition whose name does not follow from its names',
    sent: {
      path: '/apis/apiextensions.k8s.io/v1/customresourcedefinitions',
      body: {
        metadata: { name: 'x.example.com' },
        spec: {
          group: 'example.com',
          scope: 'Namespaced',
          names: { plural: 'ys', kind: 'Y' },
          versions: [],
        },
      },
    },
    code: 422,
    message: 'metadata.name: Invalid value: "x.example.com": must be spec.names.plural+"."+',
  },
];

describe('a request is refused', () => {
  it.each([...MALFORMED, ...INVALID])('$code: $reason', async ({ sent, code, message }) => {
    const { send } = await server();
    const { answer, code: found } = await send(sent);
    expect({ code: found, kind: answer.kind }).toEqual({ code, kind: 'Status' });
    expect(answer.message).toContain(message);
  });

  it.each([
    {
      reason: 'a selector that changes',
      path: '/apis/apps/v1/namespaces/default/deployments',
      object: {
        metadata: { name: 'd' },
        spec: {
          selector: { matchLabels: { a: 'b' } },
          template: { metadata: { labels: { a: 'b', c: 'd' } }, spec: POD_SPEC },
        },
      },
      patch: { spec: { selector: { matchLabels: { c: 'd' } } } },
      message: 'spec.selector: Invalid value:',
    },
    {
      reason: 'data that was said not to change',
      path: MAPS,
      object: map('d', { data: { a: 'b' }, immutable: true }),
      patch: { data: { a: 'c' } },
      message: 'data: Forbidden: field is immutable when `immutable` is set',
    },
    {
      reason: 'a pod that is made another one',
      path: `${NAMESPACED}/pods`,
      object: { metadata: { name: 'd' }, spec: POD_SPEC },
      patch: { spec: { restartPolicy: 'Never' } },
      message: 'spec: Forbidden: pod updates may not change fields other than',
    },
    {
      reason: 'an address that changes',
      path: `${NAMESPACED}/services`,
      object: { metadata: { name: 'd' }, spec: { ports: [{ port: 1 }] } },
      patch: { spec: { clusterIP: '10.96.1.1' } },
      message: 'spec.clusterIPs[0]: Invalid value: ["10.96.1.1"]: may not change once set',
    },
  ])('422: $reason', async ({ path, object, patch, message }) => {
    const { send, make } = await server();
    expect((await make(path, object)).code).toBe(201);
    const { code, answer } = await send({
      method: 'PATCH',
      path: `${path}/d`,
      body: patch,
      type: 'application/merge-patch+json',
    });
    expect(code).toBe(422);
    expect(answer.message).toContain(message);
  });

  it.each([
    { reason: 'merge', type: 'merge-patch', body: '"x"', code: 400 },
    { reason: 'JSON patch', type: 'json-patch', body: '{}', code: 400 },
    {
      reason: 'JSON patch with a failing test',
      type: 'json-patch',
      body: '[{"op":"test","path":"/kind","value":"x"}]',
      code: 422,
    },
    { reason: 'no patch at all', type: 'x-patch', body: '{}', code: 415 },
    {
      reason: 'a merge that leaves no metadata',
      type: 'merge-patch',
      body: '{"metadata":1}',
      code: 400,
    },
  ])('$code: a bad patch: $reason', async ({ type, body, code }) => {
    const { send, make } = await server();
    await make(MAPS, map('a'));
    const sent = { method: 'PATCH', path: `${MAPS}/a`, body, type: `application/${type}+json` };
    expect((await send(sent)).code).toBe(code);
  });

  it('409: of two writes from one reading the second', async () => {
    const { send, make } = await server();
    const { answer } = await make(MAPS, map('a', { data: { a: '1' } }));
    const put = (value: string) =>
      send({ method: 'PUT', path: `${MAPS}/a`, body: { ...answer, data: { a: value } } });
    expect((await put('2')).code).toBe(200);
    const second = await put('3');
    expect(second.code).toBe(409);
    expect(second.answer.message).toBe(
      'Operation cannot be fulfilled on configmaps "a": the object has been modified; please ' +
        'apply your changes to the latest version and try again',
    );
  });

  it('422: a custom object is not replaced blindly', async () => {
    const { send, make } = await server();
    await make(ROLLOUTS, rollout({}));
    const { code, answer } = await send({
      method: 'PUT',
      path: `${ROLLOUTS}/r`,
      body: rollout({}),
    });
    expect(code).toBe(422);
    expect(answer.message).toContain('metadata.resourceVersion: Invalid value: 0: must be');
  });

  it('403: the deletion of a namespace that the cluster lives in', async () => {
    const { send } = await server();
    const path = '/api/v1/namespaces/default';
    const { code, answer } = await send({ method: 'DELETE', path });
    expect(code).toBe(403);
    expect(answer.message).toBe(
      'namespaces "default" is forbidden: this namespace may not be deleted',
    );
  });
});

describe('a request is answered', () => {
  it('with warnings about unknown fields, when clients only want to know', async () => {
    const { send } = await server();
    const { code, headers } = await send({
      path: `${ROLLOUTS}?fieldValidation=Warn`,
      body: rollout({ replicaz: 3 }),
    });
    expect({ code, warning: headers['warning'] }).toEqual({
      code: 201,
      warning: String.raw`299 - "unknown field \"spec.replicaz\""`,
    });
  });

  it('with a made name that begins as wanted', async () => {
    const { make } = await server();
    const { answer } = await make(MAPS, map('', { metadata: { generateName: 'gen-' } }));
    expect(answer.metadata.name).toMatch(/^gen-[a-z0-9]{5}$/);
  });

  it('as if it had been done, when it is only tried', async () => {
    const { send } = await server();
    const { code } = await send({ path: `${MAPS}?dryRun=All`, body: map('a') });
    expect(code).toBe(201);
    expect((await send({ path: `${MAPS}/a` })).code).toBe(404);
  });

  it('without a new version when nothing changes', async () => {
    const { send, make } = await server();
    const { answer } = await make(MAPS, map('a', { data: { a: '1' } }));
    const again = await send({
      method: 'PATCH',
      path: `${MAPS}/a`,
      body: { data: { a: '1' } },
      type: 'application/merge-patch+json',
    });
    expect(again.answer.metadata.resourceVersion).toBe(answer.metadata.resourceVersion);
  });
});
