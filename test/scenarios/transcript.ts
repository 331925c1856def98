// Transcripts without what differs from run to run: ages, random suffixes, how many measurements had been taken.

const SUFFIX = /-[bcdfghjklmnpqrstvwxz2456789]{5}(?= Pod\b)/;
const AGE = / (?:\d+[smhdy])+(?= |$)/g;
const COUNT = /([✔✖?⚠]) \d+$/;

/** Lines that are compared. */
export function comparableLines(transcript: string): readonly string[] {
  return transcript
    .split('\n')
    .map((line) => line.replace(/\s+/g, ' ').trim())
    .map((line) =>
      line.replace(SUFFIX, '-<rand>').replace(AGE, ' <age>').replace(COUNT, '$1 <count>'),
    )
    .filter((line) => line !== '');
}

/** What commands print that the document leaves out. */
const OWN = [
  /^rollout\.argoproj\.io\/\S+ created$/,
  /^service\/\S+ created$/,
  /^virtualservice\.networking\.istio\.io\/\S+ created$/,
  /^destinationrule\.networking\.istio\.io\/\S+ created$/,
  /^analysistemplate\.argoproj\.io\/\S+ created$/,
  /^rollout "\S+" image updated$/,
  /^rollout '\S+' retried$/,
];

export function withoutOwn(lines: readonly string[]): readonly string[] {
  return lines.filter((line) => !OWN.some((pattern) => pattern.test(line)));
}

/** The document without the command that it repeats in an output, and without its last command, which comes later. */
export function documentLines(text: string): readonly string[] {
  const lines = text.split('\n');
  const kept = lines.filter(
    (line, index) =>
      !(
        line === 'kubectl argo rollouts get rollout mock-server' && lines[index - 1] === `$ ${line}`
      ) && !line.startsWith('$ kubectl exec '),
  );
  return comparableLines(kept.join('\n'));
}
