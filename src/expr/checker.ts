// Static checks before anything is evaluated (analysis.md 10.4). Entry point: `checkTypes`.
import type { MemberNode, Node, PredicateCall } from './ast.ts';
import { misfit } from './builtin.ts';
import { binaryType } from './checker-binary.ts';
import { staticMethod } from './methods.ts';
import { fail } from './problem.ts';
import { BUILTINS, type Environment } from './scope.ts';
import {
  ARRAY,
  arrayOf,
  BOOL,
  BYTES,
  FLOAT,
  FUNC,
  INT,
  isNumber,
  isOr,
  isUnknown,
  MAP,
  nameOf,
  NIL,
  sameType,
  STRING,
  type Type,
  UNKNOWN,
} from './types.ts';

interface Scope {
  readonly environment: Environment;
  readonly variables: ReadonlyMap<string, Type>;
  /** Inside a predicate: the element's type and the further pointers it has. */
  readonly pointer?: {
    readonly element: Type;
    readonly names: ReadonlySet<string>;
    readonly accumulator: Type;
  };
}

/** The type of the whole expression; the first error ends it. */
export function checkTypes(node: Node, environment: Environment): Type {
  return typeOf(node, { environment, variables: new Map() });
}

function typeOf(node: Node, scope: Scope): Type {
  switch (node.kind) {
    case 'nil':
      return NIL;
    case 'bool':
      return BOOL;
    case 'int':
      return INT;
    case 'float':
      return FLOAT;
    case 'string':
      return STRING;
    case 'bytes':
      return BYTES;
    case 'name':
      return nameType(node.name, scope);
    case 'pointer':
      return pointerType(node.name, scope);
    case 'chain':
      return typeOf(node.node, scope);
    default:
      return compositeType(node, scope);
  }
}

type Composite = Exclude<
  Node,
  {
    readonly kind:
      | 'nil'
      | 'bool'
      | 'int'
      | 'float'
      | 'string'
      | 'bytes'
      | 'name'
      | 'pointer'
      | 'chain';
  }
>;

function compositeType(node: Composite, scope: Scope): Type {
  switch (node.kind) {
    case 'unary':
      return unaryType(node.operator, typeOf(node.operand, scope));
    case 'binary':
      return binaryType(node, typeOf(node.left, scope), typeOf(node.right, scope));
    case 'condition':
      return conditionType(node, scope);
    case 'let':
      return letType(node, scope);
    case 'sequence':
      return node.items.map((item) => typeOf(item, scope)).at(-1) ?? NIL;
    case 'array':
      return arrayType(node.items.map((item) => typeOf(item, scope)));
    case 'map':
      for (const [key, value] of node.pairs) {
        typeOf(key, scope);
        typeOf(value, scope);
      }
      return MAP;
    default:
      return accessType(node, scope);
  }
}

type Access = Extract<
  Composite,
  { readonly kind: 'member' | 'method' | 'slice' | 'call' | 'predicate' }
>;

function accessType(node: Access, scope: Scope): Type {
  switch (node.kind) {
    case 'member':
      return memberType(node, scope);
    case 'method':
      return methodType(node, scope);
    case 'slice':
      return sliceType(node, scope);
    case 'call':
      return callType(node, scope);
    default:
      return predicateType(node, scope);
  }
}

function nameType(name: string, scope: Scope): Type {
  if (name === '$env') return MAP;
  const local = scope.variables.get(name) ?? scope.environment.variables.get(name)?.type;
  if (local !== undefined) return local;
  if (scope.environment.functions.has(name) || BUILTINS.has(name)) return FUNC;
  return fail(`unknown name ${name}`);
}

function pointerType(name: string, scope: Scope): Type {
  const { pointer } = scope;
  if (pointer === undefined) return fail('cannot use pointer accessor outside predicate');
  if (name === '') return pointer.element;
  if (!pointer.names.has(name)) fail(`unknown pointer #${name}`);
  return name === 'index' ? INT : pointer.accumulator;
}

function unaryType(operator: string, operand: Type): Type {
  if (operator === 'not' || operator === '!') {
    if (isOr(operand, 'bool')) return BOOL;
  } else if (isNumber(operand) || isUnknown(operand) || operand.kind === 'duration') return operand;
  return fail(`invalid operation: ${operator} (mismatched type ${nameOf(operand)})`);
}

function conditionType(node: Extract<Node, { kind: 'condition' }>, scope: Scope): Type {
  const test = typeOf(node.test, scope);
  if (!isOr(test, 'bool')) fail(`non-bool expression (type ${nameOf(test)}) used as condition`);
  const then = typeOf(node.yes, scope);
  const otherwise = typeOf(node.no, scope);
  if (then.kind === 'nil') return otherwise;
  if (otherwise.kind === 'nil') return then;
  return sameType(then, otherwise) ? then : UNKNOWN;
}

function letType(node: Extract<Node, { kind: 'let' }>, scope: Scope): Type {
  const { name } = node;
  const { environment, variables } = scope;
  if (environment.variables.has(name) || environment.functions.has(name))
    fail(`cannot redeclare ${name}`);
  if (BUILTINS.has(name)) fail(`cannot redeclare builtin ${name}`);
  if (variables.has(name)) fail(`cannot redeclare variable ${name}`);
  const value = typeOf(node.value, scope);
  return typeOf(node.body, { ...scope, variables: new Map([...variables, [name, value]]) });
}

