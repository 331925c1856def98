// The schema of a label selector, shared by several kinds.
import { documented, list, map, object, type Schema, text } from '../schema/schema.ts';
import type { LabelSelector } from './kubernetes.ts';

export const labelSelector: Schema<LabelSelector> = object({
  matchLabels: documented(map(text), 'Labels that must all be there with these values.'),
  matchExpressions: documented(
    list(
      object(
        {
          key: documented(text, 'Key of a label.'),
          operator: documented(text, 'In, NotIn, Exists or DoesNotExist.'),
          values: documented(list(text), 'Values for In and NotIn.'),
        },
        'key',
        'operator',
      ),
    ),
    'Requirements that must all hold.',
  ),
});
