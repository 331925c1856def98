// Each checker seen to fail: a log of the API server that breaks a promise, and the checker that names it. The same log
// without the last change is in order.
import { describe, expect, it } from 'vitest';
import { HASH_LABEL } from '../../../src/api/names.ts';
import type { KubeObject } from '../../../src/api/object.ts';
import type { RolloutSpec, RolloutStatus } from '../../../src/api/rollout.ts';
import { Store } from '../../../src/sandbox/apiserver/store.ts';
import type { Author } from './checker.ts';
import { owed } from './ending.ts';
import { KEYS, Scene } from './scene.ts';
import { type Broken, watchPromises } from './watch.ts';

const OLD = 'old';
const NEW = 'new';
const UID = 'uid-web';

/** A log that is written change by change. */
class Log {
  readonly store = new Store();
  readonly broken: readonly Broken[];
  at = 0;
  #author: Author = 'other';

  constructor() {
    const { store } = this;
    this.broken = watchPromises({ store, author: () => this.#author, now: () => this.at });
  }

  put(author: Author, key: string, object: object): void {
    this.#author = author;
    this.store.put(key, object as KubeObject);
  }

  remove(author: Author, key: string, name: string): void {
    this.#author = author;
    const object = this.store.get(key, 'shop', name);
    if (object !== undefined) this.store.remove(key, object);
  }
}

function metadata(name: string, more: object = {}) {
  return { name, namespace: 'shop', uid: `uid-${name}`, ...more };
}

const ISTIO: NonNullable<RolloutSpec['strategy']> = {
  canary: {
    steps: [{ setWeight: 50 }, { pause: {} }],
    canaryService: 'canary',
    stableService: 'stable',
    trafficRouting: { istio: { virtualService: { name: 'mesh', routes: ['primary'] } } },
  },
};

const UPDATE: RolloutStatus = { stableRS: OLD, currentPodHash: NEW, observedGeneration: '1' };

function rollout(spec: Partial<RolloutSpec> = {}, status: RolloutStatus = UPDATE): object {
  return {
    apiVersion: 'argoproj.io/v1alpha1',
    kind: 'Rollout',
    metadata: metadata('web', { generation: 1 }),
    spec: { replicas: 4, strategy: ISTIO, ...spec },
    status,
  };
}

function set(hash: string, replicas: number, available: number, owner = UID): object {
  const ownerReferences = [{ apiVersion: '', kind: '', name: '', uid: owner, controller: true }];
  return {
    apiVersion: 'apps/v1',
    kind: 'ReplicaSet',
    metadata: metadata(`web-${hash}`, { labels: { [HASH_LABEL]: hash }, ownerReferences }),
    spec: { replicas, selector: {} },
    status: { replicas, availableReplicas: available },
  };
}

function service(name: string, hash: string, more: object = {}): object {
  const selector = { app: 'web', [HASH_LABEL]: hash };
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: metadata(name),
    spec: { selector, ...more },
  };
}

function mesh(stable: number, canary: number, more: readonly object[] = [], route: object = {}) {
  const destinations = [
    { destination: { host: 'stable' }, weight: stable },
    { destination: { host: 'canary' }, weight: canary },
    ...more,
  ];
  return {
    apiVersion: 'networking.istio.io/v1beta1',
    kind: 'VirtualService',
    metadata: metadata('mesh'),
    spec: { hosts: ['web'], http: [{ name: 'primary', ...route, route: destinations }] },
  };
}

function run(phase: string, status: object = {}, spec: object = {}): object {
  const ownerReferences = [{ apiVersion: '', kind: '', name: '', uid: UID, controller: true }];
  return {
    apiVersion: 'argoproj.io/v1alpha1',
    kind: 'AnalysisRun',
    metadata: metadata('web-new-1', { labels: { [HASH_LABEL]: NEW }, ownerReferences }),
    spec: {
      metrics: [{ name: 'errors', successCondition: 'result[0] < 1', provider: {} }],
      ...spec,
    },
    status: { phase, ...status },
  };
}

function pod(name: string, isLeaving: boolean): object {
  const ownerReferences = [
    { apiVersion: '', kind: '', name: '', uid: `uid-web-${OLD}`, controller: true },
  ];
  const leaving = isLeaving ? { deletionTimestamp: '2026-01-01T00:00:00Z' } : {};
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: metadata(name, { ownerReferences, ...leaving }),
    spec: {},
    status: { conditions: [{ type: 'Ready', status: 'True' }] },
  };
}

