// Whose signature a request to AWS bears: keys and region from the environment, the shared files, a web identity or the
// container, then perhaps a role. The metadata service of EC2 machines is not asked. Entry point: `awsSession`.
import type { Cancel } from '../lib/ports.ts';
import { formOf } from './http.ts';
import { type Answered, ProviderError, type ProviderPorts, type Send } from './provider.ts';
import { type AwsKeys, signed } from './sigv4.ts';

export interface SigV4Settings {
  readonly region?: string;
  readonly profile?: string;
  readonly roleArn?: string;
}

export interface AwsSession {
  readonly keys: AwsKeys;
  readonly region: string;
}

type Section = Readonly<Record<string, string>>;

interface Asking {
  readonly ports: ProviderPorts;
  readonly send: Send;
  readonly cancel: Cancel;
}

const SESSION_NAME = 'slipway';

/** Throws `ProviderError` when there are no credentials or no region. */
export async function awsSession(settings: SigV4Settings, asking: Asking): Promise<AwsSession> {
  const { env } = asking.ports;
  const wanted = textOf(settings.profile);
  const profile = await profileOf(asking.ports, wanted ?? textOf(env('AWS_PROFILE')) ?? 'default');
  const region =
    textOf(settings.region) ??
    textOf(env('AWS_REGION')) ??
    textOf(env('AWS_DEFAULT_REGION')) ??
    profile['region'];
  if (region === undefined) {
    throw new ProviderError('region not configured in sigv4 or in default credentials chain');
  }
  const role = textOf(settings.roleArn);
  try {
    const keys = await baseKeys(asking, { profile, isChosen: wanted !== undefined, region });
    return {
      keys: role === undefined ? keys : await assumed(asking, { role, keys, region }),
      region,
    };
  } catch (error) {
    if (!(error instanceof ProviderError)) throw error;
    throw new ProviderError(`could not get SigV4 credentials: ${error.message}`, { cause: error });
  }
}

function textOf(text: string | undefined): string | undefined {
  return text === undefined || text === '' ? undefined : text;
}

/** Both shared files' sections of that name; the credentials file counts first. */
async function profileOf({ env, files }: ProviderPorts, name: string): Promise<Section> {
  const home = env('HOME') ?? '';
  const credentials = textOf(env('AWS_SHARED_CREDENTIALS_FILE')) ?? `${home}/.aws/credentials`;
  const config = textOf(env('AWS_CONFIG_FILE')) ?? `${home}/.aws/config`;
  const [first = '', second = ''] = [await files?.read(credentials), await files?.read(config)];
  const section = name === 'default' ? name : `profile ${name}`;
  return { ...sectionOf(second, section), ...sectionOf(first, name) };
}

function sectionOf(text: string, name: string): Section {
  const found: Record<string, string> = {};
  let isIn = false;
  for (const line of text.split('\n')) {
    const [, heading] = /^\s*\[\s*([^\]]*?)\s*\]/.exec(line) ?? [];
    if (heading !== undefined) isIn = heading === name;
    const [, key, value] = /^\s*([\w.-]+)\s*=\s*(.*?)\s*$/.exec(line) ?? [];
    if (isIn && key !== undefined && value !== undefined) found[key.toLowerCase()] = value;
  }
  return found;
}

interface Chosen {
  readonly profile: Section;
  /** The metric names the profile: then the environment does not count. */
  readonly isChosen: boolean;
  readonly region: string;
}

async function baseKeys(asking: Asking, { profile, isChosen, region }: Chosen): Promise<AwsKeys> {
  const { env } = asking.ports;
  const fromEnv = keysOf(
    env('AWS_ACCESS_KEY_ID'),
    env('AWS_SECRET_ACCESS_KEY'),
    env('AWS_SESSION_TOKEN'),
  );
  if (!isChosen && fromEnv !== undefined) return fromEnv;
  const fromFile = keysOf(
    profile['aws_access_key_id'],
    profile['aws_secret_access_key'],
    profile['aws_session_token'],
  );
  if (fromFile !== undefined) return fromFile;
  return (await webIdentity(asking, region)) ?? (await containerKeys(asking)) ?? noKeys(isChosen);
}

