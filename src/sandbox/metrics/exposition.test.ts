import { describe, expect, it } from 'vitest';
import { expositionText, parseExposition } from './exposition.ts';

const TEXT = `# HELP http_requests_total The number of requests.
# TYPE http_requests_total counter
http_requests_total{method="post",code="200"} 1027 1395066363000
http_requests_total { method = "post" , code = "400" , }    3
# a comment, and an empty line follow

# TYPE latency histogram
latency_bucket{le="+Inf"} 144320 # {trace_id="x"} 0.67
msdos_file_access_time_seconds{path="C:\\\\DIR\\\\FILE.TXT",error="Cannot find file:\\n\\"FILE.TXT\\""} 1.458255915e9
without_labels 12.47\r
minus -Inf
nan{} NaN
`;

describe('reading', () => {
  it('takes samples, labels, escapes, times and types', () => {
    const read = parseExposition(TEXT);
    if (!read.ok) throw new Error(read.error);
    expect(read.samples).toEqual([
      {
        labels: { __name__: 'http_requests_total', method: 'post', code: '200' },
        value: 1027,
        timestamp: 1_395_066_363_000,
      },
      { labels: { __name__: 'http_requests_total', method: 'post', code: '400' }, value: 3 },
      { labels: { __name__: 'latency_bucket', le: '+Inf' }, value: 144_320 },
      {
        labels: {
          __name__: 'msdos_file_access_time_seconds',
          path: 'C:\\DIR\\FILE.TXT',
          error: 'Cannot find file:\n"FILE.TXT"',
        },
        value: 1_458_255_915,
      },
      { labels: { __name__: 'without_labels' }, value: 12.47 },
      { labels: { __name__: 'minus' }, value: -Infinity },
      { labels: { __name__: 'nan' }, value: Number.NaN },
    ]);
    expect([...read.types]).toEqual([
      ['http_requests_total', 'counter'],
      ['latency', 'histogram'],
    ]);
  });

  it('stops at the end mark of OpenMetrics', () => {
    const read = parseExposition('a 1\n# EOF\nnonsense here too\n');
    expect(read.ok && read.samples.length).toBe(1);
  });

  it.each([
    ['1a 2', 'expected the name of a metric, got "1a 2"'],
    ['a{b=c} 1', 'expected a label and its value in quotes, got "b=c} 1"'],
    ['a{b="c" d="e"} 1', 'expected a label and its value in quotes, got "b=\\"c\\" d=\\"e\\"} 1"'],
    ['a{b="c"', 'expected a label and its value in quotes, got "b=\\"c\\""'],
    ['a{b="c",b="d"} 1', 'label b of a is given twice'],
    ['a', 'expected a number, got ""'],
    ['a one', 'expected a number, got "one"'],
    ['a 1 soon', 'expected a time in milliseconds, got "soon"'],
    ['a 1 2 3', 'expected the end of the line, got "3"'],
  ])('refuses %j as a whole and says why', (line, error) => {
    expect(parseExposition(`good 1\n${line}\n`)).toEqual({
      ok: false,
      error: `line 2: ${error}`,
    });
  });
});

describe('writing', () => {
  it('gives a text that reads the same', () => {
    const text = expositionText([
      {
        name: 'latency',
        type: 'histogram',
        help: 'a \\ b\nc',
        samples: [
          { suffix: '_bucket', labels: { le: '+Inf', path: 'C:\\x "y"\n' }, value: 3 },
          { suffix: '_sum', labels: {}, value: 1e21 },
        ],
      },
    ]);
    expect(text).toBe(
      '# HELP latency a \\\\ b\\nc\n# TYPE latency histogram\n' +
        'latency_bucket{le="+Inf",path="C:\\\\x \\"y\\"\\n"} 3\nlatency_sum 1000000000000000000000\n',
    );
    const read = parseExposition(text);
    expect(read.ok && read.samples[0]?.labels).toEqual({
      __name__: 'latency_bucket',
      le: '+Inf',
      path: 'C:\\x "y"\n',
    });
  });
});
