// `slipway traffic`: requests to a Service of the sandbox at a steady rate, and who answered them how.
import type { Leaf } from '../command.ts';
import { bool, int, list, text } from '../flags.ts';

export const TRAFFIC: Leaf = {
  kind: 'leaf',
  name: 'traffic',
  minArgs: 0,
  maxArgs: 0,
  short: 'Send requests to a Service of the sandbox and count who answered',
  long:
    'Send requests at a steady rate through the mesh of a running sandbox, as the shell pod would. A request begins at ' +
    'its moment whether or not earlier ones have been answered, and its latency counts from that moment. At the end, ' +
    'or at Ctrl-C, a table shows requests, share, latencies and statuses by version.',
  example:
    '# 200 requests a second for a minute\n' +
    'slipway traffic --rps 200 --to http://mock-server/status/200 --for 1m\n\n' +
    '# As long as an update takes\n' +
    "slipway traffic --rps 50 --to http://mock-server/status/200 --until 'rollout healthy mock-server'",
  flags: [
    text('to', 'URL of a Service: http://NAME[.NAMESPACE][:PORT]/PATH'),
    { ...text('rps', 'Requests per second'), default: '50' },
    {
      ...text('for', 'How long; until Ctrl-C if neither this nor --until is given'),
      type: 'duration',
    },
    text(
      'until',
      "When it ends: 'rollout healthy NAME', 'rollout degraded NAME', or a time such as 2026-01-02T15:04:05Z",
    ),
    { ...list('header', 'Header of each request, NAME: VALUE; may be repeated'), shorthand: 'H' },
    { ...text('method', 'Method of each request'), shorthand: 'X', default: 'GET' },
    text('data', 'Body of each request'),
    int(
      'concurrency',
      '512',
      'Requests that may be under way at one time; others wait, and their time runs',
    ),
    { ...text('timeout', 'How long an answer is waited for'), type: 'duration', default: '10s' },
    text('seed', 'Spreads the moments of the requests; printed, and chosen if absent'),
    text(
      'proxy',
      "Address of the sandbox's mesh, as it prints it; found beside its kubeconfig if absent",
    ),
    bool('json', 'Print the table as JSON'),
  ],
  run: async (context) => {
    const { runTraffic } = await import('../traffic/run.ts');
    return runTraffic(context);
  },
};
