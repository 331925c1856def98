import { describe, expect, it } from 'vitest';
import { findFirst } from './json-path.ts';
import { parseJsonPath } from './json-path-syntax.ts';

const DOCUMENT = {
  name: 'web',
  'a.b': 'dotted',
  a: { b: 'nested' },
  size: 3,
  none: null,
  list: [10, 20, 30, 40],
  empty: [],
  items: [
    { id: 'x', rank: 1, isUp: true },
    { id: 'y', rank: 2.5, isUp: false, tags: ['t'] },
    { id: "it's", rank: 3, isUp: true },
  ],
};

/** The value found, in a list; or the error. */
function found(path: string, document: unknown = DOCUMENT): unknown {
  const parsed = parseJsonPath(path);
  if (!parsed.ok) return parsed.error;
  const result = findFirst(parsed.value, document);
  return result.ok ? result.value : result.error;
}

describe('a JSON path gives', () => {
  it.each([
    { path: '{$}', value: DOCUMENT, reason: 'the whole document' },
    { path: '{}', value: DOCUMENT, reason: 'the document too if it is empty' },
    { path: '{.name}', value: 'web', reason: 'a member' },
    { path: '{$.name}', value: 'web', reason: 'a member of the root' },
    { path: '{@.a.b}', value: 'nested', reason: 'a member of a member' },
    { path: String.raw`{.a\.b}`, value: 'dotted', reason: 'a name with an escaped dot' },
    { path: String.raw`{['a\.b']}`, value: 'dotted', reason: 'the same in brackets' },
    { path: "{['a.b']}", value: 'nested', reason: 'two members for a dot that is not escaped' },
    { path: "{['name']}", value: 'web', reason: 'a member in brackets' },
    { path: '{ .size }', value: 3, reason: 'blanks do not matter' },
    { path: '{.none}', value: null, reason: 'null is a value' },
    { path: '{.list[0]}', value: 10, reason: 'the first element' },
    { path: '{.list[-1]}', value: 40, reason: 'the last element' },
    { path: '{.list[1:3]}', value: 20, reason: 'the first of a slice' },
    { path: '{.list[-2:]}', value: 30, reason: 'a slice from the end' },
    { path: '{.list[1::2]}', value: 20, reason: 'a slice with steps' },
    { path: '{.list[*]}', value: 10, reason: 'all elements' },
    { path: '{.list[:]}', value: 10, reason: 'all elements' },
    { path: '{.list[3,0]}', value: 40, reason: 'a union in its order' },
    { path: "{['size','name']}", value: 3, reason: 'a union of members' },
    { path: '{.a.*}', value: 'nested', reason: 'all members' },
    { path: '{..}', value: DOCUMENT, reason: 'descent begins at the root' },
    { path: '{..rank}', value: 1, reason: 'a member wherever it is' },
    { path: '{..tags[0]}', value: 't', reason: 'and on from there' },
    { path: '{.items[?(@.id=="y")].rank}', value: 2.5, reason: 'a filter by a text' },
    { path: "{.items[?(@.id=='y')].rank}", value: 2.5, reason: 'in single quotes' },
    { path: "{.items[?(@.id != 'x')].id}", value: 'y', reason: 'blanks around an operator' },
    { path: '{.items[?(@.rank>2.0)].id}', value: 'y', reason: 'a filter by a number' },
    { path: '{.items[?(@.rank>=2.5)].id}', value: 'y', reason: 'at least' },
    { path: '{.items[?(@.rank<2.0)].id}', value: 'x', reason: 'less' },
    { path: '{.items[?(@.rank<=1.0)].id}', value: 'x', reason: 'at most' },
    { path: '{.items[?(@.isUp==false)].id}', value: 'y', reason: 'a filter by truth' },
    { path: '{.items[?(@.tags)].id}', value: 'y', reason: 'a filter by presence' },
    { path: '{.items[?(@.tags[0])].id}', value: 'y', reason: 'presence deep inside' },
    { path: String.raw`{.items[?(@.id=='it\'s')].rank}`, value: 3, reason: 'an escaped quote' },
    { path: '{.list[?(@>15.0)]}', value: 20, reason: 'elements compared themselves' },
    { path: '{range .items[1:]}{.id}{end}', value: 'y', reason: 'a loop' },
    { path: '{range .items[*]}{.id}{end}{.name}', value: 'x', reason: 'the first of a loop' },
    { path: "{'text'}", value: 'text', reason: 'a text' },
    { path: String.raw`{"a\tb\x41é"}`, value: 'a\tbAé', reason: 'a text with escapes' },
    { path: '{1.5}', value: 1.5, reason: 'a number' },
    { path: '{-2}', value: -2n, reason: 'an integer' },
    { path: '{true}', value: true, reason: 'truth' },
    { path: '$.name', value: '$.name', reason: 'itself if it has no braces' },
    { path: 'is {.name}', value: 'is ', reason: 'the text before the braces' },
  ])('$path: $reason', ({ path, value }) => {
    expect(found(path)).toEqual([value]);
  });

  it.each([
    { path: '', reason: 'no path' },
    { path: '{.empty[*]}', reason: 'no elements' },
    { path: '{.list[2:2]}', reason: 'an empty slice' },
    { path: '{.name.*}', reason: 'a text has no members' },
    { path: '{.none[0]}', reason: 'null is passed over' },
    { path: "{.items[?(@.id=='z')]}", reason: 'a filter that nothing passes' },
    { path: "{.items[?(@.id=='z')].rank}", reason: 'and a member of that' },
    { path: '{range .items[*]}{end}', reason: 'an empty loop' },
  ])('nothing for $path: $reason', ({ path }) => {
    expect(found(path)).toEqual([]);
  });
});

