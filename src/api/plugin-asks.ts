// What plugins of steps and routers are asked, and how they answer. How they are reached is not known here.
import type { Json } from './object.ts';
import type { CanaryStep, Rollout, WeightDestination } from './rollout.ts';
import type { Duration, Instant } from '../lib/ports.ts';

export type StepOperation = 'Run' | 'Terminate' | 'Abort';

export interface StepPluginAsk {
  readonly operation: StepOperation;
  readonly name: string;
  readonly rollout: Rollout;
  readonly config?: Json;
  /** What the plugin gave to be kept when it was last asked. */
  readonly state?: Json;
}

export type StepPluginOutcome =
  /** The controller's settings say that its steps count as done. */
  | { readonly kind: 'disabled' }
  /** It could not be asked. */
  | { readonly kind: 'unavailable'; readonly error: string }
  /** Its own failure, or a call that broke. */
  | { readonly kind: 'error'; readonly error: string }
  | {
      readonly kind: 'result';
      /** As the plugin says it; empty if it does not. */
      readonly phase: string;
      readonly message: string;
      readonly requeueAfter: Duration;
      readonly state?: Json;
    };

export interface StepPluginAnswer {
  /** When it was asked, and when the answer was there. */
  readonly askedAt: Instant;
  readonly at: Instant;
  readonly outcome: StepPluginOutcome;
}

/** One call of a router; they are made in order, the first that fails is the last. */
export type RouteCall =
  | { readonly op: 'removeManagedRoutes' }
  | { readonly op: 'setHeaderRoute'; readonly step: NonNullable<CanaryStep['setHeaderRoute']> }
  | { readonly op: 'setMirrorRoute'; readonly step: NonNullable<CanaryStep['setMirrorRoute']> }
  | {
      readonly op: 'updateHash';
      readonly canaryHash: string;
      readonly stableHash: string;
      readonly extras: readonly WeightDestination[];
    }
  | {
      readonly op: 'setWeight' | 'verifyWeight';
      readonly weight: number;
      readonly extras: readonly WeightDestination[];
    };

export interface RouteAsk {
  readonly plugin: string;
  readonly rollout: Rollout;
  readonly calls: readonly RouteCall[];
}

export interface RouteOutcome {
  /** The call that failed, and why. */
  readonly failed?: { readonly op: RouteCall['op']; readonly error: string };
  /** What it says of the weights; absent if it cannot tell. */
  readonly verified?: boolean;
}

export interface RouteAnswer extends RouteOutcome {
  readonly at: Instant;
}
