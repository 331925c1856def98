import { expect, test } from 'vitest';
import { readAll, utf8Text } from '../../lib/bytes.ts';
import { instant } from '../../lib/time.ts';
import { VirtualClock } from '../../lib/virtual-clock.ts';
import { prometheusApi } from './api.ts';
import { parseExposition } from './exposition.ts';
import { SeriesStore } from './store.ts';

const NOW = 1_700_000_000_000;

async function federate(store: SeriesStore, ...selectors: readonly string[]) {
  const clock = new VirtualClock({ start: instant(NOW), idle: () => Promise.resolve() });
  const query = selectors.map((one) => `match[]=${encodeURIComponent(one)}`).join('&');
  const api = prometheusApi({ store, clock });
  const { status, headers, body } = await api({
    method: 'GET',
    path: `/federate?${query}`,
    headers: {},
  });
  return { status, type: headers['content-type'], text: utf8Text(await readAll(body)) };
}

function storeWith(): SeriesStore {
  const store = new SeriesStore();
  const seconds = (count: number) => instant(NOW - count * 1000);
  store.append({ __name__: 'b', job: 'x' }, 1, seconds(20));
  store.append({ __name__: 'a', job: 'x', instance: 'i', path: 'c:\\"d"' }, 1, seconds(20));
  store.append({ __name__: 'old', job: 'x' }, 1, seconds(301));
  store.append({ __name__: 'gone', job: 'x' }, 1, seconds(20));
  store.markStale({ __name__: 'gone', job: 'x' }, seconds(10));
  store.append({ __name__: 'b', job: 'x' }, 2.5, seconds(10));
  return store;
}

test('another Prometheus scrapes the newest sample of what has not ended', async () => {
  const { status, type, text } = await federate(storeWith(), '{job="x"}', '{__name__="b"}');
  expect({ status, type }).toEqual({
    status: 200,
    type: 'text/plain; version=0.0.4; charset=utf-8',
  });
  expect(text).toBe(
    '# TYPE a untyped\na{instance="i",job="x",path="c:\\\\\\"d\\""} 1 1699999980000\n' +
      '# TYPE b untyped\nb{instance="",job="x"} 2.5 1699999990000\n',
  );
  expect(parseExposition(text)).toMatchObject({ ok: true });
});

test('a selector that is none is refused, and no selector selects nothing', async () => {
  expect(await federate(storeWith(), '{')).toMatchObject({ status: 400 });
  expect(await federate(storeWith())).toMatchObject({ status: 200, text: '' });
});
