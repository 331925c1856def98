// The tree that the parser makes and the checker and evaluator walk.

export type Node =
  | { readonly kind: 'nil' }
  | { readonly kind: 'bool'; readonly value: boolean }
  | { readonly kind: 'int'; readonly value: bigint }
  | { readonly kind: 'float'; readonly value: number }
  | { readonly kind: 'string'; readonly value: string }
  | { readonly kind: 'bytes'; readonly value: string }
  | { readonly kind: 'name'; readonly name: string }
  | { readonly kind: 'pointer'; readonly name: string }
  | { readonly kind: 'unary'; readonly operator: string; readonly operand: Node }
  | {
      readonly kind: 'binary';
      readonly operator: string;
      readonly left: Node;
      readonly right: Node;
    }
  | {
      readonly kind: 'condition';
      readonly test: Node;
      readonly yes: Node;
      readonly no: Node;
    }
  | { readonly kind: 'let'; readonly name: string; readonly value: Node; readonly body: Node }
  | { readonly kind: 'sequence'; readonly items: readonly Node[] }
  | { readonly kind: 'array'; readonly items: readonly Node[] }
  | { readonly kind: 'map'; readonly pairs: readonly (readonly [Node, Node])[] }
  | MemberNode
  | {
      readonly kind: 'method';
      readonly base: Node;
      readonly name: string;
      readonly args: readonly Node[];
      readonly optional: boolean;
    }
  | { readonly kind: 'slice'; readonly base: Node; readonly from?: Node; readonly to?: Node }
  /** The end of a postfix chain with `?.` in it: a nil base inside gives nil here. */
  | { readonly kind: 'chain'; readonly node: Node }
  | { readonly kind: 'call'; readonly name: string; readonly args: readonly Node[] }
  | PredicateCall;

export interface MemberNode {
  readonly kind: 'member';
  readonly base: Node;
  readonly key: Node;
  /** Written with a dot: `a.b`, not `a['b']`. */
  readonly dotted: boolean;
  readonly optional: boolean;
}

/** A builtin with a predicate: `filter(array, predicate, rest…)`. */
export interface PredicateCall {
  readonly kind: 'predicate';
  readonly name: string;
  readonly array: Node;
  readonly predicate?: Node;
  readonly rest?: Node;
}