describe('a JSON path is told why', () => {
  it.each([
    { path: '{.x}', error: 'x is not found' },
    { path: '{.name.x}', error: 'x is not found' },
    { path: '{.none.x}', error: 'x is not found' },
    { path: '{.constructor}', error: 'constructor is not found' },
    { path: '{.list[4]}', error: 'array index out of bounds: index 4, length 4' },
    { path: '{.list[-5]}', error: 'array index out of bounds: index -1, length 4' },
    { path: '{.list[1:9]}', error: 'array index out of bounds: index 8, length 4' },
    { path: '{.empty[0]}', error: 'array index out of bounds: index 0, length 0' },
    { path: '{.list[3:1]}', error: 'starting index 3 is greater than ending index 1' },
    { path: '{.list[::0]}', error: 'step must be > 0' },
    { path: '{.a[0]}', error: 'map[string]interface {} is not array or slice' },
    { path: '{.size[0]}', error: 'float64 is not array or slice' },
    { path: '{.name[0]}', error: 'string is not array or slice' },
    {
      path: '{.a[?(@.b)]}',
      error: 'map[b:nested] is not array or slice and cannot be filtered',
    },
    { path: "{.items[?(@.tags=='t')]}", error: 'tags is not found' },
    { path: '{.items[?(@.rank==1)]}', error: 'incompatible types for comparison' },
    { path: "{.items[?(@.rank=='1')]}", error: 'incompatible types for comparison' },
    { path: '{.items[?(@.isUp<true)]}', error: 'invalid type for comparison' },
    { path: '{.items[?(@==1.0)]}', error: 'invalid type for comparison' },
    { path: '{.items[?(@.rank=1.0)]}', error: 'unrecognized filter operator =' },
    { path: '{.items[?(@.*==1.0)]}', error: 'can only compare one element at a time' },
    { path: '{range .empty[*]}{.id}{end}', error: 'id is not found' },
    { path: '{nonsense}', error: 'unrecognized identifier nonsense' },
    { path: '{end}', error: 'not in range, nothing to end' },
    { path: '{.name', error: 'unclosed action' },
    { path: '{.list[0}', error: 'unterminated array' },
    { path: '{.list[a]}', error: 'invalid array index a' },
    { path: '{.list[-]}', error: 'array index - is not a number' },
    { path: '{.items[?(@.id', error: 'unterminated filter' },
    { path: '{.items[?(@.id)}', error: 'unclosed array expect ]' },
    { path: "{'text}", error: 'unterminated quoted string' },
    { path: String.raw`{'\q'}`, error: String.raw`unquote string '\q' error invalid syntax` },
    { path: '{1.2.3}', error: 'cannot parse number 1.2.3' },
    { path: '{&}', error: "unrecognized character in action: U+0026 '&'" },
    { path: '{....a}', error: 'invalid multiple recursive descent' },
  ])('$path: $error', ({ path, error }) => {
    expect(found(path)).toBe(error);
  });
});
