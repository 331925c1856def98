// Which test looks for which symptom: of the 47 pitfalls of the reference (rollout.md 12) and the 13 defects that were
// seen while it ran. A number whose test is renamed, moved or taken away fails here.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

const ROOT = join(import.meta.dirname, '../../..');

/** File under the root, then the name of a test in it: of a table the name or reason of a row. */
type Place = readonly [file: string, name: string];

const HERE = 'test/scenarios/pitfalls';
const SCALING = `${HERE}/scaling.test.ts`;
const STATUS = `${HERE}/status.test.ts`;
const TIMERS = `${HERE}/timers.test.ts`;
const ANALYSIS = `${HERE}/analysis.test.ts`;
const SEEN = 'test/scenarios/observed-defects.test.ts';
const BLUE_GREEN = 'test/scenarios/blue-green.test.ts';
const INVALID = 'test/scenarios/invalid-spec.test.ts';
const ROLES = 'test/scenarios/roles.test.ts';
const REFERENCES = 'src/core/rollout/validation/references.test.ts';
const RESTART = 'test/scenarios/restart-and-history.test.ts';

const LOSES_HASH =
  'an active Service that loses its hash does not bring the waiting preview into service (pitfall 44)';
const IS_RELEASED =
  'a Service whose mark is taken away is given back with its Rollout all the same: $name (pitfall 20)';
const GOES_AT_ONCE =
  'an old set with scaleDownDelaySeconds 0 goes at once, and the controller rests (pitfall 1)';
const CHANGES_ROLES =
  'change roles at each promotion, and the one that is stable keeps its pods (pitfall 46)';

const PITFALLS: Readonly<Record<number, Place>> = {
  1: [SCALING, GOES_AT_ONCE],
  2: [BLUE_GREEN, 'gives production back although the new pods have crashed (pitfall 2)'],
  3: [INVALID, 'is told once, freezes it, and asks for nothing more (pitfall 3)'],
  4: [INVALID, 'lets the update go on within a second after it is back (pitfall 4)'],
  5: [RESTART, 'does not grow when annotations, replicas or the strategy change (pitfall 5)'],
  6: [
    `${HERE}/identity.test.ts`,
    'a set that carries the hash of a newer release is taken as it is named (pitfall 6)',
  ],
  7: [
    STATUS,
    'a template that comes with another size is not called healthy unseen: $name (pitfall 7)',
  ],
  8: [
    'test/scenarios/weights.test.ts',
    'is not protected: the good one goes straight to full (observed-defects 11), %s',
  ],
  9: [
    STATUS,
    'a blue-green at rest neither tells nor writes of the way back that it is on (pitfall 9)',
  ],
  10: [
    SCALING,
    'a limit that is no number is refused with its remedy, and holds no update up unseen (pitfall 10)',
  ],
  11: [SCALING, 'a set that never got a pod goes although maxUnavailable is 0 (pitfall 11)'],
  12: [SCALING, 'a set that waits for its end keeps its size when it loses a pod (pitfall 12)'],
  13: [SCALING, 'an interrupted preview does not grow while it waits for its end (pitfall 13)'],
  14: [
    SCALING,
    'an old set that cannot be scaled is told and tried again until it can (pitfall 14)',
  ],
  15: [TIMERS, 'a pause of more than 15 minutes ends to the second (pitfall 15)'],
  16: [
    `${HERE}/steps.test.ts`,
    'of a step that sets a weight and a size nothing is left out (pitfall 16)',
  ],
  // The texts are kept, with what is odd about them: clients read them.
  17: ['test/vectors/validation.test.ts', 'validation.json'],
  18: [REFERENCES, 'rules of another step say nothing about this one (rollout.md 12, 18)'],
  19: [REFERENCES, 'of several labels that do not fit it is always the same that is told'],
  20: [`${HERE}/services.test.ts`, IS_RELEASED],
  21: [
    REFERENCES,
    'a path that leads to something else than a Service breaks nothing (rollout.md 12, 21)',
  ],
  22: [TIMERS, 'an interval that cannot be read is refused, never taken for none (pitfall 22)'],
  23: [
    'src/core/rollout/ephemeral-metadata.test.ts',
    'what the template says anyway is not recorded, so it is never taken away',
  ],
  24: [
    RESTART,
    'of a blue-green replaces the pods of its preview too, and is not over before (pitfall 24)',
  ],
  25: [
    STATUS,
    'an abort by the deadline is told once with the deadline and once with the revision (pitfall 25)',
  ],
  26: [
    'test/scenarios/weights.test.ts',
    'keeps its pods in a step down until their traffic has left (pitfall 26)',
  ],
  27: [SCALING, 'a canary of a fixed size does not take capacity from stable (pitfall 27)'],
  28: [ANALYSIS, 'of two analyses that fail in one moment each is told of (pitfall 28)'],
  29: [ANALYSIS, 'begins the analysis before the switch anew (pitfall 29)'],
  30: [
    TIMERS,
    'a pause that only a person ends is not looked at when autoPromotionSeconds are over (pitfall 30)',
  ],
  31: [
    `${HERE}/steps.test.ts`,
    'a full promotion of a routed canary without steps is finished (pitfall 31)',
  ],
  32: [
    `${HERE}/identity.test.ts`,
    'a way back works between sets that were made in the same second (pitfall 32)',
  ],
  33: [
    'test/scenarios/workload-ref.test.ts',
    'is followed as it changes, and is never written to the Rollout',
  ],
  34: [
    SCALING,
    'the mark of a set that waits for its end is the bare key that clients read (pitfall 34)',
  ],
  35: [
    `${HERE}/progress.test.ts`,
    'an update whose pods are taken away before they are ready is late all the same (pitfall 35)',
  ],
  36: [
    ANALYSIS,
    'an analysis whose start was not recorded is neither ended nor begun twice (pitfall 36)',
  ],
  37: [
    `${HERE}/services.test.ts`,
    'an abort switches the Service of a routed canary once (pitfall 37)',
  ],
  38: [
    'test/laws/pure.test.ts',
    'a decision changes nothing of its world and comes out the same again',
  ],
  39: [ROLES, CHANGES_ROLES],
  40: [ANALYSIS, 'is not begun again while its user holds the Rollout (pitfall 40)'],
  41: [
    SCALING,
    'an aborted canary waits for its delay although that is 15 minutes or more (pitfall 41)',
  ],
  42: [STATUS, 'an abort of a full promotion that cannot be finished stays (pitfall 42)'],
  43: [INVALID, 'does not keep an abort from taking the traffic back'],
  44: [`${HERE}/services.test.ts`, LOSES_HASH],
  45: [BLUE_GREEN, 'analyses anew after a retry, once the preview has its pods (pitfall 45)'],
  46: [ROLES, CHANGES_ROLES],
  47: [
    'src/core/analysis/arguments.test.ts',
    'is an error wherever in the list its path leads nowhere (pitfall 47)',
  ],
};

