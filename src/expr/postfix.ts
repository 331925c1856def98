// What may follow an operand: members, indexes, slices, method calls, optional chains (analysis.md 10.3 `post`).
import type { Node } from './ast.ts';
import type { Parser } from './parser.ts';
import { fail } from './problem.ts';

/** `node` with all postfixes that follow it. */
export function parsePostfix(parser: Parser, node: Node): Node {
  let result = node;
  let hasOptional = false;
  for (;;) {
    const optional = parser.is('Operator', '?.');
    if (optional || parser.is('Operator', '.')) {
      parser.next();
      hasOptional ||= optional;
      result =
        optional && parser.is('Bracket', '[')
          ? parseIndex(parser, result, true)
          : parseMember(parser, result, optional);
    } else if (parser.is('Bracket', '[')) result = parseIndex(parser, result, false);
    else return hasOptional ? { kind: 'chain', node: result } : result;
  }
}

function parseMember(parser: Parser, base: Node, optional: boolean): Node {
  const { kind, value } = parser.current;
  if (kind === 'EOF') fail('unexpected end of expression');
  const isName = kind === 'Identifier' || (kind === 'Operator' && /^[a-zA-Z]+$/.test(value));
  if (!isName) fail('expected name');
  parser.next();
  if (parser.is('Bracket', '(')) {
    return { kind: 'method', base, name: value, args: parser.args(), optional };
  }
  return { kind: 'member', base, key: { kind: 'string', value }, dotted: true, optional };
}

function parseIndex(parser: Parser, base: Node, optional: boolean): Node {
  parser.expect('Bracket', '[');
  if (parser.take('Operator', ':')) return parseSliceEnd(parser, { kind: 'slice', base });
  const key = parser.expression(0);
  if (parser.take('Operator', ':'))
    return parseSliceEnd(parser, { kind: 'slice', base, from: key });
  parser.expect('Bracket', ']');
  return { kind: 'member', base, key, dotted: false, optional };
}

function parseSliceEnd(parser: Parser, slice: Extract<Node, { kind: 'slice' }>): Node {
  if (parser.take('Bracket', ']')) return slice;
  const to = parser.expression(0);
  parser.expect('Bracket', ']');
  return { ...slice, to };
}
