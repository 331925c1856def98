// One loop for each kind of workload: keys that something happened to are looked at one after the other; a failed look
// comes back after a growing delay.
import type { KubeObject } from '../../api/object.ts';
import type { Clock, Instant } from '../../lib/ports.ts';
import { later, milliseconds } from '../../lib/time.ts';
import { ApiError } from '../../kube/errors.ts';

export interface LoopOptions {
  readonly clock: Clock;
  /** Looks at one key; what it throws is told and tried again. */
  readonly look: (namespace: string, name: string) => Promise<void>;
  readonly onProblem: (key: string, error: Error) => void;
}

export interface Loop {
  add(object: KubeObject['metadata']): void;
  addAt(object: KubeObject['metadata'], at: Instant): void;
  stop(): void;
}

const FIRST_DELAY_MS = 20;
const LAST_DELAY_MS = 5000;

export function createLoop(options: LoopOptions): Loop {
  return new KeyLoop(options);
}

class KeyLoop implements Loop {
  readonly #options: LoopOptions;
  readonly #waiting = new Set<string>();
  readonly #busy = new Set<string>();
  readonly #failures = new Map<string, number>();
  readonly #timers = new Map<string, () => void>();
  #isStopped = false;

  constructor(options: LoopOptions) {
    this.#options = options;
  }

  add({ namespace = '', name }: KubeObject['metadata']): void {
    this.#add(`${namespace}/${name}`);
  }

  /** One timer for each key: the earliest that was asked for. */
  addAt({ namespace = '', name }: KubeObject['metadata'], at: Instant): void {
    const key = `${namespace}/${name}`;
    this.#timers.get(key)?.();
    this.#timers.set(
      key,
      this.#options.clock.at(at, () => this.#add(key)),
    );
  }

  stop(): void {
    this.#isStopped = true;
    for (const stop of this.#timers.values()) stop();
    this.#waiting.clear();
  }

  #add(key: string): void {
    if (this.#isStopped) return;
    this.#waiting.add(key);
    if (!this.#busy.has(key)) void this.#run(key);
  }

  async #run(key: string): Promise<void> {
    this.#busy.add(key);
    // Changes that come together are looked at once.
    await Promise.resolve();
    while (this.#waiting.delete(key) && !this.#isStopped) {
      try {
        const slash = key.indexOf('/');
        await this.#options.look(key.slice(0, slash), key.slice(slash + 1));
        this.#failures.delete(key);
      } catch (error) {
        this.#failed(key, error);
      }
    }
    this.#busy.delete(key);
  }

  #failed(key: string, error: unknown): void {
    const isStale = error instanceof ApiError && (error.code === 409 || error.code === 404);
    if (!isStale) {
      this.#options.onProblem(key, error instanceof Error ? error : new Error(String(error)));
    }
    const failures = (this.#failures.get(key) ?? 0) + 1;
    this.#failures.set(key, failures);
    const delay = milliseconds(Math.min(LAST_DELAY_MS, FIRST_DELAY_MS * 2 ** failures));
    const { clock } = this.#options;
    this.#timers.get(key)?.();
    this.#timers.set(
      key,
      clock.at(later(clock.now(), delay), () => this.#add(key)),
    );
  }
}
