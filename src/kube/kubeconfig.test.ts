import { describe, expect, it } from 'vitest';
import { memoryFiles } from '../../test/support/memory-files.ts';
import { base64, utf8 } from '../lib/bytes.ts';
import type { Processes } from '../lib/ports.ts';
import { instant, seconds } from '../lib/time.ts';
import { VirtualClock } from '../lib/virtual-clock.ts';
import { toYaml } from '../lib/yaml.ts';
import { ConfigError } from './config-error.ts';
import type { Overrides } from './identity.ts';
import { loadKubeconfig } from './kubeconfig.ts';

type Run = Parameters<Processes['run']>[0];

const FILE = '/home/me/.kube/config';
const PEM = '-----BEGIN CERTIFICATE-----\nabc\n-----END CERTIFICATE-----\n';
const KEY = '-----BEGIN PRIVATE KEY-----\nabc\n-----END PRIVATE KEY-----\n';

interface Parts {
  readonly cluster?: object;
  readonly user?: object;
  readonly context?: object;
  readonly more?: object;
}

/** A kubeconfig with one of each. */
function config({ cluster, user, context, more }: Parts = {}): string {
  return toYaml({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'shop', cluster: { server: 'https://shop:6443', ...cluster } }],
    users: [{ name: 'me', user: user ?? {} }],
    contexts: [{ name: 'shop', context: { cluster: 'shop', user: 'me', ...context } }],
    'current-context': 'shop',
    ...more,
  });
}

interface Machine {
  readonly files?: Readonly<Record<string, string>>;
  readonly env?: Readonly<Record<string, string>>;
  /** What the plugin prints at each run, or the code it ends with. */
  readonly plugin?: (run: Run) => { code?: number; stdout?: string; stderr?: string };
  readonly isInteractive?: boolean;
}

function machine({ files = {}, env = {}, plugin, isInteractive }: Machine) {
  const runs: Run[] = [];
  const memory = memoryFiles(files);
  const clock = new VirtualClock({
    start: instant(Date.UTC(2026, 0, 1)),
    idle: () => Promise.resolve(),
  });
  const processes: Processes = {
    run: (run) => {
      runs.push(run);
      const { code = 0, stdout = '', stderr = '' } = plugin?.(run) ?? {};
      return Promise.resolve({ code, stdout, stderr });
    },
  };
  const ports = {
    files: memory,
    processes,
    clock,
    env: (name: string) => ({ HOME: '/home/me', ...env })[name],
    ...(isInteractive === undefined ? {} : { isInteractive }),
  };
  const load = (overrides: Overrides = {}) => loadKubeconfig(ports, overrides);
  return { load, memory, clock, runs };
}

function loaded(text: string, overrides: Overrides = {}) {
  return machine({ files: { [FILE]: text } }).load(overrides);
}

async function headersOf(text: string, overrides: Overrides = {}) {
  const { credentials } = await loaded(text, overrides);
  return (await credentials.current()).headers;
}