/** An update under way: half of the traffic, and the pods for it, on each side. */
function inUpdate(log: Log, of: { readonly canaryPods?: number; readonly weight?: number } = {}) {
  const { canaryPods = 2, weight = 50 } = of;
  log.put('other', KEYS.rollouts, rollout());
  log.put('other', KEYS.sets, set(OLD, 4, 4));
  log.put('other', KEYS.sets, set(NEW, canaryPods, canaryPods));
  log.put('other', KEYS.services, service('stable', OLD));
  log.put('other', KEYS.services, service('canary', NEW));
  log.put('other', KEYS.routes, mesh(100 - weight, weight));
}

interface Case {
  readonly promise: string;
  readonly reason: string;
  readonly before: (log: Log) => void;
  readonly breaks: (log: Log) => void;
  readonly says: RegExp;
}

const EXTRA = { destination: { host: 'probe' }, weight: 20 };
const BLUE_GREEN = { strategy: { blueGreen: { activeService: 'stable' } } };

const CASES: readonly Case[] = [
  {
    promise: '1',
    reason: 'an experiment’s weight is added and nobody’s is lowered',
    before: inUpdate,
    breaks: (log) => log.put('controller', KEYS.routes, mesh(50, 50, [EXTRA])),
    says: /weights of route primary of mesh are 50, 50, 20/,
  },
  {
    promise: '1',
    reason: 'the destination of the canary is taken out of the route',
    before: inUpdate,
    breaks: (log) => {
      const { spec, ...rest } = mesh(100, 0);
      const [first] = spec.http;
      const http = [{ ...first, route: first?.route.slice(0, 1) }];
      log.put('controller', KEYS.routes, { ...rest, spec: { ...spec, http } });
    },
    says: /has lost the canary/,
  },
  {
    promise: '1',
    reason: 'more than all is recorded',
    before: inUpdate,
    breaks: (log) =>
      log.put(
        'controller',
        KEYS.rollouts,
        rollout(
          {},
          { ...UPDATE, canary: { weights: { canary: { weight: 120 }, stable: { weight: -20 } } } },
        ),
      ),
    says: /recorded weights are 120, -20/,
  },
  {
    promise: '2',
    reason: 'traffic goes to a canary before its pods are there',
    before: (log) => inUpdate(log, { canaryPods: 0, weight: 0 }),
    breaks: (log) => log.put('controller', KEYS.routes, mesh(95, 5)),
    says: /5 % of http route primary of mesh go to new, which has no pods/,
  },
  {
    promise: '3',
    reason: 'a canary of two pods gets three quarters',
    before: inUpdate,
    breaks: (log) => log.put('controller', KEYS.routes, mesh(25, 75)),
    says: /75 % .* go to new, which has 2 of 3 pods/,
  },
  {
    promise: '3',
    reason: 'the canary shrinks before its traffic has moved (pitfall 26)',
    before: inUpdate,
    breaks: (log) => log.put('controller', KEYS.sets, set(NEW, 1, 2)),
    says: /web-new is scaled to 1 while 50 % need 2 pods/,
  },
  {
    promise: '3',
    reason: 'production of a blue-green is switched to a preview that is not whole',
    before: (log) => {
      inUpdate(log);
      log.put('other', KEYS.rollouts, rollout(BLUE_GREEN));
    },
    breaks: (log) => log.put('controller', KEYS.services, service('stable', NEW)),
    says: /100 % of Service stable go to new, which has 2 of 4 pods/,
  },
  {
    promise: '4',
    reason: 'a set goes to zero while a route with weight leads to it',
    before: inUpdate,
    breaks: (log) => log.put('controller', KEYS.sets, set(NEW, 0, 2)),
    says: /web-new is scaled to zero, and http route primary of mesh refers to it/,
  },
  {
    promise: '4',
    reason: 'a set goes to zero while a header route leads to it',
    before: (log) => {
      inUpdate(log, { weight: 0 });
      const { canary } = ISTIO;
      const trafficRouting = { ...canary?.trafficRouting, managedRoutes: [{ name: 'by-header' }] };
      log.put(
        'other',
        KEYS.rollouts,
        rollout({ strategy: { canary: { ...canary, trafficRouting } } }),
      );
      const { spec, ...rest } = mesh(100, 0);
      const byHeader = {
        name: 'by-header',
        match: [{ headers: { 'x-beta': { exact: 'yes' } } }],
        route: [{ destination: { host: 'canary' }, weight: 100 }],
      };
      log.put('other', KEYS.routes, { ...rest, spec: { ...spec, http: [byHeader, ...spec.http] } });
    },
    breaks: (log) => log.put('controller', KEYS.sets, set(NEW, 0, 2)),
    says: /web-new is scaled to zero, and header route by-header of mesh refers to it/,
  },
  {
    promise: '4',
    reason: 'an aborted canary goes to zero while its Service still names it',
    before: (log) => {
      inUpdate(log, { weight: 0 });
      log.put('other', KEYS.rollouts, rollout({}, { ...UPDATE, abort: true }));
    },
    breaks: (log) => log.put('controller', KEYS.sets, set(NEW, 0, 2)),
    says: /web-new is scaled to zero, and Service canary refers to it/,
  },
  {
    promise: '4',
    reason: 'a set with pods that gets traffic is deleted',
    before: inUpdate,
    breaks: (log) => log.remove('controller', KEYS.sets, `web-${NEW}`),
    says: /web-new, which gets traffic, is deleted/,
  },
  {
    promise: '5',
    reason: 'two minutes after an abort half of the traffic is still on the canary',
    before: (log) => {
      inUpdate(log);
      log.put('other', KEYS.rollouts, rollout({}, { ...UPDATE, abort: true }));
    },
    breaks: (log) => {
      log.at = 121_000;
      log.put('other', KEYS.sets, set(NEW, 2, 2));
    },
    says: /web does not have 100 % on old after 121 s/,
  },
  {
    promise: '6',
    reason: 'stable shrinks although the canary has no pods yet',
    before: (log) => {
      inUpdate(log, { canaryPods: 0, weight: 0 });
      const canary = { maxSurge: 1, maxUnavailable: 0 };
      log.put('other', KEYS.rollouts, rollout({ strategy: { canary } }));
    },
    breaks: (log) => log.put('controller', KEYS.sets, set(OLD, 3, 4)),
    says: /3 ready pods of web are left, 4 must be/,
  },
  {
    promise: '6',
    reason: 'a restart takes two pods at once',
    before: (log) => {
      inUpdate(log);
      log.put('other', KEYS.rollouts, rollout({ replicas: 2 }));
      log.put('other', KEYS.pods, pod('a', false));
      log.put('other', KEYS.pods, pod('b', false));
      log.put('controller', KEYS.pods, pod('a', true));
    },
    breaks: (log) => log.put('controller', KEYS.pods, pod('b', true)),
    says: /pod b is taken: 0 ready pods are left, 1 must be/,
  },
  {
    promise: '7',
    reason: 'a field of the user’s route is lost beside the weights',
    before: (log) => {
      inUpdate(log);
      log.put('other', KEYS.routes, mesh(50, 50, [], { retries: { attempts: 2 } }));
    },
    breaks: (log) => log.put('controller', KEYS.routes, mesh(75, 25)),
    says: /a part of VirtualService mesh that is its user’s went from .*attempts/,
  },
  {
    promise: '7',
    reason: 'a port of the user’s Service is lost beside the hash',
    before: (log) => {
      inUpdate(log);
      log.put('other', KEYS.services, service('stable', OLD, { ports: [{ port: 80 }] }));
    },
    breaks: (log) => log.put('controller', KEYS.services, service('stable', OLD)),
    says: /a part of Service stable that is its user’s/,
  },
  {
    promise: '7',
    reason: 'a Service that nobody gave us is deleted',
    before: inUpdate,
    breaks: (log) => log.remove('controller', KEYS.services, 'canary'),
    says: /Service canary was deleted by us/,
  },
  {
    promise: '8',
    reason: 'the selector of a Service flips twice in one pass (observed-defects 6)',
    before: (log) => {
      inUpdate(log, { weight: 0 });
      log.put('controller', KEYS.services, service('canary', OLD));
    },
    breaks: (log) => log.put('controller', KEYS.services, service('canary', NEW)),
    says: /Service canary goes back to what it was at the same moment/,
  },
  {
    promise: '8',
    reason: 'a destination is appended again in each pass (observed-defects 2)',
    before: (log) => {
      inUpdate(log);
      log.put('controller', KEYS.routes, mesh(50, 30, [EXTRA]));
    },
    breaks: (log) => log.put('controller', KEYS.routes, mesh(50, 10, [EXTRA, EXTRA])),
    says: /destinations of route primary of VirtualService mesh has .*probe.* twice/,
  },
  {
    promise: '8',
    reason: 'the same is written again',
    before: (log) => {
      inUpdate(log);
      log.put('controller', KEYS.routes, mesh(60, 40));
    },
    breaks: (log) => log.put('controller', KEYS.routes, mesh(60, 40)),
    says: /a write of VirtualService mesh changes nothing/,
  },
  {
    promise: '8',
    reason: 'a pass follows its own write, for ever (observed-defects 7, 12)',
    before: inUpdate,
    breaks: (log) => {
      for (let index = 0; index < 60; index += 1) {
        log.put('controller', KEYS.rollouts, rollout({}, { ...UPDATE, message: String(index) }));
      }
    },
    says: /60 writes at one moment/,
  },
  {
    promise: '9',
    reason: 'an abort is undone by us',
    before: (log) => {
      inUpdate(log);
      log.put('other', KEYS.rollouts, rollout({}, { ...UPDATE, abort: true }));
    },
    breaks: (log) => log.put('controller', KEYS.rollouts, rollout()),
    says: /the abort of web is undone by us/,
  },
  {
    promise: '9',
    reason: 'a rollout that its user holds goes on to the next step',
    before: (log) => {
      inUpdate(log);
      const status = { ...UPDATE, currentStepIndex: 0 };
      log.put('other', KEYS.rollouts, rollout({ paused: true }, status));
      log.at = 1000;
    },
    breaks: (log) => {
      const status = { ...UPDATE, currentStepIndex: 1 };
      log.put('controller', KEYS.rollouts, rollout({ paused: true }, status));
    },
    says: /web goes from step 0 to 1 although it is paused/,
  },
  {
    promise: '9',
    reason: 'an abort of what is promoted already moves a Service',
    before: (log) => {
      inUpdate(log, { weight: 0 });
      const healthy = { type: 'Healthy', status: 'True', reason: '', message: '' };
      const times = { lastUpdateTime: '', lastTransitionTime: '' };
      const status = { ...UPDATE, stableRS: NEW, conditions: [{ ...healthy, ...times }] };
      log.put('other', KEYS.services, service('stable', NEW));
      log.put('other', KEYS.rollouts, rollout({}, status));
      log.at = 1000;
      log.put('other', KEYS.rollouts, rollout({}, { ...status, abort: true }));
    },
    breaks: (log) => log.put('controller', KEYS.services, service('canary', OLD)),
    says: /an abort of what is promoted already changes Service canary/,
  },
  {
    promise: '10',
    reason: 'an update is promoted although its analysis failed',
    before: (log) => {
      inUpdate(log, { canaryPods: 4, weight: 100 });
      log.put('other', KEYS.runs, run('Failed'));
    },
    breaks: (log) =>
      log.put('controller', KEYS.rollouts, rollout({}, { ...UPDATE, stableRS: NEW })),
    says: /web is promoted although AnalysisRun web-new-1 failed/,
  },
  {
    promise: '10',
    reason: 'an analysis is successful although it has measured nothing',
    before: (log) => {
      inUpdate(log);
      log.put('controller', KEYS.runs, run('Running'));
    },
    breaks: (log) => log.put('controller', KEYS.runs, run('Successful')),
    says: /web-new-1 is successful without a measurement of errors/,
  },
  {
    promise: '10',
    reason: 'an empty answer counts as success',
    before: inUpdate,
    breaks: (log) => {
      const measurements = [{ phase: 'Successful', value: '[]' }];
      const metricResults = [{ name: 'errors', phase: 'Running', successful: 1, measurements }];
      log.put('controller', KEYS.runs, run('Running', { metricResults }));
    },
    says: /web-new-1 takes missing data of errors for success/,
  },
];

