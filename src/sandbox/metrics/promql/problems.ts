// What can be wrong with an expression or its evaluation, in the words and with the positions of Prometheus.
import { utf8 } from '../../../lib/bytes.ts';

/** A mistake in the text of an expression. Thrown inside the parser only; `parse` gives it as a value. */
export class ParseFailure extends Error {
  /** Index in the text at which the mistake begins. */
  readonly start: number;

  constructor(start: number, message: string) {
    super(message);
    this.name = 'ParseFailure';
    this.start = start;
  }
}

/** `1:5: parse error: ...`: line and column, the column counted in bytes as Prometheus does. */
export function parseErrorText(text: string, { start, message }: ParseFailure): string {
  const before = text.slice(0, start);
  const line = before.split('\n').length;
  const column = utf8(before.slice(before.lastIndexOf('\n') + 1)).length + 1;
  return `${line}:${column}: parse error: ${message}`;
}

/** Why an evaluation gave no result; `kind` is the errorType of the HTTP API. */
export class QueryFailure extends Error {
  readonly kind: 'execution' | 'timeout';

  constructor(message: string, kind: QueryFailure['kind'] = 'execution') {
    super(message);
    this.name = 'QueryFailure';
    this.kind = kind;
  }
}
