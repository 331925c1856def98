// What the shell remembers of one key between passes: own writes that the caches have not shown yet, answers
// to asks, creates that failed for good, and hashes that are dear to compute.
import type { KubeObject, ObjectRef } from '../api/object.ts';
import type { Answer, EventNote, Refusal } from '../core/decision.ts';
import type { RolloutProblem } from '../core/rollout/validation/problem.ts';
import type { Instant } from '../lib/ports.ts';
import { jsonEqual } from '../lib/equal.ts';
import { Memo } from '../lib/memo.ts';
import type { Effect } from './apply.ts';
import type { Reference } from './references.ts';

/** What a cache can say of one object: its stored version, or that it is not there; and how far it has read. */
export interface Seen {
  readonly object: KubeObject | undefined;
  readonly readUpTo: string;
}

function isAtLeast(version: string, wanted: string): boolean {
  return (
    BigInt(/^\d+$/.test(version) ? version : '0') >= BigInt(/^\d+$/.test(wanted) ? wanted : '0')
  );
}

function pathOf(ref: ObjectRef): string {
  return `${ref.resource.group}/${ref.resource.plural}/${ref.namespace ?? ''}/${ref.name}`;
}

/** Whether the effect of an own write can be seen in the cache. Versions grow, so numbers are compared. */
function isVisible(effect: Effect, seen: Seen): boolean {
  switch (effect.kind) {
    case 'written':
      return (
        isAtLeast(seen.object?.metadata.resourceVersion ?? '', effect.resourceVersion) ||
        isAtLeast(seen.readUpTo, effect.resourceVersion)
      );
    case 'deleted':
      return (
        seen.object?.metadata.uid !== effect.uid ||
        seen.object.metadata.deletionTimestamp !== undefined
      );
    default:
      return true;
  }
}

export class Memory {
  /** What the object names, computed once per generation. */
  readonly references = new Memo<readonly Reference[]>();
  /** Pod template hashes and the like, computed once per generation. */
  readonly hashes = new Memo<Readonly<Record<string, string>>>();
  /** What is wrong with the spec or with what it names, found once for each version of these. */
  readonly problem = new Memo<RolloutProblem | undefined>();
  /** Since when a status waits to be written with what changes next. */
  statusWaitsSince: Instant | undefined;
  readonly #pending = new Map<string, Effect & { readonly ref: ObjectRef }>();
  readonly #answers = new Map<string, Answer>();
  readonly #taken = new Map<string, KubeObject>();
  readonly #refused = new Map<string, Refusal>();
  readonly #asked = new Map<string, () => void>();
  /** What stands in the way and has been told. */
  #troubles: readonly EventNote[] = [];

  /** Remembers what was written, so that no decision is made before the caches show it. */
  wrote(effects: readonly Effect[]): void {
    for (const effect of effects) {
      if (effect.kind !== 'none') this.#pending.set(pathOf(effect.ref), effect);
    }
  }

  /** Whether all own writes are visible through `look`; forgets those that are. */
  isCaughtUp(look: (ref: ObjectRef) => Seen | undefined): boolean {
    for (const [path, effect] of this.#pending) {
      const seen = look(effect.ref);
      if (seen === undefined || isVisible(effect, seen)) this.#pending.delete(path);
    }
    return this.#pending.size === 0;
  }

  get answers(): readonly Answer[] {
    return [...this.#answers.values()];
  }

  get taken(): readonly KubeObject[] {
    return [...this.#taken.values()];
  }

  get refused(): readonly Refusal[] {
    return [...this.#refused.values()];
  }

  isAsking(key: string): boolean {
    return this.#asked.has(key) || this.#answers.has(key);
  }

  asked(key: string, cancel: () => void): void {
    this.#asked.set(key, cancel);
  }

  answered(answer: Answer): void {
    this.#asked.delete(answer.key);
    this.#answers.set(answer.key, answer);
  }

  /** Ends questions that are no longer asked, those apart whose key begins with one of `beginnings`. */
  keepOnly(keys: ReadonlySet<string>, beginnings: readonly string[] = []): void {
    for (const [key, cancel] of this.#asked) {
      if (keys.has(key) || beginnings.some((one) => key.startsWith(one))) continue;
      this.#asked.delete(key);
      cancel();
    }
  }

  /** The decision that used these answers has been carried out. */
  used(answers: readonly Answer[]): void {
    for (const answer of answers) {
      if (this.#answers.get(answer.key) === answer) this.#answers.delete(answer.key);
    }
  }

  /** Those of `troubles` that have not been told since they began; undefined leaves what is known as it is. */
  newTroubles(troubles: readonly EventNote[] | undefined): readonly EventNote[] {
    const known = this.#troubles;
    this.#troubles = troubles ?? known;
    return this.#troubles.filter((one) => !known.some((other) => jsonEqual(one, other)));
  }

  found(object: KubeObject): void {
    this.#taken.set(`${object.kind}/${object.metadata.name}`, object);
  }

  refusedToCreate(refusal: Refusal): void {
    this.#refused.set(`${refusal.kind}/${refusal.name}`, refusal);
  }

  /** The decision that knew of them has been carried out: what is still wanted is tried again. */
  forgetCreates(): void {
    this.#taken.clear();
    this.#refused.clear();
  }

  end(): void {
    this.keepOnly(new Set());
  }
}