describe('a kubeconfig', () => {
  it('gives the server, namespace and trust of its current context', async () => {
    const cluster = {
      'certificate-authority-data': base64(utf8(PEM)),
      'tls-server-name': 'kubernetes',
      'proxy-url': 'http://proxy:3128',
    };
    const connection = await loaded(config({ cluster, context: { namespace: 'web' } }));
    expect(connection).toMatchObject({
      server: 'https://shop:6443',
      source: `cluster "shop" of ${FILE}`,
      authorityPem: PEM,
      serverName: 'kubernetes',
      proxyUrl: 'http://proxy:3128',
      namespace: 'web',
      insecure: false,
    });
  });

  it('the namespace is default where the context names none', async () => {
    expect((await loaded(config())).namespace).toBe('default');
  });

  it('paths in it are relative to it', async () => {
    const { load } = machine({
      files: {
        [FILE]: config({
          cluster: { 'certificate-authority': 'ca.pem' },
          user: { 'client-certificate': 'me/cert.pem', 'client-key': '/keys/me.pem' },
        }),
        '/home/me/.kube/ca.pem': PEM,
        '/home/me/.kube/me/cert.pem': PEM,
        '/keys/me.pem': KEY,
      },
    });
    const { authorityPem, credentials } = await load();
    expect(authorityPem).toBe(PEM);
    expect(await credentials.current()).toMatchObject({ certPem: PEM, keyPem: KEY });
  });

  it('data comes before the file', async () => {
    const cluster = {
      'certificate-authority': '/nowhere',
      'certificate-authority-data': base64(utf8(PEM)),
    };
    const user = {
      'client-certificate': '/nowhere',
      'client-certificate-data': base64(utf8(PEM)),
      'client-key': '/nowhere',
      'client-key-data': base64(utf8(KEY)),
    };
    const { authorityPem, credentials } = await loaded(config({ cluster, user }));
    expect(authorityPem).toBe(PEM);
    expect(await credentials.current()).toMatchObject({ certPem: PEM, keyPem: KEY });
  });

  it('verification can be switched off in it, and by a flag that then drops the authority', async () => {
    const off = { 'insecure-skip-tls-verify': true };
    expect((await loaded(config({ cluster: off }))).insecure).toBe(true);
    const cluster = { 'certificate-authority-data': base64(utf8(PEM)) };
    const connection = await loaded(config({ cluster }), { insecure: true });
    expect(connection.insecure).toBe(true);
    expect(connection).not.toHaveProperty('authorityPem');
  });

  it('flags override what it says', async () => {
    const { load } = machine({
      files: { [FILE]: config({ user: { token: 'old' } }), '/ca.pem': PEM },
    });
    const connection = await load({
      server: 'https://other:1',
      namespace: 'else',
      token: 'new',
      authorityFile: '/ca.pem',
      serverName: 'name',
    });
    expect(connection).toMatchObject({
      server: 'https://other:1',
      source: 'the flag --server',
      namespace: 'else',
      authorityPem: PEM,
      serverName: 'name',
    });
    expect((await connection.credentials.current()).headers['authorization']).toBe('Bearer new');
  });

  it('context, cluster and user can be chosen by flags', async () => {
    const text = toYaml({
      clusters: [
        { name: 'a', cluster: { server: 'https://a' } },
        { name: 'b', cluster: { server: 'https://b' } },
      ],
      users: [
        { name: 'x', user: { token: 'tx' } },
        { name: 'y', user: { token: 'ty' } },
      ],
      contexts: [
        { name: 'ax', context: { cluster: 'a', user: 'x' } },
        { name: 'bx', context: { cluster: 'b', user: 'x' } },
      ],
      'current-context': 'ax',
    });
    expect((await loaded(text, { context: 'bx' })).server).toBe('https://b');
    expect((await loaded(text, { cluster: 'b' })).server).toBe('https://b');
    expect(await headersOf(text, { user: 'y' })).toEqual({ authorization: 'Bearer ty' });
  });

  it('a server given by a flag needs no file', async () => {
    expect((await machine({}).load({ server: 'http://localhost:8080' })).server).toBe(
      'http://localhost:8080',
    );
  });
});

describe('several kubeconfigs', () => {
  const first = toYaml({
    clusters: [{ name: 'a', cluster: { server: 'https://first' } }],
    users: [{ name: 'u', user: { username: 'n', password: 'p' } }],
    contexts: [{ name: 'one', context: { cluster: 'a', user: 'u' } }],
  });
  const second = toYaml({
    clusters: [{ name: 'a', cluster: { server: 'https://second', 'tls-server-name': 'second' } }],
    users: [{ name: 'u', user: { token: 'second' } }],
    contexts: [{ name: 'two', context: { cluster: 'a', user: 'u', namespace: 'n2' } }],
    'current-context': 'two',
  });

  it('are merged: the first that has an entry wins with all of it, also over what is missing', async () => {
    const { load } = machine({
      files: { '/1': first, '/2': second },
      env: { KUBECONFIG: '/none:/1:/2' },
    });
    const connection = await load();
    expect(connection).toMatchObject({ server: 'https://first', namespace: 'n2' });
    expect(connection).not.toHaveProperty('serverName');
    const { headers } = await connection.credentials.current();
    expect(headers['authorization']).toBe(`Basic ${base64(utf8('n:p'))}`);
    expect((await load({ context: 'one' })).namespace).toBe('default');
  });

  it('the flag counts before the variable, and the variable before the home folder', async () => {
    const files = {
      '/flag': config({ cluster: { server: 'https://flag' } }),
      '/variable': config({ cluster: { server: 'https://variable' } }),
      [FILE]: config({ cluster: { server: 'https://home' } }),
    };
    const set = machine({ files, env: { KUBECONFIG: '/variable' } });
    expect((await set.load({ kubeconfig: '/flag' })).server).toBe('https://flag');
    expect((await set.load()).server).toBe('https://variable');
    expect((await machine({ files }).load()).server).toBe('https://home');
  });
});

