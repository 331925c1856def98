// `slipway install` and the kustomize base, applied with the machine's kubectl.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseYaml } from '../../src/lib/yaml.ts';
import { type Cluster, startCluster } from '../support/cluster.ts';
import { runPlugin } from '../support/command-line.ts';
import { type Kubectl, startKubectl } from '../support/kubectl.ts';
import { bundledProgram, type Program } from '../support/program.ts';

const LONG = { timeout: 90_000 } as const;
/** What one pipe holds until somebody reads it. */
const PIPE_BYTES = 65_536;

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
  ])('kubectl applies it: $reason', LONG, async ({ flags }) => {
    const text = await printed(...flags, '--image', 'registry.example.com/slipway:v1');
    const apply = 'apply --validate=strict -f -';
    const lines = (await cluster.ok(apply, text)).trim().split('\n');
    expect(lines).toHaveLength(documents(text).length);
    // The same again changes nothing.
    const again = (await cluster.ok(apply, text)).trim().split('\n');
    expect(again.filter((line) => !line.endsWith(' unchanged'))).toEqual([]);
    const place = flags.includes('-n') ? 'default' : 'argo-rollouts';
    await cluster.ok(`-n ${place} rollout status deployment/argo-rollouts --timeout=60s`);
    const account = `get deployment argo-rollouts -n ${place} -o jsonpath={.status.readyReplicas}`;
    expect(await cluster.ok(account)).toBe('2');
  });
});

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
    [['--secrets-in', 'shop,pay'], '--secrets-in "shop,pay" is no name of a namespace'],
  ])('%j: %s', async (flags, sentence) => {
    const options = { program: 'slipway' } as const;
    const { code, err, out } = await runPlugin(cluster, 'default', ['install', ...flags], options);
    expect({ code, out }).toEqual({ code: 1, out: '' });
    expect(err).toContain(sentence);
  });
});
