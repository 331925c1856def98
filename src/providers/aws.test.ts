// Requests to Amazon's Prometheus are signed: where keys and region come from, seen by what is sent.
import { describe, expect, it } from 'vitest';
import { memoryFiles } from '../../test/support/memory-files.ts';
import { bodyOf, utf8, utf8Text } from '../lib/bytes.ts';
import { cancellation } from '../lib/clock.ts';
import type { HttpRequest } from '../lib/ports.ts';
import { instant } from '../lib/time.ts';
import { measurePrometheus } from './prometheus.ts';
import type { ProviderPorts } from './provider.ts';

const AMAZON = 'https://aps-workspaces.eu-west-1.amazonaws.com/workspaces/ws-1';
const KEYS = { AWS_ACCESS_KEY_ID: 'ENVKEY', AWS_SECRET_ACCESS_KEY: 'secret' };
const EMPTY = { status: 'success', data: { resultType: 'vector', result: [] } };

interface Machine {
  readonly env?: Readonly<Record<string, string>>;
  readonly files?: Readonly<Record<string, string>>;
  readonly sts?: { readonly status: number; readonly body: string };
}

function roleAnswer(id: string): { status: number; body: string } {
  const keys = `<AccessKeyId>${id}</AccessKeyId><SecretAccessKey>s</SecretAccessKey>`;
  return {
    status: 200,
    body: `<R><Credentials>${keys}<SessionToken>tok</SessionToken></Credentials></R>`,
  };
}

async function measured(
  sigv4: { readonly region?: string; readonly profile?: string; readonly roleArn?: string },
  { env = {}, files = {}, sts = roleAnswer('ROLEKEY') }: Machine,
  more: object = {},
) {
  const asked: { readonly host: string; readonly request: HttpRequest }[] = [];
  const ports: ProviderPorts = {
    clock: { now: () => instant(Date.UTC(2026, 0, 2, 3, 4, 5)), at: () => () => undefined },
    env: (name) => ({ HOME: '/me', ...env })[name],
    files: memoryFiles(files),
    connect: (host) => (request) => {
      asked.push({ host, request });
      const isAmazon = host.includes('aps-workspaces');
      const isAgent = host === 'http://169.254.170.23';
      const agent = JSON.stringify({ AccessKeyId: 'PODKEY', SecretAccessKey: 's', Token: 't' });
      const body = isAmazon ? JSON.stringify(EMPTY) : isAgent ? agent : sts.body;
      const status = isAmazon || isAgent ? 200 : sts.status;
      return Promise.resolve({ status, headers: {}, body: bodyOf(utf8(body)) });
    },
  };
  const settings = { address: AMAZON, query: 'up', authentication: { sigv4 }, ...more };
  const result = await measurePrometheus(ports, settings, {
    cancel: cancellation().cancel,
    explainsAbsence: false,
  });
  const signatures = asked.map(({ host, request }) => {
    const scope = /Credential=(\S+)\/aws4_request/.exec(
      request.headers['authorization'] ?? '',
    )?.[1];
    return `${host.replace(/^https?:\/\//, '')} ${scope ?? 'unsigned'}`;
  });
  return { result, asked, signatures };
}

const HOST = 'aps-workspaces.eu-west-1.amazonaws.com';

