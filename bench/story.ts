// How long the document's story takes on the virtual clock.
import { type Measurement, median } from './figure.ts';
import { playStory } from '../test/scenarios/story.ts';
import { medianTimes } from './processes.ts';

const ROUNDS = 5;

export const STORY: Measurement = {
  name: 'story',
  how:
    "The user's document from end to end on the virtual clock, with the machine's kubectl for the commands that are " +
    'kubectl’s; median of 5.',
  measure: async () => {
    const { kubectl } = medianTimes(
      { kubectl: { command: 'kubectl', args: ['version', '--client'] } },
      5,
    );
    await playStory();
    const times: number[] = [];
    for (let round = 0; round < ROUNDS; round += 1) {
      const started = performance.now();
      await playStory();
      times.push(performance.now() - started);
    }
    const value = median(times);
    return [
      {
        name: 'the whole story',
        value,
        unit: 'ms',
        atMost: 2000,
        against: { what: 'kubectl version --client', ratio: value / kubectl },
      },
    ];
  },
};
