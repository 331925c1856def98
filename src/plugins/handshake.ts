// What a plugin says about itself before anything else: one line on its standard output (hashicorp/go-plugin).

/** Where a plugin listens. */
export type PluginAddress =
  | { readonly network: 'unix'; readonly path: string }
  | { readonly network: 'tcp'; readonly address: string; readonly port: number };

export type Handshake =
  | { readonly ok: true; readonly address: PluginAddress }
  | { readonly ok: false; readonly problem: string };

/** Names the environment variable by which a plugin knows who started it. */
export const COOKIE = 'ARGO_ROLLOUTS_RPC_PLUGIN';

/** The protocol below, and that of the plugin kinds; each has had one version only. */
const CORE = '1';
export const PROTOCOL = '1';

const LONGEST_QUOTE = 200;

/** Reads `1|1|unix|/tmp/plugin123|netrpc`; the last part may be missing. */
export function handshakeOf(line: string): Handshake {
  const refused = (problem: string): Handshake => ({ ok: false, problem });
  const [
    core = '',
    protocol = '',
    network = '',
    where = '',
    language = 'netrpc',
    certificate = '',
  ] = line.trim().split('|');
  const quoted = JSON.stringify(line.slice(0, LONGEST_QUOTE));
  if (where === '') {
    return refused(
      `its first line is ${quoted}, not a handshake: is it a plugin for this machine?`,
    );
  }
  if (core !== CORE) return refused(`it speaks version ${core} of go-plugin, not ${CORE}`);
  if (protocol !== PROTOCOL) {
    return refused(`it speaks version ${protocol} of its plugin kind, not ${PROTOCOL}`);
  }
  if (language !== 'netrpc' && language !== '') {
    return refused(`it speaks ${language}, not netrpc: build it with the net/rpc server`);
  }
  if (certificate !== '') return refused('it wants TLS, which was not asked for');
  const address = addressOf(network, where);
  return address === undefined
    ? refused(`it listens at ${network} ${where}, not at a unix or tcp address`)
    : { ok: true, address };
}

function addressOf(network: string, where: string): PluginAddress | undefined {
  if (network === 'unix') return { network, path: where };
  const found = /^(?:\[([^\]]+)\]|([^:]+)):(\d+)$/.exec(where);
  if (network !== 'tcp' || found === null) return undefined;
  const [, six, four, port] = found;
  return { network, address: six ?? four ?? '', port: Number(port) };
}
