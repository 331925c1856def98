// YAML as Kubernetes reads it: YAML 1.1 booleans and octal numbers, no dates, keys are text.
import {
  binaryTag,
  boolYaml11Tag,
  defineScalarTag,
  dump,
  FAILSAFE_SCHEMA,
  floatYaml11Tag,
  intYaml11Tag,
  loadAll,
  mergeTag,
  NOT_RESOLVED,
  nullYaml11Tag,
  YAML11_SCHEMA,
  YAMLException,
} from 'js-yaml';

// Go's YAML library, which Kubernetes uses, leaves two things of YAML 1.1 out: the one-letter booleans
// and numbers to base sixty (`22:22` stays text, as people who write ports and times expect).
const boolTag = defineScalarTag<boolean>('tag:yaml.org,2002:bool', {
  ...boolYaml11Tag,
  resolve: (source, isExplicit, tagName) =>
    source.length === 1 ? NOT_RESOLVED : boolYaml11Tag.resolve(source, isExplicit, tagName),
});
const intTag = defineScalarTag<number>('tag:yaml.org,2002:int', {
  ...intYaml11Tag,
  resolve: (source, isExplicit, tagName) =>
    source.includes(':') ? NOT_RESOLVED : intYaml11Tag.resolve(source, isExplicit, tagName),
});
const floatTag = defineScalarTag<number>('tag:yaml.org,2002:float', {
  ...floatYaml11Tag,
  resolve: (source, isExplicit, tagName) =>
    source.includes(':') ? NOT_RESOLVED : floatYaml11Tag.resolve(source, isExplicit, tagName),
});

const KUBERNETES_SCHEMA = FAILSAFE_SCHEMA.withTags(
  nullYaml11Tag,
  boolTag,
  intTag,
  floatTag,
  mergeTag,
  binaryTag,
);

export type ParsedYaml =
  | { readonly ok: true; readonly documents: readonly unknown[] }
  | { readonly ok: false; readonly error: string };

/** All documents of a text, empty ones left out. JSON is YAML. The error names line and column. */
export function parseYaml(text: string): ParsedYaml {
  try {
    const documents = loadAll(text, { schema: KUBERNETES_SCHEMA });
    return { ok: true, documents: documents.filter((item) => item !== null && item !== undefined) };
  } catch (error) {
    if (!(error instanceof YAMLException)) throw error;
    const at =
      error.mark === undefined
        ? ''
        : ` at line ${error.mark.line + 1}, column ${error.mark.column + 1}`;
    return { ok: false, error: `not YAML: ${error.reason}${at}` };
  }
}

/** YAML that every reader of YAML 1.1 or 1.2 takes back as the same value. */
export function toYaml(value: unknown): string {
  return dump(value, { schema: YAML11_SCHEMA, lineWidth: -1, noRefs: true });
}
