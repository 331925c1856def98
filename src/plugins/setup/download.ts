// Files from the web, over redirects. Entry point: `download`.
import { readAll } from '../../lib/bytes.ts';
import type { Cancel, Headers, Transport } from '../../lib/ports.ts';
import { PluginSettingsError } from './settings.ts';

/** A transport to a server's root. */
export type Connect = (server: string, options: { readonly insecure: boolean }) => Transport;

const REDIRECTS = 10;

// Part of the WHATWG URL standard; the shape that is needed here, as the pure folders compile without a DOM.
declare const URL: new (
  text: string,
  base?: string,
) => { readonly origin: string; readonly protocol: string; pathname: string; search: string };

/** The whole file. Headers go to the server that they were meant for only. Throws a `PluginSettingsError`. */
export async function download(
  connect: Connect,
  location: string,
  { headers, cancel }: { readonly headers: Headers; readonly cancel: Cancel },
): Promise<Uint8Array> {
  const first = new URL(location).origin;
  let target = location;
  for (let turn = 0; turn <= REDIRECTS; turn += 1) {
    const { origin, pathname, search } = new URL(target);
    const answer = await connect(origin, { insecure: false })({
      method: 'GET',
      path: `${pathname}${search}`,
      headers: origin === first ? headers : {},
      cancel,
    });
    const next = answer.headers['location'];
    const body = await readAll(answer.body);
    if (answer.status >= 200 && answer.status < 300) return body;
    if (answer.status < 300 || answer.status >= 400 || next === undefined) {
      throw new PluginSettingsError(
        `failed to download file from ${location}: response code ${answer.status}`,
      );
    }
    const to = new URL(next, target);
    if (to.protocol !== 'https:' && target.startsWith('https:')) {
      throw new PluginSettingsError(
        `failed to download file from ${location}: it leads to ${to.origin}, which is not https`,
      );
    }
    target = `${to.origin}${to.pathname}${to.search}`;
  }
  throw new PluginSettingsError(`failed to download file from ${location}: too many redirects`);
}
