// The functions of PromQL (Prometheus 2.42): what they take and what they give.

type ArgumentType = 'scalar' | 'string' | 'vector' | 'matrix';

export interface FunctionSignature {
  readonly name: string;
  readonly args: readonly ArgumentType[];
  /**
   * How many arguments the last type may stand for beyond the others: 0 exactly one, 1 none or one, -1 any number.
   */
  readonly variadic: number;
  readonly result: 'scalar' | 'vector';
}

const OF_VECTOR = words(
  'abs absent acos acosh asin asinh atan atanh ceil cos cosh deg exp floor histogram_count',
  'histogram_sum ln log10 log2 rad sgn sin sinh sort sort_desc sqrt tan tanh timestamp',
);

const OF_RANGE = words(
  'absent_over_time avg_over_time changes count_over_time delta deriv idelta increase irate',
  'last_over_time max_over_time min_over_time present_over_time rate resets stddev_over_time',
  'stdvar_over_time sum_over_time',
);

/** Without an argument they tell about the time of the evaluation. */
const CALENDAR = words('day_of_month day_of_week day_of_year days_in_month hour minute month year');

function words(...lines: readonly string[]): readonly string[] {
  return lines.flatMap((line) => line.split(' '));
}

function signature(
  name: string,
  args: readonly ArgumentType[],
  { variadic = 0, result = 'vector' }: Partial<FunctionSignature> = {},
): readonly [string, FunctionSignature] {
  return [name, { name, args, variadic, result }];
}

const SIGNATURES: ReadonlyMap<string, FunctionSignature> = new Map([
  ...OF_VECTOR.map((name) => signature(name, ['vector'])),
  ...OF_RANGE.map((name) => signature(name, ['matrix'])),
  ...CALENDAR.map((name) => signature(name, ['vector'], { variadic: 1 })),
  signature('clamp', ['vector', 'scalar', 'scalar']),
  signature('clamp_max', ['vector', 'scalar']),
  signature('clamp_min', ['vector', 'scalar']),
  signature('histogram_fraction', ['scalar', 'scalar', 'vector']),
  signature('histogram_quantile', ['scalar', 'vector']),
  signature('holt_winters', ['matrix', 'scalar', 'scalar']),
  signature('label_join', ['vector', 'string', 'string', 'string'], { variadic: -1 }),
  signature('label_replace', ['vector', 'string', 'string', 'string', 'string']),
  signature('pi', [], { result: 'scalar' }),
  signature('predict_linear', ['matrix', 'scalar']),
  signature('quantile_over_time', ['scalar', 'matrix']),
  signature('round', ['vector', 'scalar'], { variadic: 1 }),
  signature('scalar', ['vector'], { result: 'scalar' }),
  signature('time', [], { result: 'scalar' }),
  signature('vector', ['scalar']),
]);

export function signatureOf(name: string): FunctionSignature | undefined {
  return SIGNATURES.get(name);
}

/** Functions whose answer depends on the time of evaluation, even if their arguments do not. */
const TIMED: ReadonlySet<string> = new Set([...CALENDAR, 'predict_linear', 'time', 'timestamp']);

export function dependsOnTime({ name }: FunctionSignature): boolean {
  return TIMED.has(name);
}
