// When traffic ends: after a time, at a moment, or when a Rollout has got somewhere. Entry point: `parseUntil`.
import { type Duration, parseDuration, parseInstant } from '../../lib/time.ts';
import type { Instant } from '../../lib/ports.ts';

export type Until =
  | { readonly kind: 'moment'; readonly at: Instant }
  | { readonly kind: 'duration'; readonly duration: Duration }
  | {
      readonly kind: 'rollout';
      readonly phase: 'Healthy' | 'Degraded' | 'Paused';
      readonly name: string;
    };

export type ParsedUntil =
  | { readonly ok: true; readonly until: Until }
  | { readonly ok: false; readonly error: string };

const PHASES = { healthy: 'Healthy', degraded: 'Degraded', paused: 'Paused' } as const;

export function parseUntil(text: string): ParsedUntil {
  const words = text.trim().split(/\s+/);
  const [first = '', second = '', name = ''] = words;
  if (first === 'rollout') {
    const phase = Object.entries(PHASES).find(([word]) => word === second.toLowerCase())?.[1];
    if (phase !== undefined && name !== '' && words.length === 3) {
      return { ok: true, until: { kind: 'rollout', phase, name } };
    }
    return { ok: false, error: "write it as in 'rollout healthy NAME', or degraded, or paused" };
  }
  const moment = parseInstant(text.trim());
  if (moment !== undefined) return { ok: true, until: { kind: 'moment', at: moment } };
  const duration = parseDuration(text.trim());
  if (duration.ok) return { ok: true, until: { kind: 'duration', duration: duration.duration } };
  return {
    ok: false,
    error: "it is a duration, a time such as 2026-01-02T15:04:05Z, or 'rollout healthy NAME'",
  };
}