describe('credentials of a kubeconfig', () => {
  it.each([
    {
      reason: 'a token is sent as it is',
      user: { token: 't' },
      headers: { authorization: 'Bearer t' },
    },
    {
      reason: 'a user name and password are sent as basic authentication',
      user: { username: 'me', password: 'sesam' },
      headers: { authorization: `Basic ${base64(utf8('me:sesam'))}` },
    },
    { reason: 'a user without anything is anonymous', user: {}, headers: {} },
    {
      reason: 'impersonation of the user is asked for, each group on a line of its own',
      user: {
        token: 't',
        as: 'ann',
        'as-uid': '7',
        'as-groups': ['dev', 'ops'],
        'as-user-extra': { 'Reason/Why': ['a', 'b'] },
      },
      headers: {
        authorization: 'Bearer t',
        'impersonate-user': 'ann',
        'impersonate-uid': '7',
        'impersonate-group': ['dev', 'ops'],
        'impersonate-extra-reason%2Fwhy': ['a', 'b'],
      },
    },
  ])('$reason', async ({ user, headers }) => {
    expect(await headersOf(config({ user }))).toEqual(headers);
  });

  it('whom flags impersonate counts before whom the file does', async () => {
    const user = { as: 'ann', 'as-groups': ['dev'] };
    expect(await headersOf(config({ user }), { as: 'bob', asGroups: ['x'] })).toEqual({
      'impersonate-user': 'bob',
      'impersonate-group': ['x'],
    });
  });

  it('a token file is read anew each time, and its last token kept while it cannot be read', async () => {
    const { load, memory } = machine({
      files: { [FILE]: config({ user: { tokenFile: 'token' } }), '/home/me/.kube/token': 'one\n' },
    });
    const { credentials } = await load();
    const token = async () => (await credentials.current()).headers['authorization'];
    expect(await token()).toBe('Bearer one');
    memory.contents.set('/home/me/.kube/token', 'two\n');
    expect(await token()).toBe('Bearer two');
    memory.contents.delete('/home/me/.kube/token');
    expect(await token()).toBe('Bearer two');
  });

  it('a token file that may not be read is told, but not once there is a token of it', async () => {
    const { load, memory } = machine({
      files: { [FILE]: config({ user: { tokenFile: '/token' } }), '/token': 'one' },
    });
    const { credentials } = await load();
    memory.read = () => Promise.reject(new Error('EACCES: permission denied'));
    await expect(credentials.current()).rejects.toThrow(
      `tokenFile /token of user "me" of ${FILE} cannot be read: EACCES: permission denied; let this user read it`,
    );
    memory.read = (path) => Promise.resolve(memory.contents.get(path));
    await credentials.current();
    memory.read = () => Promise.reject(new Error('EACCES: permission denied'));
    expect((await credentials.current()).headers['authorization']).toBe('Bearer one');
  });

  it('a token file counts before a token, which stands in for it', async () => {
    const { load, memory } = machine({
      files: { [FILE]: config({ user: { tokenFile: '/token', token: 'old' } }) },
    });
    const { credentials } = await load();
    const token = async () => (await credentials.current()).headers['authorization'];
    expect(await token()).toBe('Bearer old');
    memory.contents.set('/token', 'new');
    expect(await token()).toBe('Bearer new');
  });
});

const V1 = 'client.authentication.k8s.io/v1';
const V1BETA1 = 'client.authentication.k8s.io/v1beta1';

function execUser(more: object = {}): object {
  const exec = { apiVersion: V1, command: 'login', interactiveMode: 'IfAvailable', ...more };
  return { exec };
}

function answered(status: object, apiVersion = V1): { stdout: string } {
  return { stdout: JSON.stringify({ apiVersion, kind: 'ExecCredential', status }) };
}