function noKeys(isChosen: boolean): never {
  throw new ProviderError(
    isChosen
      ? 'the profile has no aws_access_key_id and aws_secret_access_key'
      : 'set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, a shared profile, or a web identity',
  );
}

function keysOf(id?: string, secret?: string, token?: string): AwsKeys | undefined {
  const accessKeyId = textOf(id);
  const secretAccessKey = textOf(secret);
  if (accessKeyId === undefined || secretAccessKey === undefined) return undefined;
  const sessionToken = textOf(token);
  const pair = { accessKeyId, secretAccessKey };
  return sessionToken === undefined ? pair : { ...pair, sessionToken };
}

/** The service account of a pod (IRSA): its token is given for the keys of a role. */
async function webIdentity(asking: Asking, region: string): Promise<AwsKeys | undefined> {
  const { env, files } = asking.ports;
  const path = textOf(env('AWS_WEB_IDENTITY_TOKEN_FILE'));
  const role = textOf(env('AWS_ROLE_ARN'));
  if (path === undefined || role === undefined) return undefined;
  const token = (await files?.read(path))?.trim() ?? '';
  if (token === '')
    throw new ProviderError(`AWS_WEB_IDENTITY_TOKEN_FILE ${path} is missing or empty`);
  const form = {
    Action: 'AssumeRoleWithWebIdentity',
    Version: '2011-06-15',
    RoleArn: role,
    RoleSessionName: textOf(env('AWS_ROLE_SESSION_NAME')) ?? SESSION_NAME,
    WebIdentityToken: token,
  };
  return roleKeys(await asking.send(stsOf(region), formCall(form), asking.cancel));
}

async function assumed(
  { ports, send, cancel }: Asking,
  {
    role,
    keys,
    region,
  }: { readonly role: string; readonly keys: AwsKeys; readonly region: string },
): Promise<AwsKeys> {
  const url = stsOf(region);
  const call = formCall({
    Action: 'AssumeRole',
    Version: '2011-06-15',
    RoleArn: role,
    RoleSessionName: SESSION_NAME,
  });
  const signing = { keys, region, service: 'sts', now: ports.clock.now() };
  const headers = await signed(url, call, signing);
  return roleKeys(await send(url, { ...call, headers }, cancel));
}

function stsOf(region: string): string {
  return `https://sts.${region}.amazonaws.com/`;
}

function formCall(form: Readonly<Record<string, string>>) {
  const headers = { 'content-type': 'application/x-www-form-urlencoded' };
  return { method: 'POST', headers, body: formOf(form) } as const;
}

function roleKeys({ status, text }: Answered): AwsKeys {
  const of = (name: string) => new RegExp(`<${name}>([^<]*)</${name}>`).exec(text)?.[1];
  const keys = keysOf(of('AccessKeyId'), of('SecretAccessKey'), of('SessionToken'));
  if (status === 200 && keys !== undefined) return keys;
  const cause = of('Message') ?? text.slice(0, 200);
  throw new ProviderError(`${of('Code') ?? `status ${status}`}: ${cause}`);
}

/** What an agent beside the container gives (ECS, EKS Pod Identity). */
async function containerKeys({ ports, send, cancel }: Asking): Promise<AwsKeys | undefined> {
  const url = textOf(ports.env('AWS_CONTAINER_CREDENTIALS_FULL_URI'));
  if (url === undefined) return undefined;
  const path = textOf(ports.env('AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE'));
  const inFile = path === undefined ? undefined : (await ports.files?.read(path))?.trim();
  const token = inFile ?? textOf(ports.env('AWS_CONTAINER_AUTHORIZATION_TOKEN'));
  const headers = token === undefined ? {} : { authorization: token };
  const { status, text } = await send(url, { method: 'GET', headers }, cancel);
  const body = parsed(text);
  const keys = keysOf(body['AccessKeyId'], body['SecretAccessKey'], body['Token']);
  if (status === 200 && keys !== undefined) return keys;
  throw new ProviderError(`${url} answered ${status}: ${text.slice(0, 200)}`);
}

function parsed(text: string): Section {
  try {
    return (JSON.parse(text) ?? {}) as Section;
  } catch {
    // The refusal of something else is told with its text.
    return {};
  }
}
