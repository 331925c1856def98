import { describe, expect, it } from 'vitest';
import { parseInstant } from '../lib/time.ts';
import { signed } from './sigv4.ts';

/** Keys, moment and signatures of AWS' own test suite for Signature Version 4. */
const SIGNING = {
  keys: {
    accessKeyId: 'AKIDEXAMPLE',
    secretAccessKey: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY',
  },
  region: 'us-east-1',
  service: 'service',
  now: parseInstant('2015-08-30T12:36:00Z') ?? 0,
} as never;

const SCOPE = 'AKIDEXAMPLE/20150830/us-east-1/service/aws4_request';

describe("a request's signature for AWS", () => {
  it.each([
    {
      reason: 'get-vanilla',
      url: 'https://example.amazonaws.com/',
      call: { method: 'GET', headers: {} },
      names: 'host;x-amz-date',
      signature: '5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31',
    },
    {
      reason: 'get-vanilla-query-order-key-case',
      url: 'https://example.amazonaws.com/?Param2=value2&Param1=value1',
      call: { method: 'GET', headers: {} },
      names: 'host;x-amz-date',
      signature: 'b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500',
    },
    {
      reason: 'post-x-www-form-urlencoded',
      url: 'https://example.amazonaws.com/',
      call: {
        method: 'POST',
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
        body: 'Param1=value1',
      },
      names: 'content-type;host;x-amz-date',
      signature: 'ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a',
    },
  ] as const)('is that of $reason', async ({ url, call, names, signature }) => {
    const headers = await signed(url, call, SIGNING);
    expect(headers['x-amz-date']).toBe('20150830T123600Z');
    expect(headers['authorization']).toBe(
      `AWS4-HMAC-SHA256 Credential=${SCOPE}, SignedHeaders=${names}, Signature=${signature}`,
    );
  });
});
