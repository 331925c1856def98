import { describe, expect, it } from 'vitest';
import type { AnalysisRun, AnalysisRunSpec, AnalysisRunStatus } from '../../api/analysis.ts';
import { instant, later, seconds } from '../../lib/time.ts';
import type { Answer } from '../decision.ts';
import { decide } from './decide.ts';

const NOW = instant(Date.UTC(2026, 0, 1));
const METRIC = {
  name: 'errors',
  provider: { prometheus: { address: 'http://prometheus', query: 'token="{{args.token}}"' } },
  successCondition: 'result < 1',
};
const SECRET_ARGS = [
  { name: 'token', valueFrom: { secretKeyRef: { name: 'vault', key: 'token' } } },
];

function runOf(spec: Partial<AnalysisRunSpec>, status?: AnalysisRunStatus): AnalysisRun {
  return {
    apiVersion: 'argoproj.io/v1alpha1',
    kind: 'AnalysisRun',
    metadata: { name: 'run', namespace: 'shop', uid: 'u1' },
    spec: { metrics: [METRIC], ...spec },
    ...(status === undefined ? {} : { status }),
  };
}

const SECRET: Answer = {
  kind: 'secret',
  key: 'secret/vault',
  name: 'vault',
  secret: { data: { token: 's3cret' } },
};