describe('the checker of promise', () => {
  it.each(CASES)('$promise sees that $reason', ({ promise, before, breaks, says }) => {
    const log = new Log();
    before(log);
    expect(log.broken).toEqual([]);
    breaks(log);
    const found = log.broken.filter((one) => one.promise.startsWith(`${promise}:`));
    expect(found.map(({ problem }) => problem).join('\n')).toMatch(says);
  });

  it('3 lets stable have what an experiment of the canary’s template gives back', () => {
    const log = new Log();
    inUpdate(log, { canaryPods: 3 });
    log.put('other', KEYS.sets, set(OLD, 4, 1));
    log.put('other', KEYS.services, service('probe', NEW));
    log.put('other', KEYS.routes, mesh(30, 50, [EXTRA]));
    log.put('controller', KEYS.routes, mesh(50, 50));
    expect(log.broken).toEqual([]);
    log.put('controller', KEYS.routes, mesh(51, 49));
    expect(log.broken.map(({ problem }) => problem)).toEqual([
      '51 % of http route primary of mesh go to old, which has 1 of 2 pods',
    ]);
  });

  it('5 says at the end of a run what is still owed', () => {
    const log = new Log();
    inUpdate(log);
    expect(owed(new Scene(log.store, 'shop'))).toEqual([]);
    log.put('other', KEYS.rollouts, rollout({}, { ...UPDATE, abort: true }));
    expect(owed(new Scene(log.store, 'shop'))).toEqual(['web does not have 100 % on old']);
    log.put('controller', KEYS.routes, mesh(100, 0));
    expect(owed(new Scene(log.store, 'shop'))).toEqual([]);
  });
});

describe('what others do', () => {
  it.each(CASES.filter(({ promise }) => promise !== '5'))(
    'breaks no promise of ours: $reason',
    ({ before, breaks }) => {
      const log = new Log();
      const put = log.put.bind(log);
      const remove = log.remove.bind(log);
      before(log);
      log.put = (_author, ...rest) => put('other', ...rest);
      log.remove = (_author, ...rest) => remove('other', ...rest);
      breaks(log);
      expect(log.broken).toEqual([]);
    },
  );
});
