// Commands that stand in the help and are not in this version: they end with 1 and one sentence.
import { CommandError, type Leaf } from '../command.ts';

function later(name: string, short: string, instead: string): Leaf {
  return {
    kind: 'leaf',
    name,
    minArgs: 0,
    maxArgs: Number.POSITIVE_INFINITY,
    short,
    long: `${short}. Not in this version of Slipway yet: ${instead}.`,
    flags: [],
    // Theirs are not known here; what was meant is told all the same.
    unknownFlags: 'ignored',
    run: () =>
      Promise.reject(new CommandError(`${name} is not in this version of Slipway yet: ${instead}`)),
  };
}

export const CREATE = later(
  'create',
  'Create a Rollout, Experiment, AnalysisTemplate, ClusterAnalysisTemplate, or AnalysisRun resource',
  'use kubectl create -f',
);
export const LINT = later(
  'lint',
  'Lint and validate a Rollout',
  'use kubectl apply --dry-run=server',
);
export const DASHBOARD = later('dashboard', 'Start UI dashboard', 'use get rollout -w');
export const NOTIFICATIONS = later(
  'notifications',
  'Set of CLI commands that helps manage notifications settings',
  'use kubectl get events',
);
