// Flags for how much the API server may be asked, apart from what they need when they are used.
import type { Flag } from './command.ts';
import { int } from './flags.ts';

export const QPS = 'qps';
export const BURST = 'burst';

export const BUDGET_FLAGS: readonly Flag[] = [
  int(QPS, '40', 'Requests a second for each of three groups of kinds (shared), and for Events'),
  int(BURST, '80', 'Requests at once after a rest, for each as with --qps'),
];
