// Why a measurement had no data: where it is kept, and how it is told. An addition of ours to what the reference writes.

/** Key of a measurement's metadata: which label of the query has no such value, and which values there are. */
export const NO_DATA = 'NoData';

export interface Absence {
  readonly metric: string;
  /** RFC 3339. */
  readonly at: string;
  readonly reason: string;
  readonly query: string;
}

const LONGEST_QUERY = 300;

/** One sentence and the query in one line, as Events and `get` show it. */
export function absenceText({ metric, at, reason, query }: Absence): string {
  const line = query.replaceAll(/\s+/g, ' ').trim();
  const short = line.length > LONGEST_QUERY ? `${line.slice(0, LONGEST_QUERY)}...` : line;
  return `metric ${JSON.stringify(metric)} had no data at ${at}: ${reason}; query: ${short}`;
}
