// The machine's kubectl writes: create, apply in both ways, edit, patch, label, scale, diff, delete, kinds of one's own.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DOCUMENT, type Kubectl, manifest, MOCK, startKubectl } from '../support/kubectl.ts';

/** Processes are slow where many run beside each other. */
const LONG = { timeout: 90_000 } as const;

let kubectl: Kubectl;

beforeAll(async () => {
  kubectl = await startKubectl();
}, LONG.timeout);

afterAll(() => kubectl.close(), LONG.timeout);

/** A namespace with the user's document in it. */
async function withDocument(namespace: string): Promise<void> {
  await kubectl.ok(`create namespace ${namespace}`);
  await kubectl.ok(`create -n ${namespace} -f ${DOCUMENT}`);
}

function map(name: string, data: object, metadata: object = {}): string {
  return manifest('v1', 'ConfigMap', { metadata: { name, ...metadata }, data });
}

describe.concurrent('kubectl create', LONG, () => {
  it('makes what its generators make', async () => {
    const { ok } = kubectl;
    await ok('create namespace made');
    const lines = [
      'configmap c --from-literal=a=b',
      'secret generic s --from-literal=k=v',
      'secret docker-registry d --docker-server=x --docker-username=u --docker-password=p',
      'serviceaccount a',
      `deployment d --image=${MOCK} --port=8080 --replicas=0`,
      'service clusterip cl --tcp=80:8080',
      'service nodeport np --tcp=80:8080',
      'service loadbalancer lb --tcp=80:8080',
      'service externalname en --external-name=example.com',
      'role r --verb=get --resource=pods',
      'rolebinding rb --role=r --user=u',
      'ingress i --rule=example.com/=cl:80',
    ];
    await Promise.all(lines.map((line) => ok(`create ${line} -n made`)));
    expect(await ok('get secret s -n made -o jsonpath={.data.k}')).toBe('dg==');
    expect(await ok('get role r -n made -o jsonpath={.rules[0]}')).toBe(
      '{"apiGroups":[""],"resources":["pods"],"verbs":["get"]}',
    );
    expect(
      await ok('get ingress i -n made -o jsonpath={.spec.rules[0].http.paths[0].backend}'),
    ).toBe('{"service":{"name":"cl","port":{"number":80}}}');
    const services = await ok('get services -n made');
    expect(services).toMatch(/en +ExternalName +<none> +example\.com +<none>/);
    expect(services).toMatch(/lb +LoadBalancer +10\.\S+ +<pending> +80:3\d{4}\/TCP/);
    expect(services).toMatch(/np +NodePort +10\.\S+ +<none> +80:3\d{4}\/TCP/);
    await ok('expose deployment d -n made --port=80 --target-port=8080 --name=exposed');
    expect(await ok('get service exposed -n made -o jsonpath={.spec.selector.app}')).toBe('d');
    expect(await kubectl.refused('create quota q -n made --hard=pods=1')).toBe(
      '1 error: failed to create quota: the server could not find the requested resource\n',
    );
  });

  it('makes names, and says what is there already', async () => {
    const { ok, refused } = kubectl;
    const made = manifest('v1', 'ConfigMap', { metadata: { generateName: 'gen-' } });
    expect(await ok('create -f - -o name', made)).toMatch(/^configmap\/gen-[a-z0-9]{5}\n$/);
    await ok('create -f -', map('twice', {}));
    expect(await refused('create -f -', map('twice', {}))).toContain(
      'Error from server (AlreadyExists): error when creating "STDIN": configmaps "twice" already exists',
    );
    await ok('create configmap tried --dry-run=server');
    expect(await refused('get configmap tried')).toContain('not found');
    expect(await ok('create configmap tried --dry-run=client -o name')).toBe('configmap/tried\n');
  });
});