describe("a query to Amazon's Prometheus", () => {
  it('is signed with the keys of the environment for the region of the metric', async () => {
    const { result, asked, signatures } = await measured(
      { region: 'eu-west-1' },
      { env: { ...KEYS, AWS_REGION: 'us-east-1' } },
    );
    expect(result.error).toBeUndefined();
    expect(signatures).toEqual([`${HOST} ENVKEY/20260102/eu-west-1/aps`]);
    expect(asked[0]?.request.headers['x-amz-date']).toBe('20260102T030405Z');
    expect(asked[0]?.request.headers).not.toHaveProperty('host');
  });

  it.each([
    {
      reason: 'of the environment',
      env: { ...KEYS, AWS_REGION: 'us-east-1' },
      region: 'us-east-1',
    },
    {
      reason: 'of the environment by its other name',
      env: { ...KEYS, AWS_DEFAULT_REGION: 'us-east-2' },
      region: 'us-east-2',
    },
  ])('the region can be $reason', async ({ env, region }) => {
    const { signatures } = await measured({ roleArn: 'arn' }, { env });
    expect(signatures).toEqual([
      `sts.${region}.amazonaws.com ENVKEY/20260102/${region}/sts`,
      `${HOST} ROLEKEY/20260102/${region}/aps`,
    ]);
  });

  it('the session of temporary keys goes with it', async () => {
    const env = { ...KEYS, AWS_SESSION_TOKEN: 'session' };
    const { asked } = await measured({ region: 'r' }, { env });
    expect(asked[0]?.request.headers['x-amz-security-token']).toBe('session');
  });

  it('a profile is read from the shared files and counts before the environment', async () => {
    const files = {
      '/me/.aws/credentials':
        '[ops]\naws_access_key_id = OPSKEY\naws_secret_access_key = s\n[default]\naws_access_key_id=NO\n',
      '/me/.aws/config': '[profile ops]\nregion = eu-north-1\n',
    };
    const { signatures } = await measured({ profile: 'ops' }, { env: KEYS, files });
    expect(signatures).toEqual([`${HOST} OPSKEY/20260102/eu-north-1/aps`]);
  });

  it('a role is taken on with the keys at hand', async () => {
    const { asked } = await measured(
      { region: 'r', roleArn: 'arn:aws:iam::1:role/x' },
      { env: KEYS },
    );
    expect(utf8Text(asked[0]?.request.body ?? new Uint8Array())).toBe(
      'Action=AssumeRole&Version=2011-06-15&RoleArn=arn%3Aaws%3Aiam%3A%3A1%3Arole%2Fx&RoleSessionName=slipway',
    );
    expect(asked[1]?.request.headers['x-amz-security-token']).toBe('tok');
  });

  it("a pod's identity is given for the keys of its role", async () => {
    const env = { AWS_WEB_IDENTITY_TOKEN_FILE: '/token', AWS_ROLE_ARN: 'arn' };
    const { asked, signatures } = await measured(
      { region: 'r' },
      { env, files: { '/token': 'jwt\n' } },
    );
    expect(signatures).toEqual(['sts.r.amazonaws.com unsigned', `${HOST} ROLEKEY/20260102/r/aps`]);
    expect(utf8Text(asked[0]?.request.body ?? new Uint8Array())).toContain('WebIdentityToken=jwt');
  });

  it('the agent beside a container gives keys', async () => {
    const env = {
      AWS_CONTAINER_CREDENTIALS_FULL_URI: 'http://169.254.170.23/v1/credentials',
      AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: '/token',
    };
    const { asked, signatures } = await measured(
      { region: 'r' },
      { env, files: { '/token': 'jwt' } },
    );
    expect(signatures[1]).toBe(`${HOST} PODKEY/20260102/r/aps`);
    expect(asked[0]?.request.headers['authorization']).toBe('jwt');
  });

  it.each([
    {
      reason: 'the address is not of Amazon',
      sigv4: { region: 'r' },
      more: { address: 'http://prom' },
    },
    { reason: 'the metric says nothing', sigv4: {}, more: {} },
    {
      reason: 'an own header takes its place',
      sigv4: { region: 'r' },
      more: { headers: [{ key: 'Authorization', value: 'mine' }] },
    },
  ])('is not signed when $reason', async ({ sigv4, more }) => {
    const { signatures } = await measured(sigv4, { env: KEYS }, more);
    expect(signatures).toHaveLength(1);
    expect(signatures[0]).toMatch(/ unsigned$/);
  });

  it.each([
    {
      reason: 'there is no region',
      sigv4: { roleArn: 'arn' },
      machine: { env: KEYS },
      error: 'region not configured in sigv4 or in default credentials chain',
    },
    {
      reason: 'there are no keys',
      sigv4: { region: 'r' },
      machine: {},
      error:
        'could not get SigV4 credentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, a shared profile, or a web identity',
    },
    {
      reason: 'the profile has none',
      sigv4: { region: 'r', profile: 'gone' },
      machine: { env: KEYS },
      error:
        'could not get SigV4 credentials: the profile has no aws_access_key_id and aws_secret_access_key',
    },
    {
      reason: 'the identity is missing',
      sigv4: { region: 'r' },
      machine: { env: { AWS_WEB_IDENTITY_TOKEN_FILE: '/gone', AWS_ROLE_ARN: 'arn' } },
      error:
        'could not get SigV4 credentials: AWS_WEB_IDENTITY_TOKEN_FILE /gone is missing or empty',
    },
    {
      reason: 'the role is refused',
      sigv4: { region: 'r', roleArn: 'arn' },
      machine: {
        env: KEYS,
        sts: { status: 403, body: '<E><Code>AccessDenied</Code><Message>not you</Message></E>' },
      },
      error: 'could not get SigV4 credentials: AccessDenied: not you',
    },
  ])('is an error when $reason', async ({ sigv4, machine, error }) => {
    expect((await measured(sigv4, machine)).result.error).toBe(error);
  });
});