describe('decide', () => {
  it('asks for a secret before anything is measured with it', () => {
    const { asks, reasons } = decide({ run: runOf({ args: SECRET_ARGS }), answers: [] }, NOW);
    expect(asks).toEqual([{ kind: 'secret', key: 'secret/vault', name: 'vault' }]);
    expect(reasons[0]?.code).toBe('MeasurementDue');
  });

  it('measures with the secret and keeps it out of messages', () => {
    const run = runOf({ args: SECRET_ARGS });
    const { asks } = decide({ run, answers: [SECRET] }, NOW);
    const [ask] = asks;
    expect(ask?.kind === 'measure' && ask.measure.provider.prometheus?.query).toBe(
      'token="s3cret"',
    );
    const answer: Answer = {
      kind: 'measure',
      key: ask?.key ?? '',
      measured: { startedAt: NOW, error: 'bad query token="s3cret"' },
    };
    const { status, requeueAt, reasons } = decide({ run, answers: [SECRET, answer] }, NOW);
    expect(status.metricResults?.[0]?.measurements?.[0]?.message).toBe('bad query token="*****"');
    expect(requeueAt).toBe(later(NOW, seconds(10.001)));
    expect(reasons[0]?.code).toBe('MeasurementWaiting');
  });

  it('judges by conditions that a secret is part of, and does not show it', () => {
    const judged = (successCondition: string) => {
      const run = runOf({ args: SECRET_ARGS, metrics: [{ ...METRIC, successCondition }] });
      const [ask] = decide({ run, answers: [SECRET] }, NOW).asks;
      const measured = { startedAt: NOW, result: { type: 'json', value: 's3cret' } } as const;
      const answer: Answer = { kind: 'measure', key: ask?.key ?? '', measured };
      const { status } = decide({ run, answers: [SECRET, answer] }, NOW);
      return status.metricResults?.[0]?.measurements?.[0];
    };
    expect(judged('result == "{{args.token}}"')?.phase).toBe('Successful');
    const { phase, message = '' } = judged('result.x == "{{args.token}}"') ?? {};
    expect(phase).toBe('Error');
    expect(message).toContain(String.raw`"result.x == \"*****\""`);
  });

  it('keeps a secret that is part of a metric’s name out of what is stored', () => {
    const run = runOf({
      args: SECRET_ARGS,
      metrics: [{ ...METRIC, name: 'errors-{{args.token}}' }],
    });
    const [ask] = decide({ run, answers: [SECRET] }, NOW).asks;
    expect(ask?.kind === 'measure' && ask.measure.provider.prometheus?.query).toBe(
      'token="s3cret"',
    );
    const measured = { startedAt: NOW, result: { type: 'float64', value: 0 }, value: '0' } as const;
    const answer: Answer = { kind: 'measure', key: ask?.key ?? '', measured };
    const decision = decide({ run, answers: [SECRET, answer] }, NOW);
    expect(decision.status.phase).toBe('Successful');
    expect(JSON.stringify(decision)).not.toContain('s3cret');
  });

  it.each([
    {
      reason: 'a secret that is not there ends the run',
      answer: { error: 'secrets "vault" not found' },
      message: 'Unable to resolve metric arguments: secrets "vault" not found',
    },
    {
      reason: 'a key that is not in the secret ends the run',
      answer: { data: {} },
      message: `Unable to resolve metric arguments: key 'token' does not exist in secret 'vault'`,
    },
  ])('$reason', ({ answer, message }) => {
    const answers: readonly Answer[] = [{ ...SECRET, secret: answer }];
    const { status, events } = decide({ run: runOf({ args: SECRET_ARGS }), answers }, NOW);
    expect(status).toEqual({ phase: 'Error', message });
    expect(events.map((event) => event.reason)).toEqual(['AnalysisRunError']);
  });

  it('asks once, and before the end, why there is no data, and tells it without the secret', () => {
    const metric = { ...METRIC, interval: '10s', count: 5, failureLimit: 2 };
    const spec = { args: SECRET_ARGS, metrics: [metric] };
    const first = decide({ run: runOf(spec), answers: [SECRET] }, NOW);
    const [ask] = first.asks;
    expect(ask?.kind === 'measure' && ask.measure.explainsAbsence).toBe(true);
    const measured = {
      startedAt: NOW,
      result: { type: 'float64', value: Number.NaN },
      value: 'NaN',
      metadata: { NoData: 'no series up has token="s3cret" (there is "a")' },
    } as const;
    const answer: Answer = { kind: 'measure', key: ask?.key ?? '', measured };
    const { status, events } = decide({ run: runOf(spec), answers: [SECRET, answer] }, NOW);
    const reason = 'no series up has token="*****" (there is "a")';
    expect(status.metricResults?.[0]?.measurements?.[0]?.metadata).toEqual({ NoData: reason });
    expect(events[0]).toEqual({
      type: 'Warning',
      reason: 'MetricNoData',
      message:
        `metric "errors" had no data at 2026-01-01T00:00:00Z: ${reason}; ` +
        'query: token="temp-for-secret"',
    });
    const next = decide({ run: runOf(spec, status), answers: [SECRET] }, later(NOW, seconds(11)));
    const [again] = next.asks;
    expect(again?.kind === 'measure' && again.measure.explainsAbsence).toBe(false);
    const results = (status.metricResults ?? []).map((one) => ({ ...one, failed: 2 }));
    const last = { ...status, metricResults: results };
    const [ending] = decide(
      { run: runOf(spec, last), answers: [SECRET] },
      later(NOW, seconds(11)),
    ).asks;
    expect(ending?.kind === 'measure' && ending.measure.explainsAbsence).toBe(true);
  });

  it('ends a run whose spec makes no sense, with the reason', () => {
    const { status, reasons } = decide({ run: runOf({ metrics: [] }), answers: [] }, NOW);
    expect(status).toEqual({
      phase: 'Error',
      message: 'Analysis spec invalid: no metrics specified',
    });
    expect(reasons[0]?.code).toBe('RunInvalid');
  });

  it('keeps a completed run until its time to live has passed, then deletes it', () => {
    const status = { phase: 'Failed', completedAt: '2026-01-01T00:00:00Z' };
    const run = runOf({ ttlStrategy: { secondsAfterFailure: 30 } }, status);
    const waiting = decide({ run, answers: [] }, NOW);
    expect(waiting.writes).toEqual([]);
    expect(waiting.reasons[0]?.code).toBe('RunCompleted');
    const due = later(NOW, seconds(31));
    expect(waiting.requeueAt).toBe(due);
    expect(decide({ run, answers: [] }, due).writes.map((write) => write.kind)).toEqual(['delete']);
  });
});