const DEFECTS: Readonly<Record<number, Place>> = {
  1: [
    SEEN,
    'a Rollout that is deleted while its last pass writes harms no other (observed-defects 1)',
  ],
  2: [
    SEEN,
    'no destination of an experiment lacks its host, and none is added twice (observed-defects 2)',
  ],
  3: [
    'test/scenarios/experiment-analysis.test.ts',
    'ends though another analysis would never end (observed-defects 3)',
  ],
  4: [`${HERE}/services.test.ts`, LOSES_HASH],
  5: [
    SEEN,
    'an aborted canary whose abortScaleDownDelaySeconds is 0 keeps its pods (observed-defects 5)',
  ],
  6: [
    SEEN,
    'an aborted canary writes what it must and is at rest, also when it loses a Service (observed-defects 6)',
  ],
  7: [
    BLUE_GREEN,
    'takes the old set away at once with a delay of 0, and is then at rest (observed-defects 7)',
  ],
  8: [
    SEEN,
    'a canary is not healthy before its subsets name the promoted set (observed-defects 8)',
  ],
  9: [INVALID, 'is told at once, by condition and event, and once'],
  10: [BLUE_GREEN, 'asks its user although it was a paused canary before (observed-defects 10)'],
  11: [
    'test/scenarios/weights.test.ts',
    'is not protected: the good one goes straight to full (observed-defects 11), %s',
  ],
  12: [
    BLUE_GREEN,
    'goes back inside the rollback window without a pause, and is then at rest (observed-defects 12)',
  ],
  13: [ROLES, 'leave pods when they leave the spec (observed-defects 13)'],
};

const LISTS = [
  { title: 'pitfall', places: PITFALLS, count: 47 },
  { title: 'observed defect', places: DEFECTS, count: 13 },
];

describe.each(LISTS)('every $title has its test', ({ places, count }) => {
  it('by number', () => {
    const numbers = Array.from({ length: count }, (_, index) => String(index + 1));
    expect(Object.keys(places)).toEqual(numbers);
  });

  it.each(Object.entries(places).map(([number, [file, name]]) => ({ number, file, name })))(
    '$number: $name',
    ({ file, name }) => {
      const source = readFileSync(join(ROOT, file), 'utf8');
      const isThere = [`'${name}'`, `"${name}"`, `\`${name}\``].some((one) => source.includes(one));
      expect(isThere, `${file} has a test named ${name}`).toBe(true);
      expect(source, `${file} leaves no test out`).not.toMatch(/\.(skip|todo|only)\b/);
    },
  );
});
