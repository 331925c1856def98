// What the shell needs to know of a kind it decides: how to take its snapshot and which `decide` to ask.
import type { KubeObject, ObjectRef, ResourceType } from '../api/object.ts';
import type { Decision } from '../core/decision.ts';
import type { Instant } from '../lib/ports.ts';
import type { Memory } from './memory.ts';

/** One key's snapshot, ready to be decided: the object, its stored status, and the decision of a moment. */
export interface Snapshot {
  readonly ref: ObjectRef;
  readonly object: KubeObject;
  readonly status: unknown;
  /** All that `decide` looks at, for reports and checkers. */
  readonly world: unknown;
  readonly memory: Memory;
  decide(now: Instant): Decision<unknown>;
  /** Whether writing this status may wait a little for what changes next (`pass.ts`); never, if absent. */
  canWait?(status: unknown): boolean;
  /** Called once the decision has been carried out whole. */
  onCarriedOut(): void;
}

export interface Kind {
  readonly resource: ResourceType;
  readonly hasStatusSubresource: boolean;
  /**
   * Undefined when the object is gone or being deleted: then there is nothing to decide. `unread` while something that it
   * names has yet to be read: the key is looked at again when that is in.
   */
  snapshot(namespace: string, name: string, memory: Memory): Snapshot | 'unread' | undefined;
}