describe.concurrent('kubectl apply', LONG, () => {
  it('on the client: creates, leaves alone, configures, prunes what was removed, tells the difference', async () => {
    const { ok, refused } = kubectl;
    await ok('create namespace client');
    expect(await ok(`apply -n client -f ${DOCUMENT}`)).toContain('mock-server created');
    // A default inside a list of a custom kind makes kubectl send a patch each time; it changes nothing.
    expect(await ok(`apply -n client -f ${DOCUMENT}`)).toContain('service/mock-server unchanged');
    const generation = 'jsonpath={.metadata.generation}';
    expect(await ok(`get rollout mock-server -n client -o ${generation}`)).toBe('1');
    expect(await ok(`diff -n client -f ${DOCUMENT}`)).toBe('');
    await ok('apply -n client -f -', map('m', { a: '1', b: '2' }));
    const next = map('m', { a: '3' });
    const { code, stdout } = await kubectlDiff('client', next);
    expect(code).toBe(1);
    expect(stdout).toContain('-  a: "1"\n-  b: "2"\n+  a: "3"\n');
    expect(await ok('apply -n client --dry-run=server -f -', next)).toContain('(server dry run)');
    expect(await ok('apply -n client -f -', next)).toBe('configmap/m configured\n');
    expect(await ok('get cm m -n client -o jsonpath={.data}')).toBe('{"a":"3"}');
    expect(await refused('apply -f -', map('', {}, { generateName: 'x-' }))).toContain(
      'cannot use generate name with apply',
    );
  });

  it('on the server: owns, conflicts, takes over, gives up', async () => {
    const { ok, refused } = kubectl;
    await ok('create namespace server');
    const apply = (manager: string) =>
      `apply -n server --server-side --field-manager=${manager} -f -`;
    await ok(apply('one'), map('m', { a: '1', b: '1' }));
    const wanted = map('m', { a: '2', c: '2' });
    expect(await refused(apply('two'), wanted)).toContain(
      'error: Apply failed with 1 conflict: conflict with "one": .data.a',
    );
    await ok(apply('two --force-conflicts'), wanted);
    expect(await ok('get cm m -n server -o jsonpath={.data}')).toBe('{"a":"2","b":"1","c":"2"}');
    await ok(apply('two'), map('m', { a: '2' }));
    await ok(['patch', 'cm', 'm', '-n', 'server', '-p', '{"data":{"a":"3"}}']);
    expect(await refused(apply('two'), map('m', { a: '4' }))).toContain(
      'conflict with "kubectl-patch" using v1: .data.a',
    );
    expect(await ok('get cm m -n server -o jsonpath={.data}')).toBe('{"a":"3","b":"1"}');
  });

  it('moves from the client to the server without leaving anything behind', async () => {
    const { ok } = kubectl;
    await ok('create namespace moved');
    await ok('apply -n moved -f -', map('m', { a: '1', gone: '1' }));
    await ok('apply -n moved --server-side -f -', map('m', { a: '1' }));
    expect(await ok('get cm m -n moved -o jsonpath={.data}')).toBe('{"a":"1"}');
    expect(await ok(`apply -n moved --server-side -f ${DOCUMENT}`)).toContain('serverside-applied');
    const managers = 'jsonpath={.metadata.managedFields[*].manager}';
    expect(await ok(`get rollout mock-server -n moved --show-managed-fields -o ${managers}`)).toBe(
      'kubectl',
    );
  });
});

async function kubectlDiff(namespace: string, text: string) {
  const diff = kubectl.start(`diff -n ${namespace} -f -`);
  diff.close(text);
  const code = await diff.exit;
  return { code, stdout: diff.out() };
}

