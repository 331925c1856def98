// From the ConfigMap to a running program: `slipway sandbox` and `slipway controller` with plugins.
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import type { AnalysisRun } from '../../src/api/analysis.ts';
import { ANALYSIS_RUNS, CONFIG_MAPS } from '../../src/api/resources.ts';
import { livePlugins, openPlugins } from '../../src/cli/plugins.ts';
import { SILENT } from '../../src/controller/log.ts';
import { systemClock } from '../../src/host/clock.ts';
import { systemFiles } from '../../src/host/files.ts';
import { systemListener } from '../../src/host/listener.ts';
import { bodyOf } from '../../src/lib/bytes.ts';
import { cancellation } from '../../src/lib/clock.ts';
import type { HttpRequest } from '../../src/lib/ports.ts';
import { instant, seconds } from '../../src/lib/time.ts';
import { parseYaml } from '../../src/lib/yaml.ts';
import { measurePlugin } from '../../src/plugins/kinds/metric.ts';
import type { Plugins } from '../../src/plugins/plugins.ts';
import { pluginSettings } from '../../src/plugins/setup/settings.ts';
import { withCluster } from '../support/cluster.ts';
import { builtPlugin, hasGo } from '../support/go.ts';
import { post } from '../support/objects.ts';

const NAME = 'tests/own';
const NAMESPACE = 'default';

async function withSettings(
  data: Readonly<Record<string, string>>,
  story: (options: Parameters<typeof openPlugins>[0]) => Promise<void>,
): Promise<void> {
  await withCluster({}, async ({ client }) => {
    const metadata = { name: 'argo-rollouts-config', namespace: NAMESPACE };
    await post(client, NAMESPACE, {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata,
      data,
    } as never);
    await post(client, NAMESPACE, {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: 'token', namespace: NAMESPACE },
      data: { Authorization: Buffer.from('Bearer abc').toString('base64') },
    } as never);
    await story({
      client,
      clock: systemClock,
      files: systemFiles,
      log: SILENT,
      namespace: NAMESPACE,
      folder: mkdtempSync(join(tmpdir(), 'slipway-plugins-')),
      callLimit: seconds(20),
    });
  });
}

async function valueOf(plugins: Plugins, name = NAME): Promise<string> {
  const measured = await measurePlugin(plugins, {
    run: { metadata: { name: 'r' }, spec: { metrics: [] } } as unknown as AnalysisRun,
    metric: { name: 'm', provider: { plugin: { [name]: { value: '42' } } } },
    action: 'run',
    cancel: cancellation().cancel,
  });
  return measured.ok ? (measured.measurement.value ?? '') : measured.error;
}

it('the settings that docs/plugins.md shows are read', () => {
  const page = readFileSync(new URL('../../docs/plugins.md', import.meta.url), 'utf8');
  const parsed = parseYaml(/^```yaml\n(.*?)^```/ms.exec(page)?.[1] ?? '');
  if (!parsed.ok) throw new Error(parsed.error);
  const [map] = parsed.documents as readonly { data: Readonly<Record<string, string>> }[];
  const settings = pluginSettings(map?.data ?? {});
  expect(settings.map(({ kind, name }) => `${kind} ${name}`)).toEqual([
    'router acme/gateway',
    'metric acme/metrics',
    'step acme/approval',
  ]);
});

