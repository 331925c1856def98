// One test for a vectors file: all of its cases must hold, and there must be some.
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import type { CaseResult } from './result.ts';

type Run<File> = (file: File) => Promise<readonly CaseResult[]> | readonly CaseResult[];

/** Declares the test for `name`, a file beside this one. */
export function vectorTest<File>(name: string, run: Run<File>): void {
  it(`every case of ${name} holds`, async () => {
    const path = new URL(name, import.meta.url);
    const results = await run(JSON.parse(readFileSync(path, 'utf8')) as File);
    const failed = results.filter((result) => !result.ok);
    expect(failed.map(({ name: title, detail }) => `${title}: ${detail}`)).toEqual([]);
    expect(results.length).toBeGreaterThan(0);
  });
}
