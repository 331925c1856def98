// Secrets kept out of what is stored and told: messages, values and metadata of measurements (analysis.md 6.2). The
// reference leaves values and metadata as they are; a resolved query then shows the token that it is asked with.

const STARS = '*****';

/** Every secret replaced by stars, longer ones first, so that one inside another leaves no rest. */
export function redacted(text: string, secrets: readonly string[]): string {
  return secrets
    .flatMap(formsOf)
    .toSorted((a, b) => b.length - a.length)
    .reduce((result, form) => result.replaceAll(form, STARS), text);
}

export function redactedValues(
  values: Readonly<Record<string, string>>,
  secrets: readonly string[],
): Readonly<Record<string, string>> {
  const entries = Object.entries(values);
  return Object.fromEntries(entries.map(([key, value]) => [key, redacted(value, secrets)]));
}

/** A secret as it is, in an address, in a form, and in JSON as JavaScript and Go write it. */
function formsOf(secret: string): readonly string[] {
  if (secret === '') return [];
  const escaped = encodeURIComponent(secret.toWellFormed());
  const quoted = JSON.stringify(secret).slice(1, -1);
  const ofGo = quoted.replace(/[<>&\u2028\u2029]/g, (character) => {
    return String.raw`\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
  });
  return [...new Set([secret, escaped, escaped.replaceAll('%20', '+'), quoted, ofGo])];
}