describe.runIf(hasGo)('plugins of a ConfigMap', () => {
  let command = '';
  beforeAll(() => {
    command = builtPlugin('own');
  }, 300_000);

  it('are copied from a file, private to their user, and started', async () => {
    const metricProviderPlugins = `- {name: ${NAME}, location: "file://${command}"}`;
    await withSettings({ metricProviderPlugins }, async (options) => {
      const plugins = await openPlugins(options);
      const path = join(options.folder, 'plugin-bin', 'tests', 'own');
      expect(statSync(path).mode & 0o777).toBe(0o700);
      expect(await valueOf(plugins)).toBe('42');
      // One that runs may be installed again, as the next controller does.
      const next = await openPlugins(options);
      expect(await valueOf(next)).toBe('42');
      await plugins.stop();
      await next.stop();
    });
  });

  it('are downloaded with headers of a Secret, which no other host gets, and are checked', async () => {
    const bytes = readFileSync(command);
    const asked: HttpRequest[] = [];
    const store = await systemListener.listen({
      handler: (request) => {
        asked.push(request);
        return Promise.resolve({ status: 200, headers: {}, body: bodyOf(bytes) });
      },
    });
    const release = await systemListener.listen({
      handler: (request) => {
        asked.push(request);
        const location = `http://${store.address}:${store.port}/blob?sig=1`;
        return Promise.resolve({
          status: 302,
          headers: { location },
          body: bodyOf(new Uint8Array()),
        });
      },
    });
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    const settings = (sum: string) => ({
      metricProviderPlugins: `
- name: ${NAME}
  location: http://${release.address}:${release.port}/v1/plugin?x=1
  sha256: '${sum}'
  headersFrom: [{secretRef: {name: token}}]
`,
    });
    try {
      await withSettings(settings(sha256), async (options) => {
        const plugins = await openPlugins(options);
        expect(asked.map(({ path, headers }) => [path, headers['authorization']])).toEqual([
          ['/v1/plugin?x=1', 'Bearer abc'],
          ['/blob?sig=1', undefined],
        ]);
        expect(await valueOf(plugins)).toBe('42');
        await plugins.stop();
      });
      await withSettings(settings('0'.repeat(64)), async (options) => {
        await expect(openPlugins(options)).rejects.toThrow(
          /^sha256 hash of downloaded plugin \(http:.*\) does not match expected hash$/,
        );
      });
    } finally {
      await release.close();
      await store.close();
    }
  });

  it.each([
    {
      setting: `{name: ${NAME}, location: "file:///nowhere/plugin"}`,
      problem:
        "failed to copy plugin tests/own from /nowhere/plugin: there is no such file on the controller's machine",
    },
    {
      setting: `{name: ${NAME}, location: "ftp://example.com/plugin"}`,
      problem: 'plugin location must be of http(s) or file scheme',
    },
    {
      setting: `{name: ${NAME}, location: "http://127.0.0.1:1/plugin"}`,
      problem: 'failed to download plugin tests/own from http://127.0.0.1:1/plugin: ',
    },
    {
      setting: `{name: ${NAME}, location: "http://127.0.0.1:1/", headersFrom: [{secretRef: {name: none}}]}`,
      problem: 'failed to get secret in secretRef: secrets "none" not found',
    },
  ])('that cannot be had are told: $problem', async ({ setting, problem }) => {
    await withSettings({ stepPlugins: `- ${setting}` }, async (options) => {
      await expect(openPlugins(options)).rejects.toThrow(problem);
    });
  });

  it('may be changed while a sandbox runs', async () => {
    const none = { stepPlugins: '' };
    await withSettings(none, async (options) => {
      const plugins = livePlugins(options);
      expect(await valueOf(plugins)).toContain(`plugin ${NAME} not configured in configmap`);
      const ref = { resource: CONFIG_MAPS, namespace: NAMESPACE, name: 'argo-rollouts-config' };
      const to = (text: string) =>
        options.client.patch(ref, {
          type: 'merge',
          body: { data: { metricProviderPlugins: text } },
        });
      await to(`- {name: ${NAME}, location: "file:///nowhere"}`);
      expect(await valueOf(plugins)).toContain('there is no such file');
      await to(`- {name: ${NAME}, location: "file://${command}"}`);
      expect(await valueOf(plugins)).toBe('42');
      expect(await valueOf(plugins)).toBe('42');
      await plugins.stop();
    });
  });

  it('measure metrics of runs, from the first measurement to garbage', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'slipway-plugins-'));
    mkdirSync(folder, { recursive: true });
    const { pluginStand, recordedCalls } = await import('../support/plugins.ts');
    const file = join(folder, 'calls');
    await using stand = pluginStand([
      { kind: 'metric', name: NAME, command, args: ['-calls', file] },
    ]);
    // The plugin's own times are of that minute.
    const start = instant(Date.UTC(2026, 0, 2, 2, 4));
    await withCluster({ plugins: stand, start }, async (cluster) => {
      await post(cluster.client, NAMESPACE, {
        apiVersion: 'argoproj.io/v1alpha1',
        kind: 'AnalysisRun',
        metadata: { name: 'check', namespace: NAMESPACE },
        spec: {
          args: [{ name: 'wanted', value: '0.5' }],
          metrics: [
            {
              name: 'rate',
              interval: '10s',
              count: 3,
              successCondition: 'result > {{args.wanted}}',
              provider: { plugin: { [NAME]: { value: '{{args.wanted}}' } } },
            },
            { name: 'slow', failureLimit: 1, provider: { plugin: { [NAME]: { do: 'later' } } } },
            {
              name: 'odd',
              count: 1,
              consecutiveErrorLimit: 99,
              provider: { plugin: { [NAME]: { do: 'phase', value: 'Banana' } } },
            },
          ],
          measurementRetention: [{ metricName: 'rate', limit: 2 }],
        },
      } as never);
      await cluster.advance(60_000);
      const run = await cluster.client.get<AnalysisRun>({
        resource: ANALYSIS_RUNS,
        namespace: NAMESPACE,
        name: 'check',
      });
      const result = (name: string) => run.status?.metricResults?.find((one) => one.name === name);
      expect(result('rate')).toMatchObject({
        phase: 'Successful',
        count: 3,
        metadata: { metric: 'rate' },
      });
      expect(result('rate')?.measurements).toHaveLength(2);
      expect(result('rate')?.measurements?.[0]).toMatchObject({
        phase: 'Successful',
        value: '0.5',
      });
      expect(result('slow')?.measurements?.[0]).toMatchObject({
        phase: 'Failed',
        value: 'resumed 42',
        metadata: { job: '42' },
      });
      expect(result('odd')?.measurements?.[0]?.message).toBe(
        'the plugin answered with the phase "Banana", which there is not',
      );
      const calls = recordedCalls(file);
      const first = calls.find(
        ({ method, args }) => method === 'Run' && args.Metric.Name === 'rate',
      );
      expect(first?.args.AnalysisRun.ObjectMeta.Name).toBe('check');
      expect(calls.filter(({ method }) => method === 'GarbageCollect')).toHaveLength(1);
      expect(calls.find(({ method }) => method === 'GarbageCollect')?.args.Limit).toBe(2);
    });
  });
});