function arrayType(items: readonly Type[]): Type {
  const [first] = items;
  if (first === undefined) return ARRAY;
  return items.every((item) => sameType(item, first)) ? arrayOf(first) : ARRAY;
}

function memberType(node: MemberNode, scope: Scope): Type {
  if (node.base.kind === 'name' && node.base.name === '$env') return environmentMember(node, scope);
  const base = typeOf(node.base, scope);
  const key = typeOf(node.key, scope);
  const name = node.key.kind === 'string' ? node.key.value : undefined;
  switch (base.kind) {
    case 'unknown':
      return UNKNOWN;
    case 'map':
      if (isOr(key, 'string')) return UNKNOWN;
      return fail(`cannot use ${nameOf(key)} to get an element from ${nameOf(base)}`);
    case 'array':
      if (isOr(key, 'int')) return base.element;
      return fail(`array elements can only be selected using an integer (got ${nameOf(key)})`);
    case 'struct':
      if (name === undefined) return UNKNOWN;
      return base.fields[name] ?? fail(`type ${base.name} has no field ${name}`);
    default:
      break;
  }
  const shown = base.kind === 'nil' ? 'nil' : nameOf(base);
  return fail(
    name === undefined
      ? `type ${shown}[${nameOf(key)}] is undefined`
      : `type ${shown} has no field ${name}`,
  );
}

function environmentMember(node: MemberNode, scope: Scope): Type {
  if (node.key.kind !== 'string') return UNKNOWN;
  const { variables, functions } = scope.environment;
  const name = node.key.value;
  const found = variables.get(name);
  if (found !== undefined) return found.type;
  if (functions.has(name)) return FUNC;
  return node.optional ? UNKNOWN : fail(`unknown name ${name}`);
}

function methodType(node: Extract<Node, { kind: 'method' }>, scope: Scope): Type {
  const base = typeOf(node.base, scope);
  const args = node.args.map((arg) => typeOf(arg, scope));
  if (isUnknown(base) || base.kind === 'map') return UNKNOWN;
  if (base.kind === 'array')
    fail('array elements can only be selected using an integer (got string)');
  const method = staticMethod(base, node.name);
  const shown = base.kind === 'nil' ? 'nil' : nameOf(base);
  if (method === undefined) return fail(`type ${shown} has no method ${node.name}`);
  const problem = misfit(node.name, method.params, args);
  return problem === undefined ? method.result : fail(problem);
}

function sliceType(node: Extract<Node, { kind: 'slice' }>, scope: Scope): Type {
  const base = typeOf(node.base, scope);
  if (!isOr(base, 'array', 'string', 'bytes')) {
    fail(`cannot slice ${base.kind === 'nil' ? '<nil>' : nameOf(base)}`);
  }
  for (const bound of [node.from, node.to]) {
    if (bound === undefined) continue;
    const type = typeOf(bound, scope);
    if (!isOr(type, 'int')) fail(`non-integer slice index ${nameOf(type)}`);
  }
  return base;
}

function callType(node: Extract<Node, { kind: 'call' }>, scope: Scope): Type {
  const builtin = scope.environment.functions.get(node.name) ?? BUILTINS.get(node.name);
  if (builtin === undefined) {
    const type = nameType(node.name, scope);
    return isUnknown(type) ? UNKNOWN : fail(`${nameOf(type)} is not callable`);
  }
  return builtin.check(node.args.map((arg) => typeOf(arg, scope)));
}

const BOOLEAN_PREDICATES: ReadonlySet<string> = new Set([
  'all',
  'none',
  'any',
  'one',
  'filter',
  'count',
  'find',
  'findIndex',
  'findLast',
  'findLastIndex',
]);

function predicateType(node: PredicateCall, scope: Scope): Type {
  const { name } = node;
  const array = typeOf(node.array, scope);
  if (!isOr(array, 'array')) {
    fail(
      `builtin ${name} takes only array (got ${array.kind === 'nil' ? '<nil>' : nameOf(array)})`,
    );
  }
  const element = array.kind === 'array' ? array.element : UNKNOWN;
  const rest = node.rest === undefined ? undefined : typeOf(node.rest, scope);
  const names = new Set(name === 'reduce' ? ['index', 'acc'] : name === 'map' ? ['index'] : []);
  const inner: Scope = { ...scope, pointer: { element, names, accumulator: UNKNOWN } };
  const body = node.predicate === undefined ? BOOL : typeOf(node.predicate, inner);
  if (BOOLEAN_PREDICATES.has(name) && !isOr(body, 'bool')) {
    fail(`predicate should return boolean (got ${nameOf(body)})`);
  }
  if (name === 'sortBy' && rest !== undefined && !isOr(rest, 'string')) {
    fail(`sortBy order argument must be a string (got ${nameOf(rest)})`);
  }
  return predicateResult(name, { array, element, body });
}

function predicateResult(
  name: string,
  types: { readonly array: Type; readonly element: Type; readonly body: Type },
): Type {
  switch (name) {
    case 'all':
    case 'none':
    case 'any':
    case 'one':
      return BOOL;
    case 'filter':
    case 'sortBy':
      return types.array.kind === 'array' ? arrayOf(types.element) : ARRAY;
    case 'map':
      return arrayOf(types.body);
    case 'count':
    case 'findIndex':
    case 'findLastIndex':
      return INT;
    case 'find':
    case 'findLast':
      return types.element;
    default:
      return UNKNOWN;
  }
}
