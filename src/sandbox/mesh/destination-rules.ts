// All DestinationRules: which one governs a Service for a caller. One of the caller's own namespace comes first, then
// one of the Service's, then one of the mesh's root namespace; of a namespace the most special host, and several of one
// host are taken together, the oldest first.
import type { KubeObject } from '../../api/object.ts';
import { byAge, keyOf } from './age.ts';
import {
  compileDestinationRule,
  type CompiledDestinationRule,
  type Subset,
  type TrafficPolicy,
} from './destination-rule.ts';
import { covers, wildcardsOf } from './names.ts';
import type { Problem } from './reading.ts';
import { nearness } from './visibility.ts';

export interface GoverningRule {
  readonly policy: TrafficPolicy;
  readonly subsets: ReadonlyMap<string, Subset>;
}

interface Rule {
  readonly object: KubeObject;
  readonly compiled: CompiledDestinationRule;
}

const ROOT_NAMESPACE = 'istio-system';

export class DestinationRules {
  readonly #rules = new Map<string, Rule>();
  /** By namespace and host, oldest first. */
  readonly #byHost = new Map<string, Map<string, readonly Rule[]>>();

  /** Gives the hosts that are governed otherwise than before. */
  put(object: KubeObject): readonly string[] {
    const hosts = this.remove(object);
    const compiled = compileDestinationRule(object);
    const rule: Rule = { object, compiled };
    this.#rules.set(keyOf(object), rule);
    if (compiled.host === '') return hosts;
    const { namespace = '' } = object.metadata;
    const ofNamespace = this.#byHost.get(namespace) ?? new Map<string, readonly Rule[]>();
    this.#byHost.set(namespace, ofNamespace);
    const rules = [...(ofNamespace.get(compiled.host) ?? []), rule];
    ofNamespace.set(
      compiled.host,
      rules.toSorted((a, b) => byAge(a.object, b.object)),
    );
    return [...hosts, compiled.host];
  }

  remove(object: KubeObject): readonly string[] {
    const before = this.#rules.get(keyOf(object));
    if (before === undefined) return [];
    this.#rules.delete(keyOf(object));
    const { host } = before.compiled;
    const ofNamespace = this.#byHost.get(object.metadata.namespace ?? '');
    const left = (ofNamespace?.get(host) ?? []).filter((rule) => rule !== before);
    if (left.length === 0) ofNamespace?.delete(host);
    else ofNamespace?.set(host, left);
    if (ofNamespace?.size === 0) this.#byHost.delete(object.metadata.namespace ?? '');
    return host === '' ? [] : [host];
  }

  problemsOf(object: KubeObject): readonly Problem[] {
    return this.#rules.get(keyOf(object))?.compiled.problems ?? [];
  }

  hostOf(object: KubeObject): string | undefined {
    return this.#rules.get(keyOf(object))?.compiled.host;
  }

  /** Namespaces that have a rule of their own for a host. */
  namespacesWith(host: string): readonly string[] {
    return [...this.#byHost].flatMap(([namespace, rules]) =>
      [...rules.keys()].some((pattern) => covers(pattern, host)) ? [namespace] : [],
    );
  }

  /** What governs a Service for callers of a namespace. */
  governing(
    host: string,
    { caller, owner }: { readonly caller: string; readonly owner: string },
  ): GoverningRule | undefined {
    for (const namespace of new Set([caller, owner, ROOT_NAMESPACE])) {
      const rules = this.#visible(host, namespace, caller);
      if (rules.length > 0) return merged(rules);
    }
    return undefined;
  }

  #visible(host: string, namespace: string, caller: string): readonly Rule[] {
    const ofNamespace = this.#byHost.get(namespace);
    if (ofNamespace === undefined) return [];
    for (const pattern of [host, ...wildcardsOf(host)]) {
      const rules = (ofNamespace.get(pattern) ?? []).filter(
        ({ compiled }) => nearness(compiled.visibility, caller) !== undefined,
      );
      if (rules.length > 0) return rules;
    }
    return [];
  }
}

/** Of subsets with one name, and of policies, the oldest rule's counts. */
function merged(rules: readonly Rule[]): GoverningRule {
  const subsets = new Map<string, Subset>();
  for (const { compiled } of rules) {
    for (const subset of compiled.subsets) {
      if (!subsets.has(subset.name)) subsets.set(subset.name, subset);
    }
  }
  const policies = rules.map(({ compiled }) => compiled.policy);
  const policy = policies.find(({ balancer, ports }) => balancer !== undefined || ports.size > 0);
  return { subsets, policy: policy ?? { ports: new Map() } };
}
