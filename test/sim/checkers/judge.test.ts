// The checkers over the log of a real API server (test/cluster/judge.ts): whose a change is, what order changes have, and
// what overlaps.
import { describe, expect, it } from 'vitest';
import { HASH_LABEL } from '../../../src/api/names.ts';
import type { KubeObject } from '../../../src/api/object.ts';
import { bodyOf, utf8 } from '../../../src/lib/bytes.ts';
import type { Logged } from '../../cluster/api-log.ts';
import { Authors } from '../../cluster/authors.ts';
import { judged, owedAfter } from '../../cluster/judge.ts';
import { KEYS } from './scene.ts';

const UID = 'uid-web';

function object(kind: string, name: string, more: object): KubeObject {
  const { metadata = {}, ...rest } = more as { readonly metadata?: object };
  const own = { name, namespace: 'shop', uid: `uid-${name}`, ...metadata };
  return { apiVersion: 'v1', kind, metadata: own, ...rest };
}

function set(hash: string, available: number): KubeObject {
  const ownerReferences = [{ apiVersion: '', kind: '', name: '', uid: UID, controller: true }];
  return object('ReplicaSet', `web-${hash}`, {
    metadata: { labels: { [HASH_LABEL]: hash }, ownerReferences },
    spec: { replicas: 4 },
    status: { availableReplicas: available },
  });
}

function service(hash: string): KubeObject {
  return object('Service', 'active', { spec: { selector: { [HASH_LABEL]: hash } } });
}

function rollout(status: object = {}): KubeObject {
  return object('Rollout', 'web', {
    spec: { replicas: 4, strategy: { blueGreen: { activeService: 'active' } } },
    status: { stableRS: 'old', currentPodHash: 'new', ...status },
  });
}

function at(revision: number, moment: number, key: string, one: KubeObject): Logged {
  const metadata = { ...one.metadata, resourceVersion: String(revision) };
  return { key, type: 'MODIFIED', object: { ...one, metadata }, revision, at: moment };
}

/** The log of an update whose new set has that many pods when its Service is switched, and since when. */
function logOf(pods: number, lostAt = 0): readonly Logged[] {
  return [
    at(1, 0, KEYS.rollouts, rollout()),
    at(2, 0, KEYS.sets, set('old', 4)),
    at(3, 0, KEYS.sets, set('new', 4)),
    at(4, 0, KEYS.services, service('old')),
    at(5, lostAt, KEYS.sets, set('new', pods)),
    at(6, 60_000, KEYS.services, service('new')),
  ];
}

/** What the controller was told when it asked for that. */
async function answered(
  authors: Authors,
  request: { readonly method: string; readonly path: string; readonly body?: object },
  answer: object,
): Promise<void> {
  const { body, ...rest } = request;
  const sent = body === undefined ? {} : { body: utf8(JSON.stringify(body)) };
  await authors.intercept({ ...rest, ...sent, headers: {} }, () =>
    Promise.resolve({ status: 200, headers: {}, body: bodyOf(utf8(JSON.stringify(answer))) }),
  );
}

const SWITCH = { method: 'PATCH', path: '/api/v1/namespaces/shop/services/active' };

async function switching(readVersion = '4'): Promise<Authors> {
  const authors = new Authors();
  const body = { metadata: { resourceVersion: readVersion } };
  await answered(authors, { ...SWITCH, body }, { metadata: { resourceVersion: '6' } });
  return authors;
}

describe('the log of a real API server', () => {
  it('shows a promise that a write of the controller has broken', async () => {
    expect(judged(logOf(4), await switching())).toEqual([]);
    expect(judged(logOf(1), await switching())).toEqual([
      expect.stringMatching(/100 % of Service active go to new, which has 1 of 4 pods/),
    ]);
  });

  it('is no judgement of what others write', () => {
    expect(judged(logOf(1), new Authors())).toEqual([]);
  });

  it('does not hold against a decision what happened beside it', async () => {
    const beside = logOf(1, 58_000);
    expect(judged(beside, await switching())).toEqual([]);
    const before = logOf(1, 56_000);
    expect(judged(before, await switching())).toHaveLength(1);
  });

  it('names writes that have changed nothing', async () => {
    expect(judged(logOf(4), await switching('6'))).toEqual([
      'PATCH /api/v1/namespaces/shop/services/active changes nothing (promise 8)',
    ]);
  });

  it('keeps the newest of an object, whatever comes later of what was before', async () => {
    const authors = new Authors();
    await answered(authors, SWITCH, { metadata: { resourceVersion: '7' } });
    const path = '/apis/apps/v1/namespaces/shop/replicasets/web-new';
    await answered(authors, { ...SWITCH, path }, { metadata: { resourceVersion: '6' } });
    const log = [
      ...logOf(4, 58_500).slice(0, 5),
      at(6, 59_000, KEYS.sets, set('new', 1)),
      at(7, 60_000, KEYS.services, service('new')),
    ];
    expect(judged(log, authors)).toEqual([
      expect.stringMatching(/100 % of Service active go to new, which has 1 of 4 pods/),
    ]);
  });

  it('shows what the controller has deleted, and evicted', async () => {
    const authors = await switching();
    const gone = { ...at(7, 61_000, KEYS.sets, set('new', 4)), type: 'DELETED' } as const;
    expect(judged([...logOf(4), gone], authors)).toEqual([]);
    const path = '/apis/apps/v1/namespaces/shop/replicasets/web-new';
    await answered(authors, { method: 'DELETE', path }, { details: { uid: 'uid-web-new' } });
    expect(judged([...logOf(4), gone], authors)).toEqual([
      expect.stringMatching(/web-new, which gets traffic, is deleted/),
    ]);
    const eviction = { method: 'POST', path: '/api/v1/namespaces/shop/pods/web-1/eviction' };
    await answered(authors, eviction, { kind: 'Status' });
    const leaving = at(8, 62_000, KEYS.pods, object('Pod', 'web-1', {}));
    expect([true, false].map((isTaken) => authors.hasMade(leaving, isTaken))).toEqual([
      true,
      false,
    ]);
  });

  it('says what is owed at its end', () => {
    expect(owedAfter(logOf(4), 'shop')).toEqual([]);
    const [first, ...others] = logOf(4);
    const log = [{ ...(first as Logged), object: rollout({ abort: true }) }, ...others];
    expect(owedAfter(log, 'shop')).toEqual(['web does not have 100 % on old']);
  });
});