describe('a credential plugin', () => {
  it('gets its arguments, its environment and what is wanted of it', async () => {
    const user = execUser({ args: ['--for', 'shop'], env: [{ name: 'PROFILE', value: 'p' }] });
    const { load, runs } = machine({
      files: { [FILE]: config({ user }) },
      plugin: () => answered({ token: 't' }),
    });
    const { credentials } = await load();
    expect(await credentials.current()).toEqual({ headers: { authorization: 'Bearer t' } });
    const [run] = runs;
    expect(run).toMatchObject({ command: 'login', args: ['--for', 'shop'], interactive: false });
    expect(run?.env?.['PROFILE']).toBe('p');
    expect(JSON.parse(run?.env?.['KUBERNETES_EXEC_INFO'] ?? '')).toEqual({
      apiVersion: V1,
      kind: 'ExecCredential',
      spec: { interactive: false },
    });
  });

  it('is told of the cluster if it wants to know', async () => {
    const cluster = {
      'certificate-authority-data': base64(utf8(PEM)),
      'tls-server-name': 'name',
      'proxy-url': 'http://proxy',
      extensions: [{ name: 'client.authentication.k8s.io/exec', extension: { audience: 'x' } }],
    };
    const { load, runs } = machine({
      files: { [FILE]: config({ cluster, user: execUser({ provideClusterInfo: true }) }) },
      plugin: () => answered({ token: 't' }),
    });
    await (await load()).credentials.current();
    const { spec } = JSON.parse(runs[0]?.env?.['KUBERNETES_EXEC_INFO'] ?? '') as { spec: object };
    expect(spec).toEqual({
      interactive: false,
      cluster: {
        server: 'https://shop:6443',
        'certificate-authority-data': base64(utf8(PEM)),
        'tls-server-name': 'name',
        'proxy-url': 'http://proxy',
        config: { audience: 'x' },
      },
    });
  });

  it.each([
    { mode: 'Never', isInteractive: true, interactive: false },
    { mode: 'IfAvailable', isInteractive: true, interactive: true },
    { mode: 'IfAvailable', isInteractive: false, interactive: false },
    { mode: 'Always', isInteractive: true, interactive: true },
  ])('with mode $mode and a terminal: $isInteractive, it may ask: $interactive', async (row) => {
    const { load, runs } = machine({
      files: { [FILE]: config({ user: execUser({ interactiveMode: row.mode }) }) },
      plugin: () => answered({ token: 't' }),
      isInteractive: row.isInteractive,
    });
    await (await load()).credentials.current();
    expect(runs[0]?.interactive).toBe(row.interactive);
    expect(runs[0]?.env?.['KUBERNETES_EXEC_INFO']).toContain(`"interactive":${row.interactive}`);
  });

  it('of the older version need not say whether it asks', async () => {
    const exec = { apiVersion: V1BETA1, command: 'login' };
    const { load } = machine({
      files: { [FILE]: config({ user: { exec } }) },
      plugin: () => answered({ token: 't' }, V1BETA1),
    });
    const { credentials } = await load();
    expect((await credentials.current()).headers['authorization']).toBe('Bearer t');
  });

  it('a command with a slash is relative to the file', async () => {
    const { load, runs } = machine({
      files: { [FILE]: config({ user: execUser({ command: './bin/login' }) }) },
      plugin: () => answered({ token: 't' }),
    });
    await (await load()).credentials.current();
    expect(runs[0]?.command).toBe('/home/me/.kube/./bin/login');
  });

  it('runs once for all requests that wait, and again shortly before its token expires', async () => {
    let count = 0;
    const { load, runs, clock } = machine({
      files: { [FILE]: config({ user: execUser() }) },
      plugin: () => {
        count += 1;
        const expirationTimestamp = new Date(clock.now() + 60_000).toISOString();
        return answered({ token: `t${count}`, expirationTimestamp });
      },
    });
    const { credentials } = await load();
    const token = async () => (await credentials.current()).headers['authorization'];
    expect(await Promise.all([token(), token(), token()])).toEqual(
      Array.from({ length: 3 }, () => 'Bearer t1'),
    );
    await clock.advance(seconds(49));
    expect(await token()).toBe('Bearer t1');
    await clock.advance(seconds(2));
    expect(await token()).toBe('Bearer t2');
    expect(runs).toHaveLength(2);
  });

  it('runs again after a refusal of its token, not after that of one it gave before', async () => {
    let count = 0;
    const { load, runs } = machine({
      files: { [FILE]: config({ user: execUser() }) },
      plugin: () => {
        count += 1;
        return answered({ token: `t${count}` });
      },
    });
    const { credentials } = await load();
    const first = await credentials.current();
    expect(credentials.refused(first)).toBe(true);
    expect((await credentials.current()).headers['authorization']).toBe('Bearer t2');
    // A slower request still had the first one: the second has been fetched meanwhile.
    expect(credentials.refused(first)).toBe(true);
    expect((await credentials.current()).headers['authorization']).toBe('Bearer t2');
    expect(runs).toHaveLength(2);
  });

  it('fixed credentials are not asked for anew after a refusal', async () => {
    const { credentials } = await loaded(config({ user: { token: 't' } }));
    expect(credentials.refused(await credentials.current())).toBe(false);
  });

  it('can give a client certificate', async () => {
    const { load } = machine({
      files: { [FILE]: config({ user: execUser() }) },
      plugin: () => answered({ clientCertificateData: PEM, clientKeyData: KEY }),
    });
    const { credentials } = await load();
    expect(await credentials.current()).toEqual({ headers: {}, certPem: PEM, keyPem: KEY });
  });

  it('that fails is asked again by the next request', async () => {
    let isBroken = true;
    const { load } = machine({
      files: { [FILE]: config({ user: execUser() }) },
      plugin: () => (isBroken ? { code: 1, stderr: 'no network\n' } : answered({ token: 't' })),
    });
    const { credentials } = await load();
    await expect(credentials.current()).rejects.toThrow('no network');
    isBroken = false;
    expect((await credentials.current()).headers['authorization']).toBe('Bearer t');
  });

  const name = `the credential plugin login (exec of user "me" of ${FILE})`;
  it.each([
    {
      reason: 'that ends with an error is told with what it said',
      plugin: () => ({ code: 3, stderr: 'please log in\n' }),
      message: `${name} failed with 3: please log in`,
    },
    {
      reason: 'that is not installed is told with the hint',
      user: execUser({ installHint: 'run: brew install login' }),
      plugin: () => {
        throw new Error('the program login was not found');
      },
      message: `${name} did not run: the program login was not found; run: brew install login`,
    },
    {
      reason: 'that prints no JSON is told',
      plugin: () => ({ stdout: 'hello' }),
      message: `${name} printed no JSON`,
    },
    {
      reason: 'that gives nothing is told',
      plugin: () => answered({}),
      message: `${name} gave neither a token nor a certificate with its key`,
    },
    {
      reason: 'that speaks another version is told',
      plugin: () => answered({ token: 't' }, V1BETA1),
      message: `${name} gave ${V1BETA1} ExecCredential where ${V1} is configured: set apiVersion to what it speaks`,
    },
    {
      reason: 'that needs a terminal is told where there is none',
      user: execUser({ interactiveMode: 'Always' }),
      plugin: () => answered({ token: 't' }),
      message: `${name} needs a terminal: interactiveMode is Always, and there is none`,
    },
  ])('$reason', async ({ user, plugin, message }) => {
    const { load } = machine({ files: { [FILE]: config({ user: user ?? execUser() }) }, plugin });
    const { credentials } = await load();
    const failure = await credentials.current().then(
      () => undefined,
      (error: unknown) => error,
    );
    expect(failure).toBeInstanceOf(ConfigError);
    expect((failure as Error).message).toBe(message);
  });
});

