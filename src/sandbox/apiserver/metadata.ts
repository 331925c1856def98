// What every object's metadata may hold, and the rules for names, labels, annotations and finalizers
// (https://kubernetes.io/docs/concepts/overview/working-with-objects/names/).
import type { ObjectMeta } from '../../api/object.ts';
import type { OpenApi } from '../../schema/open-api.ts';
import type { FieldProblem } from '../../schema/structural/problem.ts';

const OPEN: OpenApi = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true };
const TEXTS: OpenApi = { type: 'object', additionalProperties: { type: 'string' } };

export const METADATA: OpenApi = {
  type: 'object',
  description: "Standard object's metadata.",
  properties: {
    name: { type: 'string', description: 'Name must be unique within a namespace.' },
    namespace: { type: 'string', description: 'Space within which each name must be unique.' },
    labels: { ...TEXTS, description: 'Keys and values to organize and select objects.' },
    annotations: { ...TEXTS, description: 'Keys and values that tools keep with an object.' },
    generateName: { type: 'string', description: 'Prefix of a name that the server makes.' },
    finalizers: {
      type: 'array',
      items: { type: 'string' },
      description: 'Must be empty before the object is removed.',
    },
    ownerReferences: {
      type: 'array',
      items: {
        type: 'object',
        required: ['apiVersion', 'kind', 'name', 'uid'],
        properties: {
          apiVersion: { type: 'string' },
          kind: { type: 'string' },
          name: { type: 'string' },
          uid: { type: 'string' },
          controller: { type: 'boolean' },
          blockOwnerDeletion: { type: 'boolean' },
        },
      },
      description: 'Objects that this one depends on.',
    },
    managedFields: {
      type: 'array',
      items: OPEN,
      description: 'Who set which fields, for server-side apply.',
    },
    uid: { type: 'string', description: 'Identity in time and space.' },
    resourceVersion: { type: 'string', description: 'Version of the stored object.' },
    generation: { type: 'integer', description: 'Counts changes of the desired state.' },
    creationTimestamp: { type: 'string', description: 'When it was created.' },
    deletionTimestamp: { type: 'string', description: 'When it is to be gone.' },
    deletionGracePeriodSeconds: {
      type: 'integer',
      description: 'How long it may take to wind up.',
    },
    selfLink: { type: 'string', description: 'Not filled in any more.' },
  },
};

/** The schema of a whole object: what a kind says of its own, and what all objects have. */
export function wholeSchema(schema: OpenApi): OpenApi {
  const { metadata, ...own } = schema.properties ?? {};
  const isOwn = metadata?.properties !== undefined;
  return {
    ...schema,
    properties: {
      apiVersion: { type: 'string' },
      kind: { type: 'string' },
      metadata: isOwn ? { ...METADATA, allOf: [metadata] } : METADATA,
      ...own,
    },
  };
}

/** Which names a kind allows. */
export type NameRule = 'subdomain' | 'label' | 'service' | 'path';

interface Form {
  readonly pattern: RegExp;
  readonly longest: number;
  readonly text: string;
}

const LABEL_TEXT =
  "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end " +
  "with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is " +
  "'[a-z0-9]([-a-z0-9]*[a-z0-9])?')";

const FORMS: Readonly<Record<NameRule, Form>> = {
  subdomain: {
    pattern: /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/,
    longest: 253,
    text:
      'a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, ' +
      "'-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', " +
      'regex used for validation is ' +
      String.raw`'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')`,
  },
  label: { pattern: /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/, longest: 63, text: LABEL_TEXT },
  service: {
    pattern: /^[a-z]([-a-z0-9]*[a-z0-9])?$/,
    longest: 63,
    text:
      "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with " +
      "an alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or " +
      "'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')",
  },
  path: { pattern: /^(?!\.{1,2}$)[^/%]+$/, longest: 253, text: "may not contain '/' or '%'" },
};

function invalid(field: string, value: unknown, text: string): FieldProblem {
  const message = `Invalid value: ${JSON.stringify(value)}: ${text}`;
  return { field, reason: 'FieldValueInvalid', message };
}

