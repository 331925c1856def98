// The pod template hash and the step hash (rollout.md 2.1, 2.2, 2.7): names and labels of sets follow from them.
import { utf8 } from '../lib/bytes.ts';
import { POD_TEMPLATE_TYPES, type PodTemplateField } from './pod-template-fields.ts';
import { canonicalQuantity } from './quantity.ts';

/** `legacy`: an unset creationTimestamp is written as null (names of new sets); `current`: it is left out. */
export type HashForm = 'legacy' | 'current';

const ALPHABET = 'bcdfghjklmnpqrstvwxz2456789';

function fnv32a(bytes: Uint8Array, start = 2_166_136_261): number {
  let hash = start;
  for (const byte of bytes) hash = Math.imul(hash ^ byte, 16_777_619) >>> 0;
  return hash >>> 0;
}

function encoded(sum: number): string {
  return Array.from(String(sum), (digit) => ALPHABET.charAt(digit.charCodeAt(0) % 27)).join('');
}

/** Hash of a pod template, 1 to 10 characters, with the set's collision count if it has one (even 0). */
export function podTemplateHash(
  template: unknown,
  options: { readonly form: HashForm; readonly collisionCount?: number },
): string {
  return encoded(podTemplateSum(template, options));
}

/** The 32-bit sum behind `podTemplateHash`. */
export function podTemplateSum(
  template: unknown,
  options: { readonly form: HashForm; readonly collisionCount?: number },
): number {
  const sum = fnv32a(utf8(canonicalPodTemplate(template, options.form)));
  if (options.collisionCount === undefined) return sum;
  const count = new Uint8Array(8);
  new DataView(count.buffer).setUint32(0, options.collisionCount, true);
  return fnv32a(count, sum);
}

/** The template in the typed form that is hashed: known members in order, no white space. */
export function canonicalPodTemplate(template: unknown, form: HashForm): string {
  return printStruct('PodTemplateSpec', template, form);
}

/** Hash of a canary's steps; `undefined` (no canary) gives an empty text. */
export function stepsHash(canary: { readonly steps?: unknown } | undefined): string {
  return canary === undefined ? '' : encoded(fnv32a(utf8(canonicalSteps(canary.steps))));
}

type JsonRecord = Readonly<Record<string, unknown>>;

