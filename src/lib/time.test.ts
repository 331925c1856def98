import { describe, expect, it } from 'vitest';
import {
  formatDuration,
  formatInstant,
  formatInstantMicro,
  humanDuration,
  instant,
  milliseconds,
  parseDuration,
  parseInstant,
  seconds,
} from './time.ts';

describe('durations in Go syntax', () => {
  it.each([
    { text: '30s', ms: 30_000 },
    { text: '1h30m', ms: 5_400_000 },
    { text: '-1.5h', ms: -5_400_000 },
    { text: '0', ms: 0 },
    { text: '.5s', ms: 500 },
    { text: '100us', ms: 0.1 },
  ])('$text is $ms ms', ({ text, ms }) => {
    expect(parseDuration(text)).toEqual({ ok: true, duration: ms });
  });

  it.each([
    { text: '', error: 'time: invalid duration ""' },
    { text: '5', error: 'time: missing unit in duration "5"' },
    { text: '1d', error: 'time: unknown unit "d" in duration "1d"' },
    { text: 'x', error: 'time: invalid duration "x"' },
  ])('"$text" is refused in Go words', ({ text, error }) => {
    expect(parseDuration(text)).toEqual({ ok: false, error });
  });

  it.each([
    { ms: 0, text: '0s' },
    { ms: 1500, text: '1.5s' },
    { ms: 120_000, text: '2m0s' },
    { ms: 3_600_500, text: '1h0m0.5s' },
    { ms: -30_000, text: '-30s' },
    { ms: 300, text: '300ms' },
  ])('$ms ms prints as $text', ({ ms, text }) => {
    expect(formatDuration(milliseconds(ms))).toBe(text);
  });
});

describe('ages', () => {
  it.each([
    { s: -2, text: '<invalid>' },
    { s: -1, text: '0s' },
    { s: 119, text: '119s' },
    { s: 120, text: '2m' },
    { s: 135, text: '2m15s' },
    { s: 600, text: '10m' },
    { s: 179 * 60 + 59, text: '179m' },
    { s: 3 * 3600 + 59 * 60, text: '3h59m' },
    { s: 5 * 3600, text: '5h' },
    { s: 47 * 3600, text: '47h' },
    { s: 5 * 86400, text: '5d' },
    { s: 3 * 86400 + 23 * 3600, text: '3d23h' },
    { s: 400 * 86400, text: '400d' },
    { s: (2 * 365 + 40) * 86400, text: '2y40d' },
    { s: 9 * 365 * 86400, text: '9y' },
  ])('$s s is $text', ({ s, text }) => {
    expect(humanDuration(seconds(s))).toBe(text);
  });
});

describe('instants', () => {
  it('reads RFC 3339 with offset and fraction, prints UTC with whole seconds', () => {
    expect(formatInstant(parseInstant('2026-01-02T17:04:05.9+02:00')!)).toBe(
      '2026-01-02T15:04:05Z',
    );
    expect(formatInstantMicro(instant(1_700_000_000_123))).toBe('2023-11-14T22:13:20.123000Z');
  });

  it.each(['', '2026-01-02', 'yesterday', '2026-13-02T00:00:00Z'])('refuses "%s"', (text) => {
    expect(parseInstant(text)).toBeUndefined();
  });
});