/** What is wrong with a name. */
export function nameProblems(field: string, name: string, rule: NameRule): FieldProblem[] {
  const { pattern, longest, text } = FORMS[rule];
  const found: FieldProblem[] = [];
  if (name.length > longest) {
    found.push(invalid(field, name, `must be no more than ${longest} bytes`));
  }
  if (!pattern.test(name)) found.push(invalid(field, name, text));
  return found;
}

const QUALIFIED = /^([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]$/;
const QUALIFIED_TEXT =
  "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end " +
  "with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for " +
  "validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";

/** What is wrong with a key of labels, annotations or finalizers: `[prefix/]name`. */
function keyProblems(field: string, key: string): FieldProblem[] {
  const parts = key.split('/');
  const name = parts.at(-1) ?? '';
  if (parts.length > 2) {
    const text = "a qualified name must consist of alphanumeric characters, '-', '_' or '.'";
    return [invalid(field, key, `${text} with an optional DNS subdomain prefix and '/'`)];
  }
  const [prefix] = parts.length === 2 ? parts : [undefined];
  if (prefix === '') return [invalid(field, key, 'prefix part must be non-empty')];
  if (prefix !== undefined && !FORMS.subdomain.pattern.test(prefix)) {
    return [invalid(field, key, `prefix part ${FORMS.subdomain.text}`)];
  }
  if (name === '') return [invalid(field, key, 'name part must be non-empty')];
  if (name.length > 63) return [invalid(field, key, 'name part must be no more than 63 bytes')];
  return QUALIFIED.test(name) ? [] : [invalid(field, key, QUALIFIED_TEXT)];
}

/** What is wrong with labels. */
export function labelProblems(
  field: string,
  labels: Readonly<Record<string, string>> = {},
): FieldProblem[] {
  return Object.entries(labels).flatMap(([key, value]) => {
    const found = keyProblems(field, key);
    if (value.length > 63) found.push(invalid(field, value, 'must be no more than 63 bytes'));
    if (value !== '' && !QUALIFIED.test(value)) {
      const text =
        "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' " +
        "or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or " +
        "'my_value',  or '12345', regex used for validation is " +
        "'(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";
      found.push(invalid(field, value, text));
    }
    return found;
  });
}

const LARGEST_ANNOTATIONS = 262_144;
const STANDARD_FINALIZERS: ReadonlySet<string> = new Set([
  'kubernetes',
  'orphan',
  'foregroundDeletion',
]);

/** What is wrong with the metadata of an object that has its name already. */
export function metadataProblems(metadata: ObjectMeta, isCustom: boolean): readonly FieldProblem[] {
  const { labels, annotations = {}, finalizers = [] } = metadata;
  const found = labelProblems('metadata.labels', labels);
  let size = 0;
  for (const [key, value] of Object.entries(annotations)) {
    size += key.length + value.length;
    found.push(...keyProblems('metadata.annotations', key.toLowerCase()));
  }
  if (size > LARGEST_ANNOTATIONS) {
    const message = `Too long: may not be more than ${LARGEST_ANNOTATIONS} bytes`;
    found.push({ field: 'metadata.annotations', reason: 'FieldValueTooLong', message });
  }
  for (const finalizer of finalizers) {
    found.push(...keyProblems('metadata.finalizers', finalizer));
    if (isCustom || finalizer.includes('/') || STANDARD_FINALIZERS.has(finalizer)) continue;
    const text = 'name is neither a standard finalizer name nor is it fully qualified';
    found.push(invalid('metadata.finalizers', finalizer, text));
  }
  return [...found, ...ownerProblems(metadata)];
}

function ownerProblems({ ownerReferences = [] }: ObjectMeta): readonly FieldProblem[] {
  const controllers = ownerReferences.filter(({ controller }) => controller === true);
  if (controllers.length < 2) return [];
  const [first, second] = controllers.map(({ kind, name }) => `${kind}/${name}`);
  const text =
    'Only one reference can have Controller set to true. Found "true" in references for ' +
    `${first} and ${second}`;
  const shown = controllers.map(({ apiVersion, kind, name, uid }) => ({
    apiVersion,
    kind,
    name,
    uid,
  }));
  return [invalid('metadata.ownerReferences', shown, text)];
}