function isRecord(value: unknown): value is JsonRecord {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

// U+2028 and U+2029 end lines in old JavaScript, so Go escapes them like < > and &.
const ESCAPED = /[<>&\u2028\u2029]/g;

function printText(value: string): string {
  // A lone half of a surrogate pair is not UTF-8; Go prints the replacement character for it.
  return JSON.stringify(value.toWellFormed()).replace(ESCAPED, (character) => {
    return String.raw`\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
  });
}

/** Plain JSON with sorted keys and Go's escapes. */
export function printJson(value: unknown): string {
  if (value === undefined || value === null) return 'null';
  if (typeof value === 'string') return printText(value);
  if (Array.isArray(value)) return `[${value.map(printJson).join(',')}]`;
  if (!isRecord(value)) return JSON.stringify(value);
  const members = Object.keys(value).toSorted(byBytes);
  return `{${members.map((key) => `${printText(key)}:${printJson(value[key])}`).join(',')}}`;
}

/** Order of the UTF-8 bytes, which is that of the code points. */
function byBytes(a: string, b: string): number {
  if (a === b) return 0;
  const left = utf8(a);
  const right = utf8(b);
  const at = left.findIndex((byte, index) => byte !== right[index]);
  if (at < 0) return -1;
  return (left[at] ?? 0) - (right[at] ?? -1);
}

function printStruct(type: string, value: unknown, form: HashForm): string {
  const record = isRecord(value) ? value : {};
  const fields = POD_TEMPLATE_TYPES[type] ?? [];
  const members = fields.flatMap((field) => {
    const printed = printField(field, record[field[0]], form);
    return printed === undefined ? [] : [`"${field[0]}":${printed}`];
  });
  // The older form has the unset time first in metadata: its members before are all absent in a template.
  if (type === 'ObjectMeta' && form === 'legacy' && record['creationTimestamp'] == null) {
    const before = members.findIndex(
      (member) =>
        !/^"(name|generateName|namespace|selfLink|uid|resourceVersion|generation)":/.test(member),
    );
    members.splice(before < 0 ? members.length : before, 0, '"creationTimestamp":null');
  }
  return `{${members.join(',')}}`;
}

/** The member's text, or undefined when it is left out. */
function printField(
  [, type, flags]: PodTemplateField,
  value: unknown,
  form: HashForm,
): string | undefined {
  const isOptional = flags.includes('omitempty');
  if (type.startsWith('*')) {
    if (value === undefined || value === null) return isOptional ? undefined : 'null';
    return printValue(type.slice(1), value, form);
  }
  if (isOptional && isEmpty(type, value)) return undefined;
  if (value === undefined || value === null) return absent(type, form);
  return printValue(type, value, form);
}

function isEmpty(type: string, value: unknown): boolean {
  if (POD_TEMPLATE_TYPES[type] !== undefined || type === 'quantity') return false;
  if (value === undefined || value === null || value === '' || value === 0 || value === false)
    return true;
  if (Array.isArray(value)) return value.length === 0;
  return type.startsWith('map<') && isRecord(value) && Object.keys(value).length === 0;
}

function absent(type: string, form: HashForm): string {
  if (type.startsWith('[') || type.startsWith('map<')) return 'null';
  switch (type) {
    case 'string':
      return '""';
    case 'int':
    case 'intOrString':
      return '0';
    case 'bool':
      return 'false';
    case 'quantity':
      return '"0"';
    case 'time':
      return 'null';
    default:
      return printStruct(type, {}, form);
  }
}

function printValue(type: string, value: unknown, form: HashForm): string {
  const item = /^\[(.*)\]$/.exec(type)?.[1];
  if (item !== undefined) {
    const items: readonly unknown[] = Array.isArray(value) ? value : [];
    return `[${items.map((member) => printItem(item, member, form)).join(',')}]`;
  }
  const mapped = /^map<(.*)>$/.exec(type)?.[1];
  if (mapped !== undefined) {
    const record = isRecord(value) ? value : {};
    const keys = Object.keys(record).toSorted(byBytes);
    return `{${keys.map((key) => `${printText(key)}:${printItem(mapped, record[key], form)}`).join(',')}}`;
  }
  return printScalar(type, value, form);
}

function printItem(type: string, value: unknown, form: HashForm): string {
  return value === undefined || value === null ? absent(type, form) : printValue(type, value, form);
}

function printScalar(type: string, value: unknown, form: HashForm): string {
  switch (type) {
    case 'quantity':
      return printText(canonicalQuantity(typeof value === 'number' ? value : String(value)));
    case 'string':
    case 'time':
      return printText(String(value));
    case 'int':
    case 'bool':
    case 'intOrString':
    case 'rawjson':
      return printJson(value);
    default:
      return printStruct(type, value, form);
  }
}

// Members of a step in the order of their serialisation; `struct` ones are printed even when empty.
type StepField = readonly [name: string, type: string, always?: true];

const STEP_TYPES: Readonly<Record<string, readonly StepField[]>> = {
  Step: [
    ['setWeight', 'json'],
    ['pause', 'Pause'],
    ['experiment', 'Experiment'],
    ['analysis', 'Analysis'],
    ['setCanaryScale', 'SetCanaryScale'],
    ['setHeaderRoute', 'SetHeaderRoute'],
    ['setMirrorRoute', 'SetMirrorRoute'],
    ['plugin', 'Plugin'],
  ],
  Pause: [['duration', 'json']],
  Experiment: [
    ['templates', '[Template]', true],
    ['duration', 'text'],
    ['analyses', '[ExperimentAnalysis]'],
    ['dryRun', '[DryRun]'],
    ['analysisRunMetadata', 'Metadata', true],
    ['scaleDownDelaySeconds', 'json'],
  ],
  Template: [
    ['name', 'text', true],
    ['specRef', 'text', true],
    ['replicas', 'json'],
    ['metadata', 'Metadata', true],
    ['selector', 'Selector'],
    ['weight', 'json'],
    ['service', 'NamedService'],
  ],
  NamedService: [['name', 'text']],
  Selector: [
    ['matchLabels', 'map'],
    ['matchExpressions', '[Requirement]'],
  ],
  Requirement: [
    ['key', 'text', true],
    ['operator', 'text', true],
    ['values', 'list'],
  ],
  Metadata: [
    ['labels', 'map'],
    ['annotations', 'map'],
  ],
  ExperimentAnalysis: [
    ['name', 'text', true],
    ['templateName', 'text', true],
    ['clusterScope', 'flag'],
    ['args', '[Argument]'],
    ['requiredForCompletion', 'flag'],
  ],
  Analysis: [
    ['templates', '[TemplateRef]'],
    ['args', '[Argument]'],
    ['dryRun', '[DryRun]'],
    ['measurementRetention', '[Retention]'],
    ['analysisRunMetadata', 'Metadata'],
  ],
  TemplateRef: [
    ['templateName', 'text', true],
    ['clusterScope', 'flag'],
  ],
  Argument: [
    ['name', 'text', true],
    ['value', 'text'],
    ['valueFrom', 'ValueFrom'],
  ],
  ValueFrom: [
    ['podTemplateHashValue', 'json'],
    ['fieldRef', 'FieldRef'],
  ],
  FieldRef: [['fieldPath', 'text', true]],
  DryRun: [['metricName', 'text', true]],
  Retention: [
    ['metricName', 'text', true],
    ['limit', 'number', true],
  ],
  SetCanaryScale: [
    ['weight', 'json'],
    ['replicas', 'json'],
    ['matchTrafficWeight', 'flag'],
  ],
  SetHeaderRoute: [
    ['name', 'text'],
    ['match', '[HeaderMatch]'],
  ],
  HeaderMatch: [
    ['headerName', 'text', true],
    ['headerValue', 'StringMatch|null', true],
  ],
  StringMatch: [
    ['exact', 'text'],
    ['prefix', 'text'],
    ['regex', 'text'],
  ],
  SetMirrorRoute: [
    ['name', 'text', true],
    ['match', '[MirrorMatch]'],
    ['percentage', 'json'],
  ],
  MirrorMatch: [
    ['method', 'StringMatch'],
    ['path', 'StringMatch'],
    ['headers', 'map<StringMatch>'],
  ],
  Plugin: [
    ['name', 'text', true],
    ['config', 'json'],
  ],
};

/** Parts of steps that messages show. */
export type StepPart =
  | 'SetHeaderRoute'
  | 'SetMirrorRoute'
  | 'StringMatch'
  | 'Selector'
  | '[Argument]';

/** The steps as Go prints them; none (or an empty list) is `null`. */
export function canonicalSteps(steps: unknown): string {
  if (!Array.isArray(steps) || steps.length === 0) return 'null';
  return `[${steps.map((step) => printStep('Step', step)).join(',')}]`;
}

/** A part of a step (or a selector) as Go prints it; nothing is `null`. */
export function canonicalStepPart(type: StepPart, value: unknown): string {
  return value === undefined || value === null ? 'null' : printStepMember(type, value);
}

function printStep(type: string, value: unknown): string {
  const record = isRecord(value) ? value : {};
  const members = (STEP_TYPES[type] ?? []).flatMap(([name, field, always]) => {
    const member = record[name];
    if (always !== true && isStepMemberEmpty(field, member)) return [];
    return [`"${name}":${printStepMember(field, member)}`];
  });
  return `{${members.join(',')}}`;
}

function isStepMemberEmpty(field: string, value: unknown): boolean {
  if (value === undefined || value === null) return true;
  if (field === 'text') return value === '';
  if (field === 'flag') return value === false;
  if (Array.isArray(value)) return value.length === 0;
  return field.startsWith('map') && isRecord(value) && Object.keys(value).length === 0;
}

function printStepMember(field: string, value: unknown): string {
  if (field.endsWith('|null')) {
    return value === undefined || value === null ? 'null' : printStep(field.slice(0, -5), value);
  }
  if (field === 'text') return printText(typeof value === 'string' ? value : '');
  if (field === 'number') return printJson(value ?? 0);
  const item = /^\[(.*)\]$/.exec(field)?.[1];
  if (item !== undefined) {
    return Array.isArray(value)
      ? `[${value.map((member) => printStep(item, member)).join(',')}]`
      : 'null';
  }
  if (field === 'map<StringMatch>') {
    const record = isRecord(value) ? value : {};
    const keys = Object.keys(record).toSorted(byBytes);
    return `{${keys.map((key) => `${printText(key)}:${printStep('StringMatch', record[key])}`).join(',')}}`;
  }
  return STEP_TYPES[field] === undefined ? printJson(value) : printStep(field, value);
}
