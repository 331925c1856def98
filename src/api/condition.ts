// A condition in the status of our kinds (rollout.md 1.4, experiment.md 1.2).
import { documented, object, text, time } from '../schema/schema.ts';

export const condition = object(
  {
    type: documented(text, 'What it is about.'),
    status: documented(text, 'True, False or Unknown.'),
    lastUpdateTime: documented(time, 'When it was last written.'),
    lastTransitionTime: documented(time, 'Since when it has this status.'),
    reason: documented(text, 'Why, in one word.'),
    message: documented(text, 'Why, in a sentence.'),
  },
  'lastTransitionTime',
  'lastUpdateTime',
  'message',
  'reason',
  'status',
  'type',
);
