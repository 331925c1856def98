// Flags about plugins, for all commands that run the controller.
import { type Duration, parseDuration } from '../lib/time.ts';
import { CommandError, type Context, type Flag } from './command.ts';

const TIMEOUT = 'plugin-timeout';

export const PLUGIN_TIMEOUT: Flag = {
  name: TIMEOUT,
  type: 'duration',
  default: '1m',
  usage: 'How long a plugin may take for one answer',
};

export function pluginTimeoutOf({ flags }: Context): Duration {
  const value = flags.text(TIMEOUT);
  const parsed = parseDuration(value);
  if (!parsed.ok) throw new CommandError(`--${TIMEOUT} ${value}: ${parsed.error}`);
  if (parsed.duration <= 0) throw new CommandError(`--${TIMEOUT} ${value}: it is longer than 0s`);
  return parsed.duration;
}
