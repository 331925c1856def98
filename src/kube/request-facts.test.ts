import { expect, it } from 'vitest';
import { utf8 } from '../lib/bytes.ts';
import { observed, requestFacts } from './request-facts.ts';

const ROLLOUTS = '/apis/argoproj.io/v1alpha1/namespaces/shop/rollouts';

it.each([
  ['GET', '/apis/argoproj.io/v1alpha1/rollouts?limit=500', 'rollouts', '', 'N/A', 'List'],
  ['GET', `${ROLLOUTS}?watch=true&timeoutSeconds=300`, 'rollouts', 'shop', 'N/A', 'Watch'],
  ['GET', `${ROLLOUTS}/web`, 'rollouts', 'shop', 'web', 'Get'],
  ['PATCH', `${ROLLOUTS}/web/status?fieldManager=x`, 'rollouts', 'shop', 'web', 'Patch'],
  ['PUT', `${ROLLOUTS}/web`, 'rollouts', 'shop', 'web', 'Update'],
  ['DELETE', `${ROLLOUTS}/web`, 'rollouts', 'shop', 'web', 'Delete'],
  ['POST', ROLLOUTS, 'rollouts', 'shop', 'made', 'Create'],
  ['GET', '/api/v1/namespaces/shop', 'namespaces', '', 'shop', 'Get'],
  ['GET', '/api/v1/namespaces', 'namespaces', '', 'N/A', 'List'],
  ['GET', '/api/v1/namespaces/shop/secrets/a%2eb', 'secrets', 'shop', 'a.b', 'Get'],
  ['POST', '/api/v1/namespaces/shop/events', 'events', 'shop', 'N/A', 'Create'],
  ['POST', '/api/v1/namespaces/shop/pods/p/eviction', 'pods', 'shop', 'N/A', 'Create'],
  ['PATCH', '/apis/apps/v1/namespaces/shop/replicasets/r', 'replicasets', 'shop', 'N/A', 'Patch'],
  ['GET', '/version', 'Unknown', 'Unknown', 'Unknown', 'Unknown'],
  ['OPTIONS', ROLLOUTS, 'Unknown', 'Unknown', 'Unknown', 'Unknown'],
])('%s %s', (method, path, ...facts) => {
  const [kind, namespace, name, verb] = facts;
  const body = utf8('{"metadata":{"name":"made"}}');
  const request = { method, path, headers: {}, ...(method === 'POST' ? { body } : {}) };
  expect(requestFacts(request)).toEqual({ kind, namespace, name, verb });
});

it('a request without an answer has status 0, and fails as it did', async () => {
  const seen: unknown[] = [];
  const send = observed(
    () => Promise.reject(new Error('cut')),
    ({ verb }, status) => seen.push([verb, status]),
  );
  await expect(send({ method: 'GET', path: `${ROLLOUTS}/web`, headers: {} })).rejects.toThrow(
    'cut',
  );
  expect(seen).toEqual([['Get', 0]]);
});
