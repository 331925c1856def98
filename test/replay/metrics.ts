// The metric source of a trace: rules in force, each with answers that are given in turn.
import { bodyOf, utf8, utf8Text } from '../../src/lib/bytes.ts';
import type { Transport } from '../../src/lib/ports.ts';
import type { MetricAnswer, MetricRule } from './trace.ts';

export class MetricSource {
  #rules: readonly MetricRule[] = [];
  #given = new Map<MetricRule, number>();

  set(rules: readonly MetricRule[]): void {
    this.#rules = rules;
    this.#given = new Map();
  }

  readonly transport: Transport = (request) => {
    // Our own questions after a measurement without data: the recorded source never heard them.
    if (
      !/\/query(?:_range)?(?:\?|$)/.test(request.path) &&
      /\/(?:series|label\/)/.test(request.path)
    ) {
      return Promise.resolve({ status: 404, headers: {}, body: bodyOf(utf8('')) });
    }
    const form = request.body === undefined ? '' : utf8Text(request.body);
    const asked = `${request.path} ${decodeURIComponent(form.replaceAll('+', ' '))}`;
    const rule = this.#rules.find(({ match }) => match === undefined || asked.includes(match));
    const count = rule === undefined ? 0 : (this.#given.get(rule) ?? 0);
    if (rule !== undefined) this.#given.set(rule, count + 1);
    const answer = rule?.answers[count] ?? rule?.answers.at(-1) ?? { vector: [] };
    const { status, text } = answerText(answer);
    const headers = { 'content-type': 'application/json' };
    return Promise.resolve({ status, headers, body: bodyOf(utf8(text)) });
  };
}

function answerText({ scalar, vector, json, status }: MetricAnswer) {
  if (status !== undefined) return { status, text: '' };
  if (json !== undefined) return { status: 200, text: JSON.stringify(json) };
  const data =
    scalar === undefined
      ? {
          resultType: 'vector',
          result: (vector ?? []).map((value) => ({ metric: {}, value: [0, String(value)] })),
        }
      : { resultType: 'scalar', result: [0, String(scalar)] };
  return { status: 200, text: JSON.stringify({ status: 'success', data }) };
}
