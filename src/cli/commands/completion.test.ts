import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Cluster, startCluster } from '../../../test/support/cluster.ts';
import { runPlugin } from '../../../test/support/command-line.ts';
import { post } from '../../../test/support/objects.ts';
import { systemFiles } from '../../host/files.ts';
import { systemProcesses } from '../../host/processes.ts';
import type { KubeObject } from '../../api/object.ts';
import { NAMESPACES } from '../../api/resources.ts';
import { TransportError } from '../../lib/ports.ts';

let cluster: Cluster;

function object(kind: string, name: string, spec: Readonly<Record<string, unknown>>): KubeObject {
  return { apiVersion: 'argoproj.io/v1alpha1', kind, metadata: { name }, spec } as KubeObject;
}

beforeAll(async () => {
  cluster = await startCluster();
  await cluster.client.create(NAMESPACES, {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name: 'yard' },
  });
  for (const name of ['web', 'api', 'web-2']) {
    await post(cluster.client, 'default', object('Rollout', name, {}));
  }
  await post(cluster.client, 'yard', object('Rollout', 'far', {}));
  await post(cluster.client, 'default', object('Experiment', 'try', { templates: [] }));
  await post(cluster.client, 'default', object('AnalysisRun', 'check', { metrics: [] }));
});
afterAll(() => cluster.stop());

function complete(words: readonly string[]) {
  return runPlugin(cluster, 'default', ['__complete', ...words]);
}

describe('__complete answers with candidates and a directive', () => {
  it.each([
    { words: ['re'], out: ['restart', 'retry'], reason: 'commands by what was typed' },
    { words: ['get', ''], out: ['experiment', 'rollout'], reason: 'commands of a group' },
    { words: ['get', 'foo', ''], out: [], reason: 'nothing behind a word that is none' },
    { words: ['get', 'rollout', 'w'], out: ['web', 'web-2'], reason: 'names' },
    { words: ['get', 'ro', ''], out: ['api', 'web', 'web-2'], reason: 'by another name' },
    { words: ['get', 'rollout', 'web', ''], out: [], reason: 'no second one' },
    { words: ['abort', 'a'], out: ['api'], reason: 'rollouts' },
    { words: ['abort', 'api', ''], out: [], reason: 'no second one, though it would take it' },
    { words: ['pause', ''], out: ['api', 'web', 'web-2'], reason: 'rollouts' },
    { words: ['promote', '--full', ''], out: ['api', 'web', 'web-2'], reason: 'past a flag' },
    { words: ['restart', '-i', '5s', 'ap'], out: ['api'], reason: 'past a flag and its value' },
    { words: ['retry', 'rollout', 'x'], out: [], reason: 'none begins so' },
    { words: ['retry', 'experiment', ''], out: ['try'], reason: 'experiments' },
    { words: ['set', 'image', 'a'], out: ['api'], reason: 'rollouts' },
    { words: ['set', 'image', 'api', ''], out: [], reason: 'no images' },
    { words: ['status', 'a'], out: ['api'], reason: 'rollouts' },
    { words: ['undo', 'a'], out: ['api'], reason: 'rollouts' },
    { words: ['get', 'exp', ''], out: ['try'], reason: 'experiments' },
    { words: ['terminate', 'experiment', ''], out: ['try'], reason: 'experiments' },
    { words: ['terminate', 'analysisrun', ''], out: ['check'], reason: 'runs' },
    { words: ['-n', 'yard', 'get', 'rollout', ''], out: ['far'], reason: 'the namespace typed' },
    { words: ['abort', '--namespace=yard', ''], out: ['far'], reason: 'wherever it stands' },
    { words: ['list', 'rollouts', ''], out: [], reason: 'it takes none' },
    { words: ['completion', ''], out: ['bash', 'fish', 'powershell', 'zsh'], reason: 'shells' },
    { words: ['status', 'web', '--ti'], out: ['--timeout'], reason: 'own flags' },
    { words: ['version', '--kube'], out: ['--kubeconfig'], reason: 'flags of all' },
    { words: ['promote', '--skip'], out: [], reason: 'none that are hidden' },
    { words: ['get', 'rollout', '-n', ''], out: [], reason: 'no names for the value of a flag' },
  ])('$words: $reason', async ({ words, out }) => {
    expect(await complete(words)).toEqual({
      code: 0,
      out: [...out, ':4', ''].join('\n'),
      err: '',
    });
  });

  it('asks for files where the value of a flag is one', async () => {
    expect((await complete(['get', 'rollout', '--kubeconfig', ''])).out).toBe(':0\n');
  });

  it('says nothing but that it failed when there is no cluster', async () => {
    const words = ['__complete', 'get', 'rollout', ''];
    const transport = () => Promise.reject(new TransportError('refused', 'nobody is there'));
    expect(await runPlugin(cluster, 'default', words, { transport })).toEqual({
      code: 0,
      out: ':1\n',
      err: '',
    });
  });
});

describe('completion', () => {
  it.each([{ shell: 'bash' }, { shell: 'zsh' }, { shell: 'fish' }, { shell: 'powershell' }])(
    'prints the script of $shell as recorded',
    async ({ shell }) => {
      const { code, out, err } = await runPlugin(cluster, 'default', ['completion', shell]);
      expect({ code, err }).toEqual({ code: 0, err: '' });
      await expect(out).toMatchFileSnapshot(
        `../../../test/scenarios/golden/completion-${shell}.txt`,
      );
    },
  );

  it('completes in a real bash, words with blanks and empty ones included', async () => {
    const folder = await systemFiles.temporaryFolder('slipway-completion-');
    try {
      // Stands in for the program: one candidate for each word that it was given.
      const program = systemFiles.join(folder, 'kubectl-argo-rollouts');
      const script = `#!/bin/sh\nshift\nfor word in "$@"; do echo "got<$word>"; done\necho :4\n`;
      await systemFiles.write(program, script, { executable: true });
      const { out } = await runPlugin(cluster, 'default', ['completion', 'bash']);
      const { stdout } = await systemProcesses.run({
        command: 'bash',
        args: [
          '--norc',
          '-c',
          `${out}\nCOMP_WORDS=(kubectl-argo-rollouts get "a b" ""); COMP_CWORD=3; COMPREPLY=()
          __kubectl_argo_rollouts_complete; printf '%s|' "\${COMPREPLY[@]}"`,
        ],
        env: { PATH: `${folder}:${process.env['PATH'] ?? ''}` },
      });
      expect(stdout).toBe('got<get>|got<a b>|got<>|');
    } finally {
      await systemFiles.remove(folder);
    }
  });
});
