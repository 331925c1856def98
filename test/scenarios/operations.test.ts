// docs/operations.md: flags with their defaults, its YAML, its alerts, and its kubectl commands.
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { Flag } from '../../src/cli/command.ts';
import { CONTROLLER } from '../../src/cli/commands/controller.ts';
import { INSTALL } from '../../src/cli/commands/install.ts';
import { METRICS } from '../../src/controller/metrics/table.ts';
import { parseYaml } from '../../src/lib/yaml.ts';
import { parse } from '../../src/sandbox/metrics/promql/parser.ts';
import { runPlugin } from '../support/command-line.ts';
import { startCluster } from '../support/cluster.ts';
import { startKubectl } from '../support/kubectl.ts';
import { templated } from './web.ts';

const PAGE = readFileSync(new URL('../../docs/operations.md', import.meta.url), 'utf8');
/** Names that the page may ask Prometheus for. */
const NAMES: ReadonlySet<string> = new Set(METRICS.map(({ name }) => name));

function blocks(language: string): readonly string[] {
  const found = PAGE.matchAll(new RegExp(`^\`\`\`${language}\n(.*?)^\`\`\``, 'gms'));
  return [...found].map(([, block = '']) => block);
}

function parsed(text: string): readonly unknown[] {
  const result = parseYaml(text);
  if (!result.ok) throw new Error(result.error);
  return result.documents;
}

/** Rows of tables by their first cell. */
const ROWS = new Map(
  [...PAGE.matchAll(/^\| `([^`]+)` \| ([^|]+) \|/gm)].map(([, name = '', cell = '']) => {
    return [name, cell.trim().replaceAll('`', '')] as const;
  }),
);

function shownDefault({ type, default: value }: Flag): string {
  if (type === 'bool') return value === 'true' ? 'on' : 'off';
  return value;
}

interface Alerts {
  readonly groups: readonly {
    readonly rules: readonly { readonly alert: string; readonly expr: string }[];
  }[];
}

describe('docs/operations.md', () => {
  it.each([...CONTROLLER.flags, ...INSTALL.flags].filter(({ isHidden }) => isHidden !== true))(
    'has the flag --$name',
    ({ name }) => {
      // To print the version is no way of running it.
      if (name !== 'version') expect([...ROWS.keys()]).toContain(`--${name}`);
    },
  );

  it('tells the defaults as they are', () => {
    const words: Readonly<Record<string, string>> = {
      'instance-id': 'none',
      controllers: 'all',
      'plugin-folder': 'working folder',
    };
    for (const flag of CONTROLLER.flags) {
      const row = ROWS.get(`--${flag.name}`);
      if (row !== undefined) expect(row).toBe(words[flag.name] ?? shownDefault(flag));
    }
  });

  it('its YAML is YAML', () => {
    const all = blocks('yaml');
    expect(all.length).toBeGreaterThan(1);
    for (const block of all) expect(parsed(block)).toHaveLength(1);
  });

  it('its alerts are queries about metrics that there are', () => {
    const alerts = blocks('yaml')
      .flatMap(parsed)
      .find((one) => 'groups' in (one as object));
    const rules = (alerts as Alerts).groups.flatMap((group) => group.rules);
    expect(rules.length).toBeGreaterThan(5);
    for (const { alert, expr } of rules) {
      expect({ alert, ...parse(expr) }).toMatchObject({ alert, ok: true });
      const names =
        expr.match(/\b(?:rollout|analysis|argo|controller|workqueue|slipway)_\w+/g) ?? [];
      expect(names.filter((name) => !NAMES.has(name))).toEqual([]);
      expect(names).not.toEqual([]);
    }
  });

  it('its kubectl commands do what they say on a cluster with the installation', async () => {
    const shown = blocks('sh').flatMap((block) => block.trim().split('\n'));
    const lines = shown.filter((line) => /^kubectl (?!argo|kustomize)/.test(line));
    expect(lines.length).toBeGreaterThan(4);
    const offline = await startCluster();
    const { out } = await runPlugin(offline, 'default', ['install', '--crds', 'none'], {
      program: 'slipway',
    });
    await offline.stop();
    const cluster = await startKubectl();
    try {
      await cluster.ok('apply -f -', out);
      const rollout = {
        apiVersion: 'argoproj.io/v1alpha1',
        kind: 'Rollout',
        metadata: { name: 'web' },
        spec: { ...templated('app:v1'), strategy: { canary: {} } },
      };
      const lease = {
        apiVersion: 'coordination.k8s.io/v1',
        kind: 'Lease',
        metadata: { name: 'argo-rollouts-controller-lock', namespace: 'argo-rollouts' },
      };
      for (const object of [rollout, lease]) {
        await cluster.ok('apply -f -', JSON.stringify(object));
      }
      for (const line of lines) await cluster.ok(line.replace(/^kubectl /, ''));
    } finally {
      await cluster.close();
    }
  });
});
