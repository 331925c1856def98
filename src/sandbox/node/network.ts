// What a pod's commands see of the network. The node gives each pod its own; curl and wget send through it.
import type { HttpRequest, HttpResponse } from '../../lib/ports.ts';

export interface PodRequest extends HttpRequest {
  readonly scheme: 'http' | 'https';
  /** What the connection is opened to; the `host` header may say something else. */
  readonly connectedTo: { readonly host: string; readonly port: number };
}

export interface PodNetwork {
  /**
   * Sends as the pod. Throws `NoSuchHostError` when the name does not resolve, else `TransportError` when the connection
   * failed: `refused`, `reset`, or `cancelled` for one that was closed without an answer.
   */
  send(request: PodRequest): Promise<HttpResponse>;
}

export class NoSuchHostError extends Error {
  constructor(host: string) {
    super(`there is no host ${host} in the sandbox`);
    this.name = 'NoSuchHostError';
  }
}
