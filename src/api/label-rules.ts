// Which texts may be keys and values of labels, in the words of Kubernetes
// (https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#syntax-and-character-set).
import { utf8 } from '../lib/bytes.ts';

const LONGEST_NAME = 63;
const LONGEST_SUBDOMAIN = 253;

const QUALIFIED_PATTERN = '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]';
const QUALIFIED = new RegExp(`^${QUALIFIED_PATTERN}$`);
const QUALIFIED_RULE =
  "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an " +
  "alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', " +
  `regex used for validation is '${QUALIFIED_PATTERN}')`;

const LABEL_PATTERN = '[a-z0-9]([-a-z0-9]*[a-z0-9])?';
const LABEL = new RegExp(`^${LABEL_PATTERN}$`);
const LABEL_RULE =
  "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and " +
  "must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', " +
  `regex used for validation is '${LABEL_PATTERN}')`;

const SUBDOMAIN_PATTERN = String.raw`${LABEL_PATTERN}(\.${LABEL_PATTERN})*`;
const SUBDOMAIN = new RegExp(`^${SUBDOMAIN_PATTERN}$`);
const SUBDOMAIN_RULE =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or " +
  "'.', and must start and end with an alphanumeric character (e.g. 'example.com', " +
  `regex used for validation is '${SUBDOMAIN_PATTERN}')`;

const VALUE_PATTERN = `(${QUALIFIED_PATTERN})?`;
const VALUE = new RegExp(`^${VALUE_PATTERN}$`);
const VALUE_RULE =
  'a valid label must be an empty string or consist of alphanumeric characters, ' +
  "'-', '_' or '.', and must start and end with an alphanumeric character " +
  `(e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '${VALUE_PATTERN}')`;

function tooLong(text: string, longest: number): readonly string[] {
  return utf8(text).length > longest ? [`must be no more than ${longest} bytes`] : [];
}

/** What is wrong with `[prefix/]name`, the form of keys of labels and annotations. */
export function qualifiedNameProblems(text: string): readonly string[] {
  const parts = text.split('/');
  if (parts.length > 2) {
    const form = "with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')";
    return [`a qualified name ${QUALIFIED_RULE} ${form}`];
  }
  const name = parts.at(-1) ?? '';
  const length = name === '' ? ['must be non-empty'] : tooLong(name, LONGEST_NAME);
  const form = QUALIFIED.test(name) ? [] : [QUALIFIED_RULE];
  return [
    ...(parts.length === 2 ? prefixProblems(parts[0] ?? '') : []),
    ...[...length, ...form].map((problem) => `name part ${problem}`),
  ];
}

function prefixProblems(prefix: string): readonly string[] {
  const found =
    prefix === ''
      ? ['must be non-empty']
      : [
          ...tooLong(prefix, LONGEST_SUBDOMAIN),
          ...(SUBDOMAIN.test(prefix) ? [] : [SUBDOMAIN_RULE]),
        ];
  return found.map((problem) => `prefix part ${problem}`);
}

/** What is wrong with the value of a label. */
export function labelValueProblems(text: string): readonly string[] {
  return [...tooLong(text, LONGEST_NAME), ...(VALUE.test(text) ? [] : [VALUE_RULE])];
}

/** What is wrong with a name that must be one label of a domain name, as those of containers. */
export function dnsLabelProblems(text: string): readonly string[] {
  return [...tooLong(text, LONGEST_NAME), ...(LABEL.test(text) ? [] : [LABEL_RULE])];
}
