// Who we are to a server: tokens, passwords, client certificates and whom we act for, as a kubeconfig's user has them.
import { base64, utf8 } from '../lib/bytes.ts';
import type { Files } from '../lib/ports.ts';
import { ConfigError } from './config-error.ts';

/** What goes with one request. */
export interface Credential {
  /** Names in lower case; several values are sent as several lines. */
  readonly headers: Readonly<Record<string, string | readonly string[]>>;
  readonly certPem?: string;
  readonly keyPem?: string;
}

/** Asked anew for each request, since tokens expire. */
export interface Credentials {
  current(): Promise<Credential>;
  /** The server answered 401 to `used`. Gives whether asking anew may help. */
  refused(used: Credential): boolean;
}

/** Always the same. */
export function fixedCredentials(credential: Credential): Credentials {
  return { current: () => Promise.resolve(credential), refused: () => false };
}

export function bearer(token: string): Credential {
  return { headers: { authorization: `Bearer ${token}` } };
}

export function basic(username: string, password: string): Credential {
  return { headers: { authorization: `Basic ${base64(utf8(`${username}:${password}`))}` } };
}

/** A token in a file that others write anew from time to time; while it cannot be read, the last one counts. */
export function fileToken(
  files: Files,
  path: string,
  { where, fallback }: { readonly where: string; readonly fallback?: string },
): Credentials {
  let last = fallback;
  const read = async (): Promise<string | undefined> => {
    try {
      return (await files.read(path))?.trim();
    } catch (error) {
      if (last !== undefined) return last;
      const cause = error instanceof Error ? error.message : String(error);
      const what = `tokenFile ${path} of ${where} cannot be read: ${cause}`;
      throw new ConfigError(`${what}; let this user read it`, { cause: error });
    }
  };
  return {
    current: async () => {
      const text = (await read()) ?? '';
      if (text !== '') last = text;
      if (last !== undefined) return bearer(last);
      throw new ConfigError(
        `tokenFile ${path} of ${where} is missing or empty: put the token there`,
      );
    },
    refused: () => false,
  };
}

export interface Impersonation {
  readonly as?: string;
  readonly uid?: string;
  readonly groups?: readonly string[];
  readonly extra?: Readonly<Record<string, readonly string[]>>;
}

/** Headers by which the server is asked to take us for another. */
export function impersonation({ as = '', uid = '', groups = [], extra = {} }: Impersonation) {
  if (as === '') return {};
  const extras = Object.entries(extra).map(
    ([key, values]) =>
      [`impersonate-extra-${encodeURIComponent(key.toLowerCase())}`, values] as const,
  );
  return {
    'impersonate-user': as,
    ...(uid === '' ? {} : { 'impersonate-uid': uid }),
    ...(groups.length === 0 ? {} : { 'impersonate-group': groups }),
    ...Object.fromEntries(extras),
  };
}

/** `base` with more headers and a client certificate where it has none of its own. */
export function withMore(base: Credentials, more: Credential): Credentials {
  return {
    current: async () => {
      const current = await base.current();
      return { ...more, ...current, headers: { ...current.headers, ...more.headers } };
    },
    refused: (used) => base.refused(used),
  };
}
