// `slipway install` and the kustomize base, applied with the machine's kubectl.
import { readFileSync } from 'node:fs';
import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { installObjects } from '../../src/cli/install/objects.ts';
import { systemFiles } from '../../src/host/files.ts';
import { systemProcesses } from '../../src/host/processes.ts';
import { parseYaml } from '../../src/lib/yaml.ts';
import { type Cluster, startCluster } from '../support/cluster.ts';
import { runPlugin } from '../support/command-line.ts';
import { type Kubectl, startKubectl } from '../support/kubectl.ts';
import { bundledProgram, type Program } from '../support/program.ts';

const LONG = { timeout: 90_000 } as const;
/** What one pipe holds until somebody reads it. */
const PIPE_BYTES = 65_536;

const PACKAGE = new URL('../../package.json', import.meta.url);

interface Printed {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
}

function documents(text: string): readonly Printed[] {
  const parsed = parseYaml(text);
  if (!parsed.ok) throw new Error(parsed.error);
  return parsed.documents as readonly Printed[];
}

describe('slipway install', () => {
  let program: Program;
  let cluster: Kubectl;

  beforeAll(async () => {
    program = await bundledProgram();
    cluster = await startKubectl();
  }, LONG.timeout);

  afterAll(async () => {
    await cluster.close();
    await program.close();
  }, LONG.timeout);

  async function printed(...flags: readonly string[]): Promise<string> {
    const started = program.start(['install', ...flags]);
    expect(await started.exit).toBe(0);
    return started.out();
  }

  it('prints all of it, however much a pipe takes at once', LONG, async () => {
    const text = await printed();
    expect(text.length).toBeGreaterThan(4 * PIPE_BYTES);
    expect(documents(text).at(-1)).toMatchObject({ kind: 'Deployment' });
  });

  it.each([
    { flags: [], reason: 'the whole cluster' },
    { flags: ['--crds', 'slim', '--secrets-in', 'default'], reason: 'small kinds, and Secrets' },
    { flags: ['--namespaced', '-n', 'default', '--crds', 'none'], reason: 'one namespace' },
    { flags: ['--instance-id', 'canary', '--crds', 'none'], reason: 'an instance' },
  ])('kubectl applies it: $reason', LONG, async ({ flags }) => {
    const text = await printed(...flags, '--image', 'registry.example.com/slipway:v1');
    const apply = 'apply --validate=strict -f -';
    const lines = (await cluster.ok(apply, text)).trim().split('\n');
    expect(lines).toHaveLength(documents(text).length);
    // The same again changes nothing.
    const again = (await cluster.ok(apply, text)).trim().split('\n');
    expect(again.filter((line) => !line.endsWith(' unchanged'))).toEqual([]);
    const place = flags.includes('-n') ? 'default' : 'argo-rollouts';
    const name = flags.includes('--instance-id') ? 'argo-rollouts-canary' : 'argo-rollouts';
    await cluster.ok(`-n ${place} rollout status deployment/${name} --timeout=60s`);
    const account = `get deployment ${name} -n ${place} -o jsonpath={.status.readyReplicas}`;
    expect(await cluster.ok(account)).toBe('2');
  });
});

/** What the machine's kubectl makes of a folder; it asks no server. */
async function rendered(folder: string): Promise<readonly Printed[]> {
  const args = ['kustomize', folder];
  const { code, stdout, stderr } = await systemProcesses.run({ command: 'kubectl', args, env: {} });
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return documents(stdout);
}

