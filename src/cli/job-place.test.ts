import { describe, expect, it } from 'vitest';
import { memoryFiles } from '../../test/support/memory-files.ts';
import { systemClock } from '../host/clock.ts';
import { systemListener } from '../host/listener.ts';
import { systemProcesses } from '../host/processes.ts';
import { createClient } from '../kube/client.ts';
import { bodyOf, utf8 } from '../lib/bytes.ts';
import { jobPlace } from './job-place.ts';

const OWN = createClient({ transport: () => Promise.reject(new Error('the controller’s own')) });
const NAMESPACE = 'ARGO_ROLLOUTS_ANALYSIS_JOB_NAMESPACE';
const KUBECONFIG = 'ARGO_ROLLOUTS_ANALYSIS_JOB_KUBECONFIG';

function place(
  env: Readonly<Record<string, string>>,
  files: Readonly<Record<string, string>> = {},
) {
  const ports = {
    files: memoryFiles(files),
    processes: systemProcesses,
    clock: systemClock,
    env: (name: string) => env[name],
  };
  return jobPlace(ports, OWN);
}

describe('Jobs of metrics run', () => {
  it.each([
    { env: {}, namespace: {}, reason: 'in the controller’s cluster beside their runs' },
    {
      env: { [NAMESPACE]: 'jobs' },
      namespace: { namespace: 'jobs' },
      reason: 'in the namespace that the environment names',
    },
  ])('$reason', async ({ env, namespace }) => {
    expect(await place(env)).toEqual({ client: OWN, isElsewhere: false, ...namespace });
  });

  it('on the server of the kubeconfig that the environment names', async () => {
    const asked: string[] = [];
    const listening = await systemListener.listen({
      handler: ({ path }) => {
        asked.push(path);
        const body = bodyOf(utf8('{"kind":"Job","metadata":{"name":"a"}}'));
        return Promise.resolve({ status: 200, headers: {}, body });
      },
    });
    const server = `http://${listening.address}:${listening.port}`;
    const config = `
current-context: a
contexts: [{name: a, context: {cluster: a}}]
clusters: [{name: a, cluster: {server: "${server}"}}]
`;
    const env = { [KUBECONFIG]: '/jobs.yaml' };
    const { client, isElsewhere } = await place(env, { '/jobs.yaml': config });
    expect(isElsewhere).toBe(true);
    const resource = {
      group: 'batch',
      version: 'v1',
      kind: 'Job',
      plural: 'jobs',
      namespaced: true,
    };
    await client.get({ resource, namespace: 'shop', name: 'a' });
    expect(asked).toEqual(['/apis/batch/v1/namespaces/shop/jobs/a']);
    await listening.close();
  });

  it.each([
    {
      env: { [KUBECONFIG]: '/none.yaml' },
      error: `the kubeconfig /none.yaml does not exist: ${KUBECONFIG} names it`,
      reason: 'a kubeconfig that is not there',
    },
    {
      env: { [KUBECONFIG]: 'in-cluster' },
      error: `${KUBECONFIG} is in-cluster, but this is no pod with a service account`,
      reason: 'the own cluster outside of one',
    },
  ])('not with $reason', async ({ env, error }) => {
    await expect(place(env)).rejects.toThrow(error);
  });
});
