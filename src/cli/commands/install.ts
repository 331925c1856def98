// `slipway install`: what a cluster needs to run the controller, as YAML for kubectl (../install/print.ts).
import type { Leaf } from '../command.ts';
import { bool, list, text } from '../flags.ts';
import { versionText } from './version.ts';

/** The name that docs/operations.md gives the image of this version. A tag has no plus sign. */
function ownImage(): string {
  return `slipway:${versionText().replaceAll('+', '-')}`;
}

export const INSTALL: Leaf = {
  kind: 'leaf',
  name: 'install',
  minArgs: 0,
  maxArgs: 0,
  short: 'Print what a cluster needs to run the controller',
  long:
    'Print what a cluster needs to run the controller, as YAML for kubectl apply: the kinds, the rights, and a Deployment ' +
    'of two replicas in the namespace argo-rollouts or that of --namespace. No cluster is asked or changed.',
  example:
    '# Install on the cluster of the current context\n' +
    'slipway install --image registry.example.com/slipway:v1 | kubectl apply -f -\n\n' +
    '# For one namespace only, without anything that belongs to the whole cluster\n' +
    'slipway install --namespaced -n shop --crds none\n\n' +
    '# Let analyses in the namespace shop use Secrets\n' +
    'slipway install --secrets-in shop\n\n' +
    '# A second controller, for what has its instance label\n' +
    'slipway install --instance-id canary --crds none',
  flags: [
    { ...text('image', 'Image of the controller'), default: ownImage() },
    {
      ...text(
        'crds',
        'full checks pod templates, slim is small and does not, none leaves the kinds out',
      ),
      default: 'full',
    },
    bool('namespaced', 'Watch the own namespace only, with no rights beyond it'),
    text('instance-id', 'Drive only objects of this instance, beside controllers of others'),
    list('secrets-in', 'Namespace whose Secrets analyses may use, this flag can be repeated'),
  ],
  // Loaded when it is run: YAML and the kinds are half of a command's start.
  run: async (context) => (await import('../install/print.ts')).printInstall(context),
};
