// Responses as the API server gives them.
import { bodyOf, utf8 } from '../../lib/bytes.ts';
import type { Body, HttpResponse } from '../../lib/ports.ts';

export const JSON_TYPE = 'application/json';

export function answer(
  status: number,
  document: unknown,
  headers: Readonly<Record<string, string>> = {},
): HttpResponse {
  const bytes = utf8(`${JSON.stringify(document)}\n`);
  return {
    status,
    headers: { 'content-type': JSON_TYPE, 'content-length': String(bytes.length), ...headers },
    body: bodyOf(bytes),
  };
}

export function streamed(body: Body, contentType: string): HttpResponse {
  return { status: 200, headers: { 'content-type': contentType }, body };
}

export function plain(status: number, text: string, contentType = 'text/plain'): HttpResponse {
  const bytes = utf8(text);
  return {
    status,
    headers: { 'content-type': contentType, 'content-length': String(bytes.length) },
    body: bodyOf(bytes),
  };
}
