// The user's document without kubectl: its objects as they are posted.
import { readFileSync } from 'node:fs';
import type { KubeObject } from '../../src/api/object.ts';
import { parseYaml } from '../../src/lib/yaml.ts';

const EXAMPLES = new URL('../../examples/', import.meta.url);
const DOCUMENT = 'mock-server-canary-istio-destinationrule-analysistemplate-experiment.yaml';
const CORRECTED = 'corrected-analysis.yaml';

function objectsOf(file: string): readonly KubeObject[] {
  const parsed = parseYaml(readFileSync(new URL(file, EXAMPLES), 'utf8'));
  if (!parsed.ok) throw new Error(parsed.error);
  return parsed.documents.filter((one) => one !== null) as unknown as readonly KubeObject[];
}

/** As it stands: its experiment finds no data. */
export function documentObjects(): readonly KubeObject[] {
  return objectsOf(DOCUMENT);
}

/** With queries that the metrics can answer: its updates are promoted. */
export function correctedObjects(): readonly KubeObject[] {
  const corrected = objectsOf(CORRECTED);
  const isReplaced = ({ kind, metadata }: KubeObject) =>
    corrected.some((one) => one.kind === kind && one.metadata.name === metadata.name);
  return [...corrected, ...documentObjects().filter((one) => !isReplaced(one))];
}
