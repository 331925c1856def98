// All commands, under either name of the program.
import type { Group } from './command.ts';
import { completeCommand } from './commands/complete.ts';
import { COMPLETION } from './commands/completion.ts';
import { CONTROLLER } from './commands/controller.ts';
import { DEMO } from './commands/demo.ts';
import { GET_EXPERIMENT, GET_ROLLOUT } from './commands/get.ts';
import { helpCommand } from './commands/help.ts';
import { INSTALL } from './commands/install.ts';
import { CREATE, DASHBOARD, LINT, NOTIFICATIONS } from './commands/later.ts';
import { LIST_EXPERIMENTS, LIST_ROLLOUTS } from './commands/list.ts';
import {
  ABORT,
  PAUSE,
  RESTART,
  RETRY_EXPERIMENT,
  RETRY_ROLLOUT,
  TERMINATE_EXPERIMENT,
  TERMINATE_RUN,
} from './commands/patching.ts';
import { PROMOTE } from './commands/promote.ts';
import { SANDBOX } from './commands/sandbox.ts';
import { SET_IMAGE } from './commands/set-image.ts';
import { STATUS } from './commands/status.ts';
import { TRAFFIC } from './commands/traffic.ts';
import { UNDO } from './commands/undo.ts';
import { VERSION, versionText } from './commands/version.ts';

export type ProgramName = 'slipway' | 'kubectl-argo-rollouts';

function group(name: string, args: string, short: string, children: Group['children']): Group {
  return { kind: 'group', name, args, short, children };
}

/** The commands of kubectl's plugin; `slipway` has its own beside them. */
export function rootCommand(name: ProgramName): Group {
  const own = name === 'slipway' ? [CONTROLLER, INSTALL, SANDBOX, DEMO, TRAFFIC] : [];
  const root: Group = {
    kind: 'group',
    name,
    args: 'COMMAND',
    ...(name === 'slipway' ? { version: versionText() } : {}),
    short: 'Manage rollouts',
    long:
      'This command consists of multiple subcommands which can be used to manage rollouts' +
      (name === 'slipway' ? ', to run the controller, and to try both without a cluster.' : '.'),
    example:
      '# Get details and status of a rollout\nkubectl argo rollouts get rollout guestbook\n\n' +
      '# Promote a rollout\nkubectl argo rollouts promote guestbook',
    children: [
      ...own,
      ABORT,
      COMPLETION,
      completeCommand(() => root),
      CREATE,
      DASHBOARD,
      group(
        'get',
        '<rollout|experiment> RESOURCE_NAME',
        'Get details about rollouts and experiments',
        [GET_EXPERIMENT, GET_ROLLOUT],
      ),
      helpCommand(() => root),
      LINT,
      group('list', '<rollout|experiment>', 'List rollouts or experiments', [
        LIST_EXPERIMENTS,
        LIST_ROLLOUTS,
      ]),
      NOTIFICATIONS,
      PAUSE,
      PROMOTE,
      RESTART,
      group('retry', '<rollout|experiment> RESOURCE_NAME', 'Retry a rollout or experiment', [
        RETRY_EXPERIMENT,
        RETRY_ROLLOUT,
      ]),
      group('set', 'COMMAND', 'Update various values on resources', [SET_IMAGE]),
      STATUS,
      group(
        'terminate',
        '<analysisrun|experiment> RESOURCE_NAME',
        'Terminate an AnalysisRun or Experiment',
        [TERMINATE_EXPERIMENT, TERMINATE_RUN],
      ),
      UNDO,
      VERSION,
    ],
  };
  return root;
}
