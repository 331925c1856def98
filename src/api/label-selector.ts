// The schema of a label selector, shared by several kinds.
import { list, map, object, type Schema, text } from '../schema/schema.ts';
import type { LabelSelector } from './kubernetes.ts';

export const labelSelector: Schema<LabelSelector> = object({
  matchLabels: map(text),
  matchExpressions: list(
    object({ key: text, operator: text, values: list(text) }, 'key', 'operator'),
  ),
});