describe('the kustomize base', () => {
  const folder = fileURLToPath(new URL('../../deploy', import.meta.url));
  const named = (objects: readonly Printed[]) =>
    objects.map(({ kind, metadata }) => `${kind} ${metadata.name}`).toSorted();

  it('renders to what slipway install prints', LONG, async () => {
    const options = { crds: 'full', isNamespaced: false, instance: '', secretsIn: [] } as const;
    const image = (JSON.parse(readFileSync(PACKAGE, 'utf8')) as { version: string }).version;
    const objects = installObjects({
      ...options,
      namespace: 'argo-rollouts',
      image: `slipway:v${image}`,
    });
    const base = await rendered(folder);
    expect(named(base)).toEqual(named(objects as unknown as readonly Printed[]));
    for (const object of objects) expect(base).toContainEqual(object);
  });

  it('an overlay moves all of it, the account of the bindings too', LONG, async () => {
    const overlay = await systemFiles.temporaryFolder('slipway-overlay-');
    const kustomization = {
      namespace: 'delivery',
      resources: [relative(overlay, folder)],
      images: [{ name: 'slipway', newName: 'registry.example.com/slipway', newTag: 'v1' }],
    };
    await systemFiles.write(`${overlay}/kustomization.yaml`, JSON.stringify(kustomization));
    const text = JSON.stringify(await rendered(overlay));
    await systemFiles.remove(overlay);
    expect(text).not.toMatch(/"namespace":"argo-rollouts"/);
    expect(text.match(/"namespace":"delivery"/g)?.length).toBeGreaterThan(6);
    expect(text).toContain('"image":"registry.example.com/slipway:v1"');
  });
});

describe('the image', () => {
  const text = readFileSync(new URL('../../Dockerfile', import.meta.url), 'utf8');
  const last = text.slice(text.lastIndexOf('\nFROM '));
  const said = (word: string) => new RegExp(`^${word} (.+)$`, 'm').exec(last)?.[1];
  const deployment = installObjects({
    namespace: 'argo-rollouts',
    image: 'slipway:v1',
    crds: 'none',
    isNamespaced: false,
    instance: '',
    secretsIn: [],
  }).at(-1) as unknown as { readonly spec: { readonly template: { readonly spec: PodSpec } } };
  const pod = deployment.spec.template.spec;

  it('is run by the user and in the folder that the Deployment goes by', () => {
    expect(said('USER')).toBe(`${pod.securityContext.runAsUser}:${pod.securityContext.runAsGroup}`);
    const [container] = pod.containers;
    expect(container?.volumeMounts[0]?.mountPath).toBe(`${said('WORKDIR')}/plugin-bin`);
    const ports = container?.ports.map(({ containerPort }) => containerPort).toSorted();
    expect(said('EXPOSE')).toBe(ports?.join(' '));
    expect(JSON.parse(said('CMD') ?? '')).toEqual(container?.args);
  });

  it('starts what its build has put there', () => {
    const [node, script] = JSON.parse(said('ENTRYPOINT') ?? '') as readonly string[];
    expect(last).toMatch(/^COPY --from=build .*\/image\/opt\/slipway \/opt\/slipway$/m);
    expect(text).toContain(`/image${node}`);
    expect(script?.replace(/\/slipway$/, '/')).toBe('/opt/slipway/bin/');
    expect(text).toContain('cp dist/bin/* /image/opt/slipway/bin/');
  });
});

interface PodSpec {
  readonly securityContext: { readonly runAsUser: number; readonly runAsGroup: number };
  readonly containers: readonly {
    readonly args: readonly string[];
    readonly ports: readonly { readonly containerPort: number }[];
    readonly volumeMounts: readonly { readonly mountPath: string }[];
  }[];
}

describe('flags of slipway install', () => {
  let cluster: Cluster;

  beforeAll(async () => {
    cluster = await startCluster();
  });

  afterAll(() => cluster.stop());

  it.each([
    [['--crds', 'small'], '--crds small: it is full, slim or none'],
    [['--image', ''], '--image "" is no image'],
    [['-n', 'My_Shop'], '--namespace "My_Shop" is no name of a namespace'],
    [
      ['--instance-id', 'Blue'],
      '--instance-id "Blue" is no name of an instance: it becomes part of',
    ],
    [['--instance-id', 'a-secrets'], '"a-secrets" is no name of an instance: roles of other'],
    [['--secrets-in', 'shop,pay'], '--secrets-in "shop,pay" is no name of a namespace'],
  ])('%j: %s', async (flags, sentence) => {
    const options = { program: 'slipway' } as const;
    const { code, err, out } = await runPlugin(cluster, 'default', ['install', ...flags], options);
    expect({ code, out }).toEqual({ code: 1, out: '' });
    expect(err).toContain(sentence);
  });
});
