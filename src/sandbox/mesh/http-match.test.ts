import { describe, expect, it } from 'vitest';
import { document, head, SHELL } from '../../../test/support/mesh.ts';
import { compileHttpMatch } from './http-match.ts';
import type { Caller, RequestHead } from './plan.ts';
import { fieldOf, type Problem } from './reading.ts';
import { Routed } from './request.ts';

interface Row {
  readonly match: string;
  readonly head?: Partial<RequestHead>;
  readonly caller?: Caller;
  readonly port?: number;
  readonly is: boolean;
  readonly reason: string;
}

const GATEWAY: Caller = {
  kind: 'gateway',
  listener: {
    api: 'istio',
    namespace: 'edge',
    name: 'public',
    port: 443,
    protocol: 'HTTP',
    hosts: ['*'],
  },
};

function holds({ match, caller = SHELL, port = 80, ...row }: Row): boolean {
  const problems: Problem[] = [];
  const compiled = compileHttpMatch(fieldOf(document(match), 'match', problems), 'default');
  const scope = caller.kind === 'gateway' ? 'istio/edge/public' : 'mesh';
  const request = new Routed({ head: head(row.head), caller, scope, port });
  return compiled.applies(request) && compiled.holds(request);
}

const title = '$match with $head: $is ($reason)';

describe('uri', () => {
  it.each<Row>([
    { match: 'uri: {exact: /a}', head: { path: '/a' }, is: true, reason: 'the same' },
    {
      match: 'uri: {exact: /a}',
      head: { path: '/a?x=1' },
      is: true,
      reason: 'the query does not count',
    },
    {
      match: 'uri: {exact: /a}',
      head: { path: '/a/' },
      is: false,
      reason: 'a slash is a character',
    },
    { match: 'uri: {exact: /a}', head: { path: '/A' }, is: false, reason: 'case counts' },
    {
      match: '{uri: {exact: /a}, ignoreUriCase: true}',
      head: { path: '/A' },
      is: true,
      reason: 'asked for',
    },
    { match: 'uri: {prefix: /a}', head: { path: '/abc' }, is: true, reason: 'not by segments' },
    {
      match: 'uri: {prefix: /a/}',
      head: { path: '/a' },
      is: false,
      reason: 'shorter than the prefix',
    },
    {
      match: '{uri: {prefix: /a}, ignoreUriCase: true}',
      head: { path: '/ABC' },
      is: true,
      reason: 'asked for',
    },
    { match: "uri: {regex: '/v[0-9]+'}", head: { path: '/v12' }, is: true, reason: 'whole' },
    {
      match: "uri: {regex: '/v[0-9]+'}",
      head: { path: '/v12/x' },
      is: false,
      reason: 'the end is left over',
    },
    {
      match: "{uri: {regex: '/a'}, ignoreUriCase: true}",
      head: { path: '/A' },
      is: false,
      reason: 'never for regex',
    },
    {
      match: "uri: {regex: '(?=x)'}",
      head: { path: 'x' },
      is: false,
      reason: 'RE2 knows no look-ahead',
    },
    { match: '{}', head: { path: '/any' }, is: true, reason: 'no condition' },
  ])(title, (row) => expect(holds(row)).toBe(row.is));
});

describe('method, scheme and authority', () => {
  it.each<Row>([
    { match: 'method: {exact: POST}', head: { method: 'POST' }, is: true, reason: 'the same' },
    { match: 'method: {exact: POST}', head: { method: 'post' }, is: false, reason: 'case counts' },
    {
      match: "method: {regex: 'GET|HEAD'}",
      head: { method: 'HEAD' },
      is: true,
      reason: 'one of two',
    },
    { match: 'scheme: {exact: https}', is: false, reason: 'it came over http' },
    { match: 'scheme: {exact: http}', is: true, reason: 'the same' },
    { match: 'authority: {exact: mock-server}', is: true, reason: 'as it was sent' },
    {
      match: 'authority: {exact: mock-server}',
      head: { authority: 'mock-server:80' },
      is: false,
      reason: 'the port is part of it',
    },
    {
      match: 'authority: {prefix: mock}',
      head: { authority: 'mock-server:80' },
      is: true,
      reason: 'begins with it',
    },
  ])(title, (row) => expect(holds(row)).toBe(row.is));
});

