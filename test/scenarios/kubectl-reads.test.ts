// The machine's kubectl reads: every output form, watches, descriptions, explanations, what the server says of itself.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DOCUMENT, type Kubectl, MOCK, startKubectl } from '../support/kubectl.ts';

/** Processes are slow where many run beside each other. */
const LONG = { timeout: 90_000 } as const;

let kubectl: Kubectl;

beforeAll(async () => {
  kubectl = await startKubectl();
  const { ok } = kubectl;
  await ok('create namespace forms');
  await ok('create configmap one -n forms --from-literal=a=b');
  await ok('create configmap two -n forms --from-literal=a=b --from-literal=c=d');
  await ok('label configmap two -n forms tier=web');
  await ok(`apply -f ${DOCUMENT}`);
  await ok(`create deployment web --image=${MOCK} --port=8080`);
  await ok('rollout status deployment/web --timeout=20s');
}, LONG.timeout);

afterAll(() => kubectl.close(), LONG.timeout);

describe.concurrent('kubectl get', LONG, () => {
  it.each([
    {
      reason: 'names',
      words: 'get cm -n forms -o name',
      expected: 'configmap/one\nconfigmap/two\n',
    },
    { reason: 'a path', words: 'get cm one -n forms -o jsonpath={.data.a}', expected: 'b' },
    {
      reason: 'a template',
      words: [
        'get',
        'cm',
        '-n',
        'forms',
        '-o',
        'go-template={{range .items}}{{.metadata.name}} {{end}}',
      ],
      expected: 'one two ',
    },
    {
      reason: 'columns of one’s own',
      words: 'get cm -n forms -o custom-columns=N:.metadata.name,A:.data.c --no-headers',
      expected: 'one   <none>\ntwo   d\n',
    },
    {
      reason: 'labels that match',
      words: 'get cm -n forms -l tier=web,tier!=back -o name',
      expected: 'configmap/two\n',
    },
    {
      reason: 'fields that match',
      words: 'get cm -n forms --field-selector=metadata.name!=one -o name',
      expected: 'configmap/two\n',
    },
    {
      reason: 'sorted',
      words: ['get', 'cm', '-n', 'forms', '--sort-by={.data.c}', '-o', 'name'],
      expected: 'configmap/one\nconfigmap/two\n',
    },
    { reason: 'nothing', words: 'get secrets -n forms -o name', expected: '' },
    {
      reason: 'a scale',
      words:
        'get rollout mock-server --subresource=scale -o jsonpath={.spec.replicas}{.status.selector}',
      expected: '5',
    },
    {
      reason: 'a scale of a Deployment',
      words:
        'get deployment web --subresource=scale -o jsonpath={.spec.replicas}{.status.selector}',
      expected: '1app=web',
    },
  ])('$reason', async ({ words, expected }) => {
    expect(await kubectl.ok(words)).toBe(expected);
  });

  it.each([
    { words: 'get cm -n forms', head: /^NAME +DATA +AGE\none +1 +\d+s\ntwo +2 +\d+s\n$/ },
    { words: 'get cm -A', head: /^NAMESPACE +NAME +DATA +AGE\nforms +one / },
    { words: 'get cm -n forms --chunk-size=1', head: /\none .*\ntwo / },
    { words: 'get cm -n forms --show-labels', head: /LABELS\n.*<none>\n.*tier=web\n/ },
    { words: 'get cm -n forms -L tier', head: /TIER\n/ },
    { words: 'get cm one -n forms -o yaml', head: /^apiVersion: v1\ndata:\n {2}a: b\nkind: Conf/ },
    { words: 'get cm -n forms -o json', head: /^\{\n {4}"apiVersion": "v1",\n {4}"items": \[/ },
    { words: 'get deploy -o wide', head: /AGE +CONTAINERS +IMAGES +SELECTOR\n.*app=web\n/ },
    { words: 'get rs', head: /^NAME +DESIRED +CURRENT +READY +AGE\nweb-\w+ +1 +1 +1 / },
    { words: 'get pods -o wide', head: /IP +NODE +NOMINATED NODE +READINESS GATES\n/ },
    { words: 'get svc', head: /^NAME +TYPE +CLUSTER-IP +EXTERNAL-IP +PORT\(S\) +AGE\n/ },
    {
      words: 'get ro',
      head: /^NAME +DESIRED +CURRENT +UP-TO-DATE +AVAILABLE +AGE\nmock-server +5/,
    },
    { words: 'get nodes', head: /^NAME +STATUS +ROLES +AGE +VERSION\nslipway +Ready / },
    {
      words: 'get events -o wide',
      head: /OBJECT +SUBOBJECT +SOURCE +MESSAGE +FIRST SEEN +COUNT +NAME\n/,
    },
    { words: 'get crd', head: /^NAME +CREATED AT\nanalysisruns\.argoproj\.io +\d{4}-/ },
    {
      words: 'get all',
      head: /pod\/shell[^]*service\/mock-server[^]*deployment\.apps\/web[^]*replicaset\.apps\/web/,
    },
    {
      words: 'get vs,dr,analysistemplates',
      head: /virtualservice\.networking\.istio\.io\/mock-server/,
    },
  ])('$words', async ({ words, head }) => {
    expect(await kubectl.ok(words)).toMatch(head);
  });

  it('watches in every form until something happens', async () => {
    const forms = ['-o name', '-o wide', '-o json', '-o jsonpath={.metadata.name}'];
    await kubectl.ok('create namespace watch');
    const watches = forms.map((form) => kubectl.start(`get configmaps -n watch -w ${form}`));
    await kubectl.ok('create configmap late -n watch --from-literal=a=b');
    await Promise.all(watches.map((watch) => watch.prints(/late/)));
    await Promise.all(watches.map((watch) => watch.end()));
  });

  it('watches one object from its present state on', async () => {
    await kubectl.ok('create configmap watched --from-literal=a=1');
    const watch = kubectl.start('get configmap watched -w -o jsonpath={.data.a},');
    await watch.prints(/^1,/);
    await kubectl.ok(['patch', 'cm', 'watched', '-p', '{"data":{"a":"2"}}']);
    await watch.prints(/^1,2,/);
    await watch.end();
  });

  it.each([
    { words: 'get pod nobody', text: '1 Error from server (NotFound): pods "nobody" not found\n' },
    {
      words: 'get rollout nobody',
      text: '1 Error from server (NotFound): rollouts.argoproj.io "nobody" not found\n',
    },
    {
      words: 'get nothings',
      text: '1 error: the server doesn\'t have a resource type "nothings"\n',
    },
    {
      words: 'get pods --field-selector=spec.foo=x',
      text:
        '1 Error from server (BadRequest): Unable to find "/v1, Resource=pods" that match label ' +
        'selector "", field selector "spec.foo=x": field label not supported: spec.foo\n',
    },
  ])('$words is refused', async ({ words, text }) => {
    expect(await kubectl.refused(words)).toBe(text);
  });
});

describe.concurrent('kubectl describe', LONG, () => {
  it.each([
    { words: 'deployment web', parts: ['NewReplicaSet:   web-', 'Scaled up replica set web-'] },
    { words: 'pod shell', parts: ['Status:           Running', 'Node:             slipway/'] },
    { words: 'service mock-server', parts: ['Selector:                 app=mock-server', 'IP:'] },
    { words: 'rollout mock-server', parts: ['Kind:         Rollout', 'Set Weight:'] },
    { words: 'virtualservice mock-server', parts: ['Subset:  canary', 'Weight:    0'] },
    { words: 'destinationrule mock-server', parts: ['Host:  mock-server', 'Name:'] },
    { words: 'configmap one -n forms', parts: ['Name:         one', 'a:\n----\nb'] },
    {
      words: 'node slipway',
      parts: ['Non-terminated Pods:', 'Container Runtime Version:  builtin'],
    },
  ])('$words', async ({ words, parts }) => {
    const text = await kubectl.ok(`describe ${words}`);
    for (const part of parts) expect(text).toContain(part);
  });
});

describe.concurrent('kubectl explain and the like', LONG, () => {
  it.each([
    {
      words: 'explain rollout.spec.strategy.canary',
      parts: ['GROUP:      argoproj.io', 'steps\t'],
    },
    {
      words: 'explain rollout --recursive',
      parts: ['      setWeight\t<integer>', '  metadata\t<'],
    },
    {
      words: 'explain deployment.spec',
      parts: ['replicas\t<integer>', 'template\t<Object> -required-'],
    },
    { words: 'api-resources', parts: ['rollouts ', 'deployments ', 'true         Rollout'] },
    {
      words: 'api-resources --api-group=argoproj.io -o name',
      parts: ['experiments.argoproj.io\n'],
    },
    { words: 'api-versions', parts: ['apps/v1\n', 'argoproj.io/v1alpha1\n', '\nv1\n'] },
    { words: 'auth can-i create rollouts', parts: ['yes\n'] },
    { words: 'auth whoami', parts: ['slipway-admin', 'system:masters'] },
    { words: 'cluster-info', parts: ['Kubernetes control plane is running at https://127.0.0.1:'] },
    { words: 'version', parts: ['Server Version: v1.34'] },
    { words: 'events', parts: ['ScalingReplicaSet', 'Deployment/web'] },
    { words: 'events --for pod/shell', parts: ['Pod/shell', 'Started container shell'] },
    { words: 'get --raw /healthz', parts: ['ok'] },
    { words: 'get --raw /livez?verbose', parts: ['[+]ping ok', 'livez check passed'] },
    { words: 'get --raw /readyz', parts: ['ok'] },
    { words: 'get --raw /version', parts: ['"gitVersion":"v1.34'] },
    { words: 'get --raw /', parts: ['"/apis/argoproj.io/v1alpha1"'] },
  ])('$words', async ({ words, parts }) => {
    const text = await kubectl.ok(words);
    for (const part of parts) expect(text).toContain(part);
  });

  it.each([
    { words: 'explain pod.spec.nope', text: 'error: field "nope" does not exist' },
    { words: 'explain nothings', text: 'the server doesn\'t have a resource type "nothings"' },
    { words: 'get --raw /nothing', text: 'the server could not find the requested resource' },
    { words: 'top pods', text: 'Metrics API not available' },
  ])('$words is refused', async ({ words, text }) => {
    expect(await kubectl.refused(words)).toContain(text);
  });
});
