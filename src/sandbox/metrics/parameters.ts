// Times and durations in the parameters of Prometheus' API, and what it answers when they are wrong.
import { parseInstant } from '../../lib/time.ts';
import { parseFloatLikeGo, readDuration } from './promql/literals.ts';
import { quoted } from './promql/quote.ts';
import { roundedAway } from './promql/shift.ts';

export interface ApiProblem {
  readonly status: number;
  readonly type: 'bad_data' | 'execution' | 'timeout';
  readonly message: string;
}

/** Why a request gets no answer. Thrown by what reads a request, caught where the response is made. */
export class ParameterError extends Error {
  readonly problem: ApiProblem;

  constructor(problem: ApiProblem) {
    super(problem.message);
    this.name = 'ParameterError';
    this.problem = problem;
  }
}

export function badData(message: string, ...[parameter]: readonly string[]): ParameterError {
  const text =
    parameter === undefined ? message : `invalid parameter ${quoted(parameter)}: ${message}`;
  return new ParameterError({ status: 400, type: 'bad_data', message: text });
}

/** Milliseconds in 64 bits end here. */
const MAX_TIME = 2 ** 63 / 1000;

/** Milliseconds of a unix time in seconds, or of an RFC 3339 time. `context` precedes the error. */
export function timeOfText(text: string, parameter: string, context = ''): number {
  const seconds = parseFloatLikeGo(text);
  if (seconds !== undefined && Math.abs(seconds) < MAX_TIME) {
    const whole = Math.trunc(seconds);
    return whole * 1000 + roundedAway((seconds - whole) * 1000);
  }
  const instant = parseInstant(text);
  if (instant !== undefined) return instant;
  const message = `cannot parse ${quoted(text)} to a valid timestamp`;
  throw badData(context === '' ? message : `${context}: ${message}`, parameter);
}

const MAX_SECONDS = 2 ** 63 / 1e9;

/** Milliseconds of a number of seconds, or of a duration as in PromQL. */
export function durationOf(text: string, parameter: string): number {
  const seconds = parseFloatLikeGo(text);
  const shown = quoted(text);
  if (seconds !== undefined) {
    if (Number.isNaN(seconds)) return 0;
    if (Math.abs(seconds) < MAX_SECONDS) return Math.trunc(seconds * 1e9) / 1e6;
    throw badData(`cannot parse ${shown} to a valid duration. It overflows int64`, parameter);
  }
  const read = readDuration(text);
  if (read.ok) return read.value;
  throw badData(`cannot parse ${shown} to a valid duration`, parameter);
}
