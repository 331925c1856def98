// Plays a trace's manifests and actions on a stage, and notes what was seen. Entry point: `Player`.
import type { KubeEvent } from '../../src/api/kubernetes.ts';
import { HASH_LABEL } from '../../src/api/names.ts';
import type { KubeObject } from '../../src/api/object.ts';
import { objectPath } from '../../src/kube/paths.ts';
import { jsonEqual } from '../../src/lib/equal.ts';
import type { HttpRequest } from '../../src/lib/ports.ts';
import { runPlugin } from '../support/command-line.ts';
import { post, resourceOf } from '../support/objects.ts';
import { areSetsFollowed, holds, wantedOf } from './condition.ts';
import { Hashes } from './hashes.ts';
import type { MetricSource } from './metrics.ts';
import { Observer } from './observe.ts';
import { replay, type Revision, type Stage } from './stage.ts';
import { type Do, RECORDED, type State, type Trace, type TraceEvent, type When } from './trace.ts';

export interface Played {
  readonly rest: readonly State[];
  readonly path: readonly State[];
  readonly events: readonly TraceEvent[];
  /** Writes of the controller, events left out. */
  readonly writes: number;
  readonly said: readonly string[];
}

/** What was at rest went on while it was being read. */
export class MomentPassed extends Error {}

export function isWrite({ method, path }: HttpRequest): boolean {
  return method !== 'GET' && !path.includes('/events');
}

const QUIET_MS = 2500;
const STEP_MS = 50;
const TIMEOUT_SECONDS = 120;

export class Player {
  readonly #stage: Stage;
  readonly #trace: Trace;
  readonly #metrics: MetricSource;
  readonly #hashes: Hashes;
  readonly #observer: Observer;
  readonly #revisions: Revision[] = [];
  readonly #rest: State[] = [];
  readonly #said: string[] = [];
  readonly #changedAt = new Map<string, number>();
  #actedAt = 0;

