// Kubernetes as a provider sees it: objects to create, look at and delete, and how a refusal is told apart. A client of
// `kube/` fits.
import type { KubeObject, ObjectRef, ResourceType } from '../api/object.ts';
import type { Cancel } from '../lib/ports.ts';
import { ProviderError } from './provider.ts';

interface Listed<T> {
  readonly items: readonly T[];
}

export interface Objects {
  get<T extends KubeObject>(ref: ObjectRef, cancel?: Cancel): Promise<T>;
  listAll<T extends KubeObject>(
    resource: ResourceType,
    options: {
      readonly namespace: string;
      readonly labelSelector: string;
      readonly cancel?: Cancel;
    },
  ): Promise<Listed<T>>;
  create<T extends KubeObject>(resource: ResourceType, object: T): Promise<T>;
  delete(
    ref: ObjectRef,
    options: { readonly uid: string; readonly propagationPolicy: 'Foreground' },
  ): Promise<void>;
}

/** Where Jobs run. */
export interface JobPlace {
  readonly client: Objects;
  /** Absent: the run's own. */
  readonly namespace?: string;
  /** Not the cluster of the runs: there a Job can have no owner. */
  readonly isElsewhere: boolean;
}

/** What the API server said no with: Kubernetes' reason and the status of HTTP. */
export interface Refusal extends Error {
  readonly reason: string;
  readonly code: number;
}

export function isRefusal(error: unknown, reason?: string): error is Refusal {
  return (
    error instanceof Error &&
    'reason' in error &&
    'code' in error &&
    (reason === undefined || error.reason === reason)
  );
}

/** Refusals that say something of us or of the server's state, not of what was asked for. */
const PASSING: ReadonlySet<number> = new Set([401, 408, 429, 503, 504]);

/**
 * The server's word as a measurement's error. Where it gave none, or none on the matter, the error is thrown on: the
 * question is asked again.
 */
export async function answered<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (!isRefusal(error) || PASSING.has(error.code)) throw error;
    throw new ProviderError(error.message, { cause: error });
  }
}