const ACCOUNT = '/var/run/secrets/kubernetes.io/serviceaccount';

describe('in a pod', () => {
  const env = { KUBERNETES_SERVICE_HOST: '10.0.0.1', KUBERNETES_SERVICE_PORT: '443' };
  const files = {
    [`${ACCOUNT}/token`]: 'pod-token\n',
    [`${ACCOUNT}/ca.crt`]: PEM,
    [`${ACCOUNT}/namespace`]: 'rollouts\n',
  };

  it('the service account counts when there is no kubeconfig', async () => {
    const { load, memory } = machine({ files, env });
    const connection = await load();
    expect(connection).toMatchObject({
      server: 'https://10.0.0.1:443',
      authorityPem: PEM,
      namespace: 'rollouts',
      insecure: false,
    });
    const token = async () => (await connection.credentials.current()).headers['authorization'];
    expect(await token()).toBe('Bearer pod-token');
    memory.contents.set(`${ACCOUNT}/token`, 'rotated');
    expect(await token()).toBe('Bearer rotated');
  });

  it('the address may be of version 6, and the namespace come from the environment', async () => {
    const { load } = machine({
      files,
      env: { ...env, KUBERNETES_SERVICE_HOST: 'fd00::1', POD_NAMESPACE: 'own' },
    });
    expect(await load()).toMatchObject({ server: 'https://[fd00::1]:443', namespace: 'own' });
  });

  it('an empty kubeconfig is none', async () => {
    const { load } = machine({
      files: { ...files, '/dev/null': '' },
      env: { ...env, KUBECONFIG: '/dev/null' },
    });
    expect((await load()).server).toBe('https://10.0.0.1:443');
  });

  it('a kubeconfig counts before the service account', async () => {
    const { load } = machine({ files: { ...files, [FILE]: config() }, env });
    expect((await load()).server).toBe('https://shop:6443');
  });
});

