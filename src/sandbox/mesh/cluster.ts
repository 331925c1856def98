// One port of a Service, or of one of its subsets, with the pods that are ready now.
import type { Random } from '../../lib/ports.ts';
import { type Balancer, choose, type Turns } from './balancer.ts';
import type { Destination, Endpoint, ServiceName } from './plan.ts';

export interface ClusterOptions {
  readonly service: ServiceName;
  readonly port: number;
  readonly subset?: string;
  readonly random: Random;
}

/** Keeps its identity, and the turns of its balancer, while its endpoints change. */
export class Cluster implements Destination {
  readonly cluster: string;
  readonly service: ServiceName;
  readonly port: number;
  readonly subset?: string;
  readonly #random: Random;
  readonly #turns: Turns = { next: 0 };
  #balancer: Balancer = 'least-request';
  #endpoints: readonly Endpoint[] = [];

  constructor({ service, port, subset, random }: ClusterOptions) {
    this.service = service;
    this.port = port;
    if (subset !== undefined) this.subset = subset;
    this.cluster = `outbound|${port}|${subset ?? ''}|${service.host}`;
    this.#random = random;
  }

  get endpoints(): readonly Endpoint[] {
    return this.#endpoints;
  }

  set(endpoints: readonly Endpoint[], balancer: Balancer): void {
    this.#endpoints = endpoints;
    this.#balancer = balancer;
  }

  pickEndpoint(tried?: readonly Endpoint[]): Endpoint | undefined {
    const others =
      tried === undefined || tried.length === 0 ? this.#endpoints : untried(this.#endpoints, tried);
    return choose({
      endpoints: others.length === 0 ? this.#endpoints : others,
      balancer: this.#balancer,
      random: this.#random,
      turns: this.#turns,
    });
  }
}

function untried(endpoints: readonly Endpoint[], tried: readonly Endpoint[]): readonly Endpoint[] {
  const isTried = (one: Endpoint) =>
    tried.some(({ address, port }) => address === one.address && port === one.port);
  return endpoints.filter((one) => !isTried(one));
}
