// What `slipway install` prints, by its flags. Entry point: `printInstall`.
import { toYaml } from '../../lib/yaml.ts';
import { CommandError, type Context } from '../command.ts';
import { installObjects, type InstallOptions } from './objects.ts';

/** Prints the objects and gives the exit status. Throws `CommandError` for a flag that makes no sense. */
export function printInstall(context: Context): number {
  const objects = installObjects(optionsOf(context));
  context.terminal.out(objects.map(toYaml).join('---\n'));
  return 0;
}

const NAMESPACE = 'argo-rollouts';
const LABEL = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/;

function namespaceOf(value: string, flag: string): string {
  if (LABEL.test(value)) return value;
  const rule = 'up to 63 lower-case letters, digits and dashes, with no dash at either end';
  throw new CommandError(`--${flag} ${JSON.stringify(value)} is no name of a namespace: ${rule}`);
}

/** The longest name is that of the Service, whose prefix and suffix take 22 letters of 63. */
const INSTANCE = /^[a-z0-9]([-a-z0-9]{0,39}[a-z0-9])?$/;
/** Roles of other purposes are called so. */
const TAKEN = /(?:^|-)secrets$|^aggregate-to-/;

function instanceOf({ flags }: Context): string {
  const instance = flags.text('instance-id');
  if (instance === '' || (INSTANCE.test(instance) && !TAKEN.test(instance))) return instance;
  const rule = TAKEN.test(instance)
    ? 'roles of other instances may be called so'
    : 'it becomes part of names, which take up to 41 lower-case letters, digits and dashes, with no dash at either end';
  throw new CommandError(
    `--instance-id ${JSON.stringify(instance)} is no name of an instance: ${rule}`,
  );
}

function crdForm({ flags }: Context): InstallOptions['crds'] {
  const form = flags.text('crds');
  if (form === 'full' || form === 'slim' || form === 'none') return form;
  throw new CommandError(`--crds ${form}: it is full, slim or none`);
}

function imageOf({ flags }: Context): string {
  const image = flags.text('image');
  if (image !== '' && !/\s/.test(image)) return image;
  throw new CommandError(
    `--image ${JSON.stringify(image)} is no image: name one, as in registry.example.com/slipway:v1`,
  );
}

function optionsOf(context: Context): InstallOptions {
  const { flags } = context;
  const namespace = flags.has('namespace') ? flags.text('namespace') : NAMESPACE;
  return {
    namespace: namespaceOf(namespace, 'namespace'),
    image: imageOf(context),
    crds: crdForm(context),
    isNamespaced: flags.bool('namespaced'),
    instance: instanceOf(context),
    secretsIn: [...new Set(flags.list('secrets-in'))].map((one) => namespaceOf(one, 'secrets-in')),
  };
}
