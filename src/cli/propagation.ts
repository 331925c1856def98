// The flag for how late proxies may learn of a change; one for all commands that run the controller.
import { type Duration, parseDuration } from '../lib/time.ts';
import { CommandError, type Context, type Flag } from './command.ts';

const NAME = 'propagation-delay';

export const PROPAGATION_DELAY: Flag = {
  name: NAME,
  type: 'duration',
  default: '5s',
  usage: 'How late a proxy of the mesh may learn of a change; 0s trusts that it knows at once',
};

export function propagationDelayOf({ flags }: Context): Duration {
  const value = flags.text(NAME);
  const parsed = parseDuration(value);
  if (!parsed.ok) throw new CommandError(`--${NAME} ${value}: ${parsed.error}`);
  if (parsed.duration < 0) throw new CommandError(`--${NAME} ${value}: it is 0s or longer`);
  return parsed.duration;
}