describe.concurrent('kubectl changes', LONG, () => {
  it('labels, annotates and scales', async () => {
    const { ok, refused } = kubectl;
    await withDocument('marks');
    await ok('label rollout mock-server -n marks tier=web');
    expect(await refused('label rollout mock-server -n marks tier=back')).toContain(
      "'tier' already has a value (web), and --overwrite is false",
    );
    expect(await refused(['label', 'rollout', 'mock-server', '-n', 'marks', 'tier=a b'])).toContain(
      'a valid label must be an empty string or consist of',
    );
    await ok('annotate rollout mock-server -n marks note=x');
    await ok('label rollout mock-server -n marks tier-');
    await ok('scale rollout mock-server -n marks --replicas=3');
    expect(
      await refused('scale rollout mock-server -n marks --replicas=2 --current-replicas=9'),
    ).toBe('1 error: Expected replicas to be 9, was 3\n');
    await ok('scale rollout mock-server -n marks --replicas=2 --current-replicas=3');
    expect(await ok('get rollout mock-server -n marks -o jsonpath={.metadata.generation}')).toBe(
      '3',
    );
  });

  it('patches in every way that a kind takes', async () => {
    const { ok, refused } = kubectl;
    await withDocument('patches');
    const patch = (type: string, body: string, rest = '') => [
      ...`patch rollout mock-server -n patches --type=${type} -p`.split(' '),
      body,
      ...rest.split(' ').filter((word) => word !== ''),
    ];
    await ok(patch('merge', '{"spec":{"paused":true}}'));
    await ok(patch('json', '[{"op":"remove","path":"/spec/paused"}]'));
    await ok(patch('merge', '{"spec":{"replicas":4}}', '--subresource=scale'));
    await ok(
      patch('merge', '{"status":{"message":"m"},"spec":{"replicas":9}}', '--subresource=status'),
    );
    expect(
      await ok('get rollout mock-server -n patches -o jsonpath={.spec.replicas}{.status.message}'),
    ).toBe('4m');
    expect(await refused(patch('strategic', '{"spec":{}}'))).toContain(
      'the body of the request was in an unknown format - accepted media types include: ' +
        'application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml',
    );
    expect(await refused(patch('json', '[{"op":"remove","path":"/spec/nope"}]'))).toContain(
      'The request is invalid: the server rejected our request due to an error in our request',
    );
    const service = (body: string) => ['patch', 'svc', 'mock-server', '-n', 'patches', '-p', body];
    await ok(service('{"spec":{"ports":[{"port":80,"name":"web"},{"port":81,"name":"more"}]}}'));
    expect(await ok('get svc mock-server -n patches -o jsonpath={.spec.ports[*].name}')).toMatch(
      /^(web more|more web)$/,
    );
    expect(await refused(service('{"metadata":{"name":"other"}}'))).toContain(
      'the name of the object (other) does not match the name on the URL (mock-server)',
    );
  });

  it('edits, and shows what is wrong until it is right', async () => {
    await withDocument('edits');
    const rollout = 'edit rollout mock-server -n edits';
    const right = await kubectl.edit(rollout, 'sed -i "s/replicas: 5/replicas: 6/" "$1"');
    expect(right).toEqual({ code: 0, text: 'rollout.argoproj.io/mock-server edited\n' });
    expect(await kubectl.edit(rollout, 'true')).toEqual({
      code: 0,
      text: 'Edit cancelled, no changes made.\n',
    });
    // The second time the file begins with what was wrong with it.
    const twice =
      'if grep -q "must be of type integer" "$1"; then sed -i "s/replicas: six/replicas: 7/" "$1"; ' +
      'else sed -i "s/replicas: 6/replicas: six/" "$1"; fi';
    const mended = await kubectl.edit(rollout, twice);
    expect(mended.code).toBe(0);
    expect(mended.text).toContain('error: rollouts.argoproj.io "mock-server" is invalid');
    expect(mended.text).toContain('rollout.argoproj.io/mock-server edited');
    expect(await kubectl.ok('get rollout mock-server -n edits -o jsonpath={.spec.replicas}')).toBe(
      '7',
    );
  });

  it('replaces only what has not changed meanwhile', async () => {
    const { ok, refused } = kubectl;
    await withDocument('replaces');
    const live = await ok('get rollout mock-server -n replaces -o json');
    await ok('replace -f -', live.replace('"replicas": 5', '"replicas": 4'));
    expect(await refused('replace -f -', live.replace('"replicas": 5', '"replicas": 2'))).toContain(
      'Error from server (Conflict): error when replacing "STDIN": Operation cannot be fulfilled on ' +
        'rollouts.argoproj.io "mock-server": the object has been modified; please apply your ' +
        'changes to the latest version and try again',
    );
    await ok('replace --force -n replaces -f -', map('m', {}));
  });
});

