// Flags of leader election (operations.md 1), apart from what they need when they are used.
import type { Flag } from './command.ts';
import { bool } from './flags.ts';

function duration(name: string, byDefault: string, usage: string): Flag {
  return { name, type: 'duration', default: byDefault, usage };
}

export const LEASE_DURATION = 'leader-election-lease-duration';
export const RENEW_DEADLINE = 'leader-election-renew-deadline';
export const RETRY_PERIOD = 'leader-election-retry-period';

export const LEADING: readonly Flag[] = [
  bool('leader-elect', 'Act only while this controller holds the Lease', true),
  duration(LEASE_DURATION, '15s', 'How long a Lease holds that its holder does not renew'),
  duration(RENEW_DEADLINE, '10s', 'How long the leader tries to renew it before it gives up'),
  duration(RETRY_PERIOD, '2s', 'Time between two tries to get or to renew it'),
];
