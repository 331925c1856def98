import { describe, expect, it } from 'vitest';
import { parseYaml, toYaml } from './yaml.ts';

describe('YAML as Kubernetes reads it', () => {
  it.each([
    { text: 'a: yes', value: { a: true }, reason: 'YAML 1.1 booleans are booleans' },
    { text: 'a: on', value: { a: true }, reason: 'on is a boolean' },
    { text: 'a: y', value: { a: 'y' }, reason: 'one letter stays text' },
    { text: 'a: 0644', value: { a: 420 }, reason: 'a leading zero means octal' },
    { text: 'a: 22:22', value: { a: '22:22' }, reason: 'no numbers to base sixty' },
    { text: 'a: 2024-01-02', value: { a: '2024-01-02' }, reason: 'dates stay text' },
    { text: 'a: 1.5', value: { a: 1.5 }, reason: 'floats are numbers' },
    { text: 'a: ~', value: { a: null }, reason: 'a tilde is null' },
    { text: 'a: "1.0.0"', value: { a: '1.0.0' }, reason: 'quoted text stays text' },
    { text: '{"a": [1, "x"]}', value: { a: [1, 'x'] }, reason: 'JSON is YAML' },
    { text: 'on: 1', value: { true: 1 }, reason: 'keys become text, as in the Kubernetes reader' },
  ])('$text: $reason', ({ text, value }) => {
    expect(parseYaml(text)).toEqual({ ok: true, documents: [value] });
  });

  it('gives all documents and leaves empty ones out', () => {
    expect(parseYaml('---\na: 1\n---\n---\nb: 2\n')).toEqual({
      ok: true,
      documents: [{ a: 1 }, { b: 2 }],
    });
  });

  it('names the place of an error', () => {
    const parsed = parseYaml('a: [1,\nb: }');
    expect(parsed).toMatchObject({
      ok: false,
      error: expect.stringMatching(/^not YAML: .* line 2/),
    });
  });

  it('prints what it reads back', () => {
    const value = { a: 'yes', b: '0644', c: ['x: y', 'multi\nline\n'], d: '2024-01-02', e: null };
    expect(parseYaml(toYaml(value))).toEqual({ ok: true, documents: [value] });
  });
});
