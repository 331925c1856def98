// curl's `-w`: variables of a finished transfer.
import type { Headers } from '../../lib/ports.ts';

/** A transfer that is over, whether it succeeded or not. */
export interface Transfer {
  readonly url: string;
  readonly method: string;
  readonly scheme: string;
  readonly port: number;
  /** 0: no answer came. */
  readonly status: number;
  readonly headers: Headers;
  readonly headerBytes: number;
  readonly bodyBytes: number;
  readonly sentBytes: number;
  readonly redirects: number;
  readonly redirectUrl: string;
  /** From the beginning: to the answer's first byte, and to its end. */
  readonly firstMs: number;
  readonly totalMs: number;
  readonly code: number;
  readonly error: string;
}

function seconds(ms: number): string {
  return (ms / 1000).toFixed(6);
}

function variable(name: string, transfer: Transfer): string | undefined {
  const hasAnswer = transfer.status > 0;
  const known: Readonly<Record<string, string>> = {
    http_code: String(transfer.status).padStart(3, '0'),
    response_code: String(transfer.status).padStart(3, '0'),
    http_connect: '000',
    http_version: hasAnswer ? '1.1' : '0',
    content_type: transfer.headers['content-type'] ?? '',
    url: transfer.url,
    url_effective: transfer.url,
    method: transfer.method,
    scheme: transfer.scheme.toUpperCase(),
    remote_port: hasAnswer ? String(transfer.port) : '0',
    num_connects: hasAnswer ? '1' : '0',
    num_headers: String(Object.keys(transfer.headers).length),
    num_redirects: String(transfer.redirects),
    redirect_url: transfer.redirectUrl,
    size_download: String(transfer.bodyBytes),
    size_header: String(transfer.headerBytes),
    size_upload: String(transfer.sentBytes),
    speed_download: String(
      Math.round(transfer.bodyBytes / Math.max(0.001, transfer.totalMs / 1000)),
    ),
    time_namelookup: seconds(0),
    time_connect: seconds(0),
    time_appconnect: seconds(0),
    time_pretransfer: seconds(0),
    time_redirect: seconds(0),
    time_starttransfer: seconds(transfer.firstMs),
    time_total: seconds(transfer.totalMs),
    exitcode: String(transfer.code),
    errormsg: transfer.error,
    onerror: '',
  };
  return known[name];
}

const ESCAPES: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', '\\': '\\' };

/** The text, and the variables that curl does not know either. */
export function writtenOut(
  format: string,
  transfer: Transfer,
): { readonly text: string; readonly unknown: readonly string[] } {
  const unknown: string[] = [];
  const text = format.replaceAll(
    /%%|%header\{([^}]*)\}|%\{([^}]*)\}|\\(.)/gs,
    (whole, header?: string, name?: string, escape?: string) => {
      if (whole === '%%') return '%';
      if (header !== undefined) return transfer.headers[header.toLowerCase()] ?? '';
      if (escape !== undefined) return ESCAPES[escape] ?? whole;
      const value = variable(name ?? '', transfer);
      if (value === undefined) unknown.push(name ?? '');
      return value ?? '';
    },
  );
  return { text, unknown };
}
