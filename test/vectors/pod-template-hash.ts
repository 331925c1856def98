// Runs pod-template-hash.json: quantities, step hashes, and pod template hashes in both forms.
import {
  canonicalPodTemplate,
  canonicalSteps,
  podTemplateHash,
  podTemplateSum,
  stepsHash,
} from '../../src/api/hash.ts';
import { canonicalQuantity } from '../../src/api/quantity.ts';
import { type CaseResult, unknownKind } from './result.ts';

interface TemplateCase {
  readonly id: string;
  readonly kind: string;
  readonly storedTemplate: unknown;
  readonly collisionCount: number | null;
  readonly hashCurrent?: string;
  readonly hashLegacy?: string;
  readonly fnv32aCurrent?: number;
  readonly canonicalCurrent?: string;
  readonly canonicalLegacy?: string;
}

interface File {
  readonly quantities: readonly { readonly in: string | number; readonly out: string }[];
  readonly stepHashes: readonly {
    readonly id: string;
    readonly canary: { readonly steps?: unknown };
    readonly canonical?: string;
    readonly hash: string;
  }[];
  readonly cases: readonly TemplateCase[];
}

function compared(name: string, pairs: readonly (readonly [unknown, unknown])[]): CaseResult {
  const wrong = pairs.find(([expected, actual]) => expected !== undefined && expected !== actual);
  if (wrong === undefined) return { name, ok: true };
  return { name, ok: false, detail: `expected ${String(wrong[0])}, got ${String(wrong[1])}` };
}

/** Templates of both are hashed alike. */
const KINDS: ReadonlySet<string> = new Set(['rollout', 'experimentTemplate']);

function templateCase(test: TemplateCase): CaseResult {
  if (!KINDS.has(test.kind)) return unknownKind(test.id, test.kind);
  const count = test.collisionCount === null ? {} : { collisionCount: test.collisionCount };
  const template = test.storedTemplate;
  return compared(test.id, [
    [test.canonicalCurrent, canonicalPodTemplate(template, 'current')],
    [test.canonicalLegacy, canonicalPodTemplate(template, 'legacy')],
    [test.fnv32aCurrent, podTemplateSum(template, { form: 'current', ...count })],
    [test.hashCurrent, podTemplateHash(template, { form: 'current', ...count })],
    [test.hashLegacy, podTemplateHash(template, { form: 'legacy', ...count })],
  ]);
}

/** All rows of the three lists. */
export function run(file: File): readonly CaseResult[] {
  return [
    ...file.quantities.map((row) =>
      compared(`quantity ${row.in}`, [[row.out, canonicalQuantity(row.in)]]),
    ),
    ...file.stepHashes.map((row) =>
      compared(row.id, [
        [row.canonical, canonicalSteps(row.canary.steps)],
        [row.hash, stepsHash(row.canary)],
      ]),
    ),
    ...file.cases.map(templateCase),
  ];
}
