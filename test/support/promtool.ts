// Prometheus' own word on an exposition, where its program is installed.
import { spawnSync } from 'node:child_process';

/** Advice about names that are not ours to choose: they are the reference's, or those of Kubernetes. */
const ADVICE =
  /^\S+ (?:counter metrics should have "_total" suffix|no help text|metric names should not contain|use base unit|non-counter metrics should not have)/;

/** What `promtool check metrics` has to say, advice about the reference's names apart; nothing if it is not installed. */
export function promtoolSays(text: string): readonly string[] {
  const { error, stdout, stderr, status } = spawnSync('promtool', ['check', 'metrics'], {
    input: text,
    encoding: 'utf8',
  });
  if (error !== undefined) {
    if ('code' in error && error.code === 'ENOENT') return [];
    throw error;
  }
  const lines = `${stdout}${stderr}`.split('\n').filter((line) => line.trim() !== '');
  const said = lines.filter((line) => !ADVICE.test(line));
  return status === 0 || said.length > 0 || lines.length > 0 ? said : [`status ${status}`];
}