describe.concurrent('kubectl delete', LONG, () => {
  it('takes along, lets go, or waits for what belongs to it', async () => {
    const { ok } = kubectl;
    await ok('create namespace gone');
    const web = `deployment web -n gone --image=${MOCK}`;
    await ok(`create ${web}`);
    await ok('rollout status deployment/web -n gone --timeout=20s');
    await ok('delete deployment web -n gone --cascade=orphan');
    expect(await ok('get rs -n gone -o name')).toMatch(/^replicaset\.apps\/web-\w+\n$/);
    await ok('delete rs -n gone --all --cascade=foreground');
    expect(await ok('get rs,pods -n gone -o name')).toBe('');
    await ok(`create ${web}`);
    await ok('rollout status deployment/web -n gone --timeout=20s');
    await ok('delete deployment web -n gone');
    await ok('wait -n gone --for=delete pod -l app=web --timeout=20s');
    await ok('delete deployment web -n gone --ignore-not-found');
    expect(await ok('get all -n gone -o name')).toBe('');
  });

  it('a namespace with all that is in it, once nothing holds it', async () => {
    const { ok, refused } = kubectl;
    await ok('create namespace ending');
    await ok('create -n ending -f -', map('held', {}, { finalizers: ['example.com/hold'] }));
    await ok('create -n ending -f -', map('free', {}));
    await ok('delete namespace ending --wait=false');
    expect(await ok('get namespace ending -o jsonpath={.status.phase}')).toBe('Terminating');
    expect(await refused('create configmap late -n ending')).toContain(
      'configmaps "late" is forbidden: unable to create new content in namespace ending because it ' +
        'is being terminated',
    );
    expect(await ok('get configmaps -n ending -o name')).toBe('configmap/held\n');
    const free = '{"metadata":{"finalizers":null}}';
    await ok(['patch', 'cm', 'held', '-n', 'ending', '--type=merge', '-p', free]);
    await ok('wait --for=delete namespace/ending --timeout=20s');
    expect(await refused('delete namespace default')).toBe(
      '1 Error from server (Forbidden): namespaces "default" is forbidden: this namespace may not ' +
        'be deleted\n',
    );
  });
});

describe('a kind that users define', LONG, () => {
  const definition = manifest('apiextensions.k8s.io/v1', 'CustomResourceDefinition', {
    metadata: { name: 'widgets.example.com' },
    spec: {
      group: 'example.com',
      scope: 'Namespaced',
      names: { plural: 'widgets', singular: 'widget', kind: 'Widget', shortNames: ['wd'] },
      versions: [
        {
          name: 'v1',
          served: true,
          storage: true,
          subresources: {
            status: {},
            scale: { specReplicasPath: '.spec.size', statusReplicasPath: '.status.size' },
          },
          additionalPrinterColumns: [{ name: 'Size', type: 'integer', jsonPath: '.spec.size' }],
          schema: {
            openAPIV3Schema: {
              type: 'object',
              properties: {
                spec: {
                  type: 'object',
                  required: ['color'],
                  properties: {
                    size: { type: 'integer', minimum: 1, default: 2 },
                    color: { type: 'string', enum: ['red', 'green'], description: 'Its paint.' },
                  },
                },
                status: { type: 'object', properties: { size: { type: 'integer' } } },
              },
            },
          },
        },
      ],
    },
  });

  function widget(name: string, spec: object): string {
    return manifest('example.com/v1', 'Widget', { metadata: { name }, spec });
  }

  it('is served, explained, checked, defaulted, pruned, scaled and taken away', async () => {
    const { ok, refused } = kubectl;
    await ok('create -f -', definition);
    await ok('wait --for=condition=established crd/widgets.example.com --timeout=20s');
    expect(await ok('explain widget.spec.color')).toContain('Its paint.');
    await ok('apply -f -', widget('a', { color: 'red' }));
    expect(await ok('get wd')).toMatch(/^NAME +SIZE\na +2\n$/);
    expect(await refused('apply -f -', widget('b', { color: 'blue', size: 0 }))).toBe(
      '1 The Widget "b" is invalid: \n' +
        '* spec.color: Unsupported value: "blue": supported values: "red", "green"\n' +
        '* spec.size: Invalid value: 0: spec.size in body should be greater than or equal to 1\n',
    );
    expect(await refused('apply -f -', widget('b', {}))).toContain('spec.color: Required value');
    await ok('apply --validate=false -f -', widget('b', { color: 'green', taste: 'sweet' }));
    expect(await ok('get wd b -o jsonpath={.spec}')).toBe('{"color":"green","size":2}');
    await ok('scale widget a --replicas=5');
    expect(await ok('get wd a -o jsonpath={.spec.size}')).toBe('5');
    await ok('delete crd widgets.example.com');
    expect(await refused('get widgets.example.com')).toContain("doesn't have a resource type");
  });
});
