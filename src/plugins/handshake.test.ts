// The first line of a plugin.
import { describe, expect, it } from 'vitest';
import { handshakeOf } from './handshake.ts';

describe('a handshake', () => {
  it.each([
    { line: '1|1|unix|/tmp/plugin1|netrpc', address: { network: 'unix', path: '/tmp/plugin1' } },
    { line: '1|1|unix|/tmp/plugin1', address: { network: 'unix', path: '/tmp/plugin1' } },
    {
      line: '1|1|unix|/tmp/plugin1|netrpc||\r',
      address: { network: 'unix', path: '/tmp/plugin1' },
    },
    {
      line: '1|1|tcp|127.0.0.1:10000|netrpc|',
      address: { network: 'tcp', address: '127.0.0.1', port: 10_000 },
    },
    {
      line: '1|1|tcp|[::1]:10000|netrpc',
      address: { network: 'tcp', address: '::1', port: 10_000 },
    },
  ])('$line says where it listens', ({ line, address }) => {
    expect(handshakeOf(line)).toEqual({ ok: true, address });
  });

  it.each([
    {
      line: '',
      problem: 'its first line is "", not a handshake: is it a plugin for this machine?',
    },
    { line: '2|1|unix|/tmp/p|netrpc', problem: 'it speaks version 2 of go-plugin, not 1' },
    {
      line: '1|2|unix|/tmp/p|netrpc',
      problem: 'it speaks version 2 of its plugin kind, not 1',
    },
    {
      line: '1|1|unix|/tmp/p|grpc',
      problem: 'it speaks grpc, not netrpc: build it with the net/rpc server',
    },
    { line: '1|1|unix|/tmp/p|netrpc|MIIB', problem: 'it wants TLS, which was not asked for' },
    {
      line: '1|1|tcp|localhost|netrpc',
      problem: 'it listens at tcp localhost, not at a unix or tcp address',
    },
  ])('$line is refused', ({ line, problem }) => {
    expect(handshakeOf(line)).toEqual({ ok: false, problem });
  });
});