  constructor(stage: Stage, trace: Trace, metrics: MetricSource) {
    this.#stage = stage;
    this.#trace = trace;
    this.#metrics = metrics;
    this.#hashes = new Hashes(stage.namespace, trace.namespace);
    this.#observer = new Observer(stage, trace, this.#hashes);
    stage.observe((revision) => this.#saw(revision));
  }

  #saw(revision: Revision): void {
    this.#revisions.push(revision);
    const { kind } = revision.object;
    if (RECORDED.has(kind)) this.#changedAt.set(kind, this.#stage.clock.now());
    for (const set of this.#observer.sets) this.#hashes.see(set);
  }

  /** Notes the sets that were there before, under the names that the trace has for them, and the rules then in force. */
  know(objects: readonly KubeObject[], index: number): void {
    this.#setRules('create');
    for (let action = 0; action < index; action += 1) this.#setRules(action);
    const hashes = objects.map(({ metadata }) => metadata.labels?.[HASH_LABEL]);
    for (const [key, hash] of Object.entries(this.#trace.hashes)) {
      if (hashes.includes(hash)) this.#hashes.know(key, hash);
    }
  }

  /** What is there has been at rest for long enough. */
  isAtRest(): void {
    this.#changedAt.clear();
    this.#actedAt = 0;
  }

  get pods(): readonly KubeObject[] {
    return this.#observer.pods;
  }

  get phase(): string {
    const { phase = '', message = '' } = this.#observer.rollout?.status ?? {};
    return `${phase} ${message}`;
  }

  /** Makes what the scenario begins with, in a namespace that is there. */
  async begin(): Promise<void> {
    const { namespace, client } = this.#stage;
    this.#setRules('create');
    for (const manifest of this.#trace.manifests) await post(client, namespace, manifest);
    await this.#stage.caughtUp();
  }

  /** Plays the actions from one of them on. */
  async run(from = 0): Promise<void> {
    const { actions, end, metricSource } = this.#trace;
    for (const [index, action] of actions.entries()) {
      if (index < from) continue;
      await this.#until(action.when);
      await this.#record(index);
      await this.#act(action.do);
      await this.#stage.caughtUp();
      if (metricSource !== undefined) this.#setRules(index);
    }
    await this.#until(end);
    await this.#record(actions.length);
    await this.#stage.end();
  }

  #setRules(after: 'create' | number): void {
    const found = this.#trace.metricSource?.answers.find((one) => one.after === after);
    if (found !== undefined) this.#metrics.set(found.rules);
  }

  async #record(index: number): Promise<void> {
    const rest = this.#observer.rest();
    const { target } = this.#trace;
    const kind = target.kind.toLowerCase();
    const shown =
      target.kind === 'AnalysisRun'
        ? undefined
        : await this.#plugin(['get', kind, target.name, '--no-color']);
    const get = shown?.code === 0 ? this.#hashes.text(shown.out).trimEnd().split('\n') : null;
    await this.#stillIs(rest, index);
    this.#rest.push({ ...rest, get });
  }

  /** What the command line showed is of the same moment as `rest`, where that is one of rest. */
  async #stillIs(rest: State, index: number): Promise<void> {
    if (this.#trace.rest[index]?.['settled'] !== true) return;
    await this.#stage.caughtUp();
    if (jsonEqual(rest, this.#observer.rest())) return;
    throw new MomentPassed(`rest[${index}] was over before it had been read`);
  }

  #plugin(words: readonly string[]) {
    const { api, clock, namespace } = this.#stage;
    return runPlugin({ sandbox: { api }, clock }, namespace, words);
  }

  async #until(when: When): Promise<void> {
    const limit = when === 'rest' ? TIMEOUT_SECONDS : (when.timeout ?? TIMEOUT_SECONDS);
    const { clock } = this.#stage;
    const end = clock.now() + limit * 1000;
    do {
      await this.#stage.advance(STEP_MS);
      if (!this.#isReached(when)) continue;
      await this.#stage.caughtUp();
      if (this.#isReached(when)) return;
    } while (clock.now() < end);
    throw new Error(
      `never came to ${JSON.stringify(when)}; last: ${JSON.stringify(this.#observer.state())}`,
    );
  }

  #isReached(when: When): boolean {
    const wanted = wantedOf(when);
    const { quiet = QUIET_MS, ignore = [] } = wanted;
    const now = this.#stage.clock.now();
    const isQuiet = [...this.#changedAt].every(
      ([kind, at]) => ignore.includes(kind) || now - at >= quiet,
    );
    const isInMotion = quiet < QUIET_MS;
    return (
      isQuiet &&
      now - this.#actedAt >= quiet &&
      holds(wanted, this.#observer) &&
      (isInMotion || areSetsFollowed(this.#observer))
    );
  }

  async #act(action: Do): Promise<void> {
    const { target } = this.#trace;
    const { client, namespace } = this.#stage;
    if (action.cli !== undefined) {
      const { out, err, code } = await this.#plugin(action.cli.split(' '));
      this.#said.push(`${out}${err}`.trimEnd());
      if (code !== 0) throw new Error(`${action.cli} failed: ${err}`);
    }
    if (action.patch !== undefined && action.with !== undefined) {
      await this.#patch(action.patch, action.with);
    }
    if (action.create !== undefined) await post(client, namespace, action.create);
    if (action.delete !== undefined) {
      const path = this.#pathOf(action.delete);
      await client.raw('DELETE', path);
    }
    if (action.scale !== undefined) {
      const path = `${this.#pathOf(target)}/scale`;
      const body = { spec: { replicas: action.scale } };
      await client.raw('PATCH', path, { body, contentType: 'application/merge-patch+json' });
    }
    if (action.deletePod !== undefined) {
      await this.#deletePod(action.deletePod);
      // Nothing that counts has changed yet, but its set will soon.
      this.#actedAt = this.#stage.clock.now();
    }
    if (action.metrics !== undefined) this.#metrics.set(action.metrics);
  }

  #pathOf({ kind, name }: { readonly kind: string; readonly name: string }): string {
    const known = this.#trace.manifests.find((one) => one.kind === kind);
    const apiVersion = known?.apiVersion ?? (kind === 'Pod' ? 'v1' : 'argoproj.io/v1alpha1');
    const resource = resourceOf({ apiVersion, kind });
    return objectPath({ resource, namespace: this.#stage.namespace, name });
  }

  async #patch(
    of: { readonly kind: string; readonly name: string },
    body: Do['with'],
  ): Promise<void> {
    const isList = Array.isArray(body);
    await this.#stage.client.raw('PATCH', this.#pathOf(of), {
      body: body ?? null,
      contentType: isList ? 'application/json-patch+json' : 'application/merge-patch+json',
    });
  }

  async #deletePod(key: string): Promise<void> {
    const hash = this.#hashes.hashOf(key);
    const pod = this.#observer.pods.find(({ metadata }) => metadata.labels?.[HASH_LABEL] === hash);
    if (pod === undefined) throw new Error(`no pod of set ${key}`);
    await this.#stage.client.raw('DELETE', this.#pathOf({ kind: 'Pod', name: pod.metadata.name }));
  }

  played(): Omit<Played, 'writes'> {
    const events = this.#observer
      .all<KubeEvent>('/events')
      .filter(({ source }) => source?.component === 'rollouts-controller')
      .toSorted((a, b) => {
        const version = ({ metadata }: KubeObject) =>
          Number.parseInt(metadata.name.split('.').at(-1) ?? '0', 16);
        return version(a) - version(b);
      })
      .map(({ type = '', reason = '', message = '', involvedObject }) => ({
        type,
        reason,
        message: this.#hashes.text(message),
        about: this.#hashes.text(`${involvedObject.kind ?? ''}/${involvedObject.name ?? ''}`),
      }));
    return { rest: this.#rest, path: this.#path(), events, said: this.#said };
  }

  /** The states that went by. */
  #path(): readonly State[] {
    const path: State[] = [];
    replay(this.#revisions, (view) => {
      const state = new Observer(view, this.#trace, this.#hashes).state();
      if (state !== undefined && !jsonEqual(path.at(-1), state)) path.push(state);
    });
    return path;
  }
}