interface Wrong extends Machine {
  readonly reason: string;
  readonly overrides?: Overrides;
  readonly message: string;
}

function file(text: string): Readonly<Record<string, string>> {
  return { [FILE]: text };
}

const NONE = 'name a kubeconfig with --kubeconfig or KUBECONFIG, or an API server with --server';

const WRONG: readonly Wrong[] = [
  {
    reason: 'there is none at all',
    message: `no configuration has been provided (${FILE} does not exist): ${NONE}`,
  },
  {
    reason: 'the variable points nowhere',
    env: { KUBECONFIG: '/no/where' },
    message: `no configuration has been provided (/no/where does not exist): ${NONE}`,
  },
  {
    reason: 'the flag points nowhere',
    overrides: { kubeconfig: '/no/where' },
    message: 'the kubeconfig /no/where does not exist: --kubeconfig names it',
  },
  {
    reason: 'it is empty',
    files: file(''),
    message: `no configuration has been provided (${FILE} is empty): ${NONE}`,
  },
  {
    reason: 'it is no YAML',
    files: file('a: [b'),
    message: `the kubeconfig ${FILE} is not YAML: `,
  },
  {
    reason: 'it is a text',
    files: file('hello'),
    message: `the kubeconfig ${FILE} must be a mapping of names to values`,
  },
  {
    reason: 'it is another kind of object',
    files: file(toYaml({ kind: 'Pod' })),
    message: `${FILE} is a Pod, not a kubeconfig: name a file with kind: Config`,
  },
  {
    reason: 'a field has another type',
    files: file(config({ user: { token: 12345 } })),
    message: `users[0].user.token of the kubeconfig ${FILE} must be a text: put it into quotes`,
  },
  {
    reason: 'a list is none',
    files: file(config({ more: { clusters: 'x' } })),
    message: `clusters of the kubeconfig ${FILE} must be a list`,
  },
  {
    reason: 'an entry has no name',
    files: file(config({ more: { users: [{ user: {} }] } })),
    message: `users[0].name of the kubeconfig ${FILE} is missing: give the entry a name`,
  },
  {
    reason: 'the chosen context is unknown',
    files: file(config()),
    overrides: { context: 'shops' },
    message: `context "shops" does not exist: ${FILE} has shop`,
  },
  {
    reason: 'the current context is unknown',
    files: file(config({ more: { 'current-context': 'gone' } })),
    message: `context "gone" does not exist: ${FILE} has shop`,
  },
  {
    reason: 'no context is chosen',
    files: file(config({ more: { 'current-context': '' } })),
    message: `${FILE} has no current-context: choose one with --context (there are shop)`,
  },
  {
    reason: 'the context names an unknown cluster',
    files: file(config({ context: { cluster: 'gone' } })),
    message: `cluster "gone" does not exist: ${FILE} has shop`,
  },
  {
    reason: 'the context names an unknown user',
    files: file(config({ context: { user: 'gone' } })),
    message: `user "gone" does not exist: ${FILE} has me`,
  },
  {
    reason: 'the context names no cluster',
    files: file(config({ context: { cluster: '' } })),
    message: `context "shop" of ${FILE} names no cluster: set its field cluster`,
  },
  {
    reason: 'the cluster has no server',
    files: file(config({ cluster: { server: '' } })),
    message: `cluster "shop" of ${FILE} names no server: set its field server`,
  },
  {
    reason: 'the server is no address',
    files: file(config({ cluster: { server: 'shop:6443' } })),
    message: `server "shop:6443" of cluster "shop" of ${FILE} is no address: write it as https://HOST:PORT`,
  },
  {
    reason: 'the authority does not exist',
    files: file(config({ cluster: { 'certificate-authority': '/ca' } })),
    message: `certificate-authority /ca of cluster "shop" of ${FILE} does not exist: put the PEM file there or change the path`,
  },
  {
    reason: 'the authority is not base64',
    files: file(config({ cluster: { 'certificate-authority-data': '***' } })),
    message: `certificate-authority-data of cluster "shop" of ${FILE} is not base64: encode the PEM text`,
  },
  {
    reason: 'the authority is no PEM',
    files: file(config({ cluster: { 'certificate-authority-data': base64(utf8('x')) } })),
    message: `certificate-authority-data of cluster "shop" of ${FILE} is no PEM: it must have a line -----BEGIN ...-----`,
  },
  {
    reason: 'it has an authority and wants no verification',
    files: file(
      config({
        cluster: {
          'certificate-authority-data': base64(utf8(PEM)),
          'insecure-skip-tls-verify': true,
        },
      }),
    ),
    message: `cluster "shop" of ${FILE} has both certificate-authority and insecure-skip-tls-verify: take one of them away`,
  },
  {
    reason: 'a certificate has no key',
    files: file(config({ user: { 'client-certificate-data': base64(utf8(PEM)) } })),
    message: `user "me" of ${FILE} has a client-certificate but no client-key: add client-key or client-key-data`,
  },
  {
    reason: 'a certificate given by a flag does not exist',
    files: file(config()),
    overrides: { certificateFile: '/cert' },
    message:
      'client-certificate /cert of the flags does not exist: put the PEM file there or change the path',
  },
  {
    reason: 'a user has a token and a name',
    files: file(config({ user: { token: 't', username: 'u' } })),
    message: `user "me" of ${FILE} has both token and username: take one of them away`,
  },
  {
    reason: 'a user has an old kind of provider',
    files: file(config({ user: { 'auth-provider': { name: 'gcp' } } })),
    message: `auth-provider of user "me" of ${FILE} is no longer supported: use exec in its place`,
  },
  {
    reason: 'a group is impersonated without a user',
    files: file(config()),
    overrides: { asGroups: ['dev'] },
    message: 'a group or uid is impersonated, but no user: add --as or the field as',
  },
  {
    reason: 'the proxy is of another kind',
    files: file(config({ cluster: { 'proxy-url': 'socks5://p:1' } })),
    message: `proxy-url "socks5://p:1" of cluster "shop" of ${FILE} is not supported: name a proxy with http:// or https://`,
  },
  {
    reason: 'a plugin has no command',
    files: file(config({ user: { exec: { apiVersion: V1 } } })),
    message: `users[0].user.exec.command of the kubeconfig ${FILE} is missing: name the program`,
  },
  {
    reason: 'a plugin speaks an unknown version',
    files: file(config({ user: execUser({ apiVersion: 'v9' }) })),
    message: `users[0].user.exec.apiVersion of the kubeconfig ${FILE} must be ${V1} or ${V1BETA1}`,
  },
  {
    reason: 'a plugin of the newer version does not say whether it asks',
    files: file(config({ user: execUser({ interactiveMode: null }) })),
    message: `users[0].user.exec.interactiveMode of the kubeconfig ${FILE} must be one of Never, IfAvailable, Always`,
  },
];

describe('a kubeconfig that cannot be used says why', () => {
  it.each(WRONG)('when $reason', async ({ overrides = {}, message, ...one }) => {
    const failure = await machine(one)
      .load(overrides)
      .then(
        () => undefined,
        (error: unknown) => error,
      );
    expect(failure).toBeInstanceOf(ConfigError);
    const { message: told } = failure as Error;
    expect(told.slice(0, message.length)).toBe(message);
    expect(told).not.toContain('\n');
  });

  it('when a token file is missing, at the first request', async () => {
    const { credentials } = await loaded(config({ user: { tokenFile: '/token' } }));
    await expect(credentials.current()).rejects.toThrow(
      `tokenFile /token of user "me" of ${FILE} is missing or empty: put the token there`,
    );
  });
});