describe('headers and withoutHeaders', () => {
  const firefox = { headers: { 'x-browser': 'Firefox' } };
  it.each<Row>([
    {
      match: 'headers: {x-browser: {prefix: fox}}',
      head: firefox,
      is: false,
      reason: 'only has it inside',
    },
    {
      match: 'headers: {X-Browser: {exact: Firefox}}',
      head: firefox,
      is: true,
      reason: 'names have no case',
    },
    {
      match: 'headers: {x-browser: {exact: firefox}}',
      head: firefox,
      is: false,
      reason: 'values have',
    },
    {
      match: 'headers: {x-browser: {prefix: Fire}}',
      head: firefox,
      is: true,
      reason: 'begins with it',
    },
    { match: "headers: {x-browser: {regex: '.*fox'}}", head: firefox, is: true, reason: 'whole' },
    { match: 'headers: {x-browser: {}}', head: firefox, is: true, reason: 'it is there' },
    { match: 'headers: {x-browser: {}}', is: false, reason: 'it is not there' },
    {
      match: "headers: {x-browser: {regex: '*'}}",
      head: firefox,
      is: true,
      reason: 'an asterisk asks for presence',
    },
    {
      match: "headers: {x-browser: {regex: '.*'}}",
      is: false,
      reason: 'nothing is not the empty text',
    },
    {
      match: 'headers: {x-browser: {exact: Firefox}, x-b: {exact: y}}',
      head: firefox,
      is: false,
      reason: 'all must hold',
    },
    {
      match: 'headers: {":method": {exact: GET}}',
      is: true,
      reason: 'pseudo-headers can be asked for',
    },
    {
      match: 'withoutHeaders: {x-browser: {exact: Firefox}}',
      head: firefox,
      is: false,
      reason: 'it is there',
    },
    {
      match: 'withoutHeaders: {x-browser: {exact: Opera}}',
      head: firefox,
      is: true,
      reason: 'another value',
    },
    { match: 'withoutHeaders: {x-browser: {exact: Opera}}', is: true, reason: 'no value' },
    { match: 'withoutHeaders: {x-browser: {}}', is: true, reason: 'not there' },
    { match: 'withoutHeaders: {x-browser: {}}', head: firefox, is: false, reason: 'there' },
    {
      match: "withoutHeaders: {x-browser: {regex: '.*'}}",
      is: false,
      reason: 'a missing one counts as empty',
    },
  ])(title, (row) => expect(holds(row)).toBe(row.is));
});

describe('queryParams', () => {
  it.each<Row>([
    {
      match: 'queryParams: {a: {exact: "1"}}',
      head: { path: '/x?b=2&a=1' },
      is: true,
      reason: 'the same',
    },
    {
      match: 'queryParams: {a: {exact: "1"}}',
      head: { path: '/x?a=2&a=1' },
      is: false,
      reason: 'the first counts',
    },
    {
      match: 'queryParams: {a: {exact: "1"}}',
      head: { path: '/x' },
      is: false,
      reason: 'no query',
    },
    { match: 'queryParams: {a: {}}', head: { path: '/x?a' }, is: true, reason: 'it is there' },
    {
      match: 'queryParams: {A: {}}',
      head: { path: '/x?a' },
      is: false,
      reason: 'names have case here',
    },
    {
      match: "queryParams: {a: {regex: '[0-9]+'}}",
      head: { path: '/x?a=12' },
      is: true,
      reason: 'whole',
    },
    {
      match: 'queryParams: {a: {prefix: "1"}}',
      head: { path: '/x?a=12' },
      is: true,
      reason: 'begins with it',
    },
  ])(title, (row) => expect(holds(row)).toBe(row.is));
});

describe('port, source and gateways', () => {
  const other: Caller = { kind: 'pod', namespace: 'other', labels: { run: 'shell', v: '1' } };
  it.each<Row>([
    { match: 'port: 80', port: 80, is: true, reason: 'the same' },
    { match: 'port: 80', port: 81, is: false, reason: 'another' },
    { match: 'sourceLabels: {run: shell}', is: true, reason: 'the caller has it' },
    {
      match: 'sourceLabels: {run: shell, v: "1"}',
      is: false,
      reason: 'the caller has only one of two',
    },
    {
      match: 'sourceLabels: {run: shell, v: "1"}',
      caller: other,
      is: true,
      reason: 'the caller has both',
    },
    { match: 'sourceNamespace: default', is: true, reason: 'the same' },
    { match: 'sourceNamespace: default', caller: other, is: false, reason: 'another' },
    { match: 'gateways: [mesh]', is: true, reason: 'a pod calls' },
    { match: 'gateways: [mesh]', caller: GATEWAY, is: false, reason: 'it came through a gateway' },
    { match: 'gateways: [edge/public]', caller: GATEWAY, is: true, reason: 'that gateway' },
    {
      match: 'gateways: [public]',
      caller: GATEWAY,
      is: false,
      reason: 'short names are of the own namespace',
    },
    {
      match: '{gateways: [mesh], sourceLabels: {no: way}}',
      is: true,
      reason: 'beside gateways labels do not count',
    },
    {
      match: 'sourceLabels: {a: b}',
      caller: GATEWAY,
      is: false,
      reason: 'a gateway has no labels here',
    },
  ])(title, (row) => expect(holds(row)).toBe(row.is));
});

it('what is not known of a match is complained about by its path', () => {
  const problems: Problem[] = [];
  compileHttpMatch(
    fieldOf(document('{uri: {suffix: x}, colour: red}'), 'match', problems),
    'default',
  );
  expect(problems.map(({ reason, path }) => `${reason} ${path}`)).toEqual([
    'FieldNotSupported match.colour',
    'FieldNotSupported match.uri.suffix',
  ]);
});
