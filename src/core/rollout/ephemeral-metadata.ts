// Labels and annotations that the strategy puts on pods for as long as they are canary, stable, active or preview
// (rollout.md 8.5). Pure: what stands on a set, what should, and the template without any of it. Who writes it:
// `metadata.ts`.
//
// A key of the user's own template may be covered by one of the strategy. What it covers is remembered beside the record
// of what was put in, so that the user's value comes back. What the template says anyway is not recorded: it is not ours
// to take away (pitfall 23).
import type { PodTemplateSpec, ReplicaSet } from '../../api/kubernetes.ts';
import { EPHEMERAL_METADATA, HASH_LABEL, REPLACED_METADATA } from '../../api/names.ts';
import { jsonEqual } from '../../lib/equal.ts';

type Texts = Readonly<Record<string, string>>;

export interface PodMetadata {
  readonly labels?: Texts;
  readonly annotations?: Texts;
}

export const PARTS = ['labels', 'annotations'] as const;
export type Part = (typeof PARTS)[number];

const NOTHING: Texts = {};

/** The metadata in an annotation of ours; what cannot be read counts as none. */
export function metadataIn(text: string | undefined): PodMetadata {
  if (text === undefined) return {};
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return {};
  }
  if (typeof value !== 'object' || value === null) return {};
  const parts = value as Readonly<Record<string, unknown>>;
  return { labels: textsIn(parts['labels']), annotations: textsIn(parts['annotations']) };
}

function textsIn(value: unknown): Texts {
  if (typeof value !== 'object' || value === null) return NOTHING;
  const entries = Object.entries(value).filter(([, one]) => typeof one === 'string');
  return Object.fromEntries(entries);
}

/** As the annotation has it: labels first, keys in order, nothing that is empty; undefined if there is nothing. */
export function metadataText(metadata: PodMetadata): string | undefined {
  const parts = PARTS.flatMap((part) => {
    const entries = Object.entries(metadata[part] ?? NOTHING);
    if (entries.length === 0) return [];
    return [[part, Object.fromEntries(entries.toSorted(([a], [b]) => (a < b ? -1 : 1)))] as const];
  });
  return parts.length === 0 ? undefined : JSON.stringify(Object.fromEntries(parts));
}

/** What has been put into the set's template. */
export function injectedInto({ metadata }: ReplicaSet): PodMetadata {
  return metadataIn(metadata.annotations?.[EPHEMERAL_METADATA]);
}

/** The user's part of the set's template. `own` is that of the Rollout, if the set is made of its template. */
function userPart(set: ReplicaSet, part: Part, own: PodMetadata | undefined): Texts {
  const live = set.spec.template?.metadata?.[part] ?? NOTHING;
  const injected = injectedInto(set)[part] ?? NOTHING;
  const covered = own ?? metadataIn(set.metadata.annotations?.[REPLACED_METADATA]);
  return Object.fromEntries([
    ...Object.entries(live).filter(([key]) => !Object.hasOwn(injected, key)),
    ...Object.entries(covered[part] ?? NOTHING).filter(([key]) => Object.hasOwn(injected, key)),
  ]);
}

/** The set's template as its user wrote it, with the hash label. */
export function withoutEphemeral(set: ReplicaSet): PodTemplateSpec {
  const { template = {} } = set.spec;
  if (set.metadata.annotations?.[EPHEMERAL_METADATA] === undefined) return template;
  return { ...template, metadata: withParts(template, (part) => userPart(set, part, undefined)) };
}

function withParts(
  { metadata }: PodTemplateSpec,
  partOf: (part: Part) => Texts,
): NonNullable<PodTemplateSpec['metadata']> {
  const parts = PARTS.flatMap((part) => {
    const texts = partOf(part);
    const isThere = Object.keys(texts).length > 0 || metadata?.[part] !== undefined;
    return isThere ? [[part, texts] as const] : [];
  });
  return { ...metadata, ...Object.fromEntries(parts) };
}

/** Labels that decide whose pods they are: the strategy may not change them. */
export function isSelecting({ spec }: ReplicaSet, key: string): boolean {
  const { matchLabels = {}, matchExpressions = [] } = spec.selector;
  return (
    key === HASH_LABEL ||
    Object.hasOwn(matchLabels, key) ||
    matchExpressions.some((expression) => expression.key === key)
  );
}

export interface Injected {
  readonly template: PodTemplateSpec;
  /** The record of what was put in, and of what that covers; undefined if there is nothing to record. */
  readonly record: string | undefined;
  readonly replaced: string | undefined;
  /** The template is another one than before. */
  readonly isChanged: boolean;
}

/** The set's template with `wanted` in the place of what was put in before. */
export function withEphemeral(
  set: ReplicaSet,
  wanted: PodMetadata,
  own: PodMetadata | undefined,
): Injected {
  const { template = {} } = set.spec;
  const users = {
    labels: userPart(set, 'labels', own),
    annotations: userPart(set, 'annotations', own),
  };
  const put = (part: Part): Texts =>
    Object.fromEntries(
      Object.entries(wanted[part] ?? NOTHING).filter(([key, value]) => {
        return users[part][key] !== value && !(part === 'labels' && isSelecting(set, key));
      }),
    );
  const injected = { labels: put('labels'), annotations: put('annotations') };
  const covered = (part: Part): Texts =>
    Object.fromEntries(
      Object.entries(users[part]).filter(([key]) => Object.hasOwn(injected[part], key)),
    );
  const metadata = withParts(template, (part) => ({ ...users[part], ...injected[part] }));
  return {
    template: { ...template, metadata },
    record: metadataText(injected),
    replaced: metadataText({ labels: covered('labels'), annotations: covered('annotations') }),
    isChanged: !jsonEqual(template.metadata ?? {}, metadata),
  };
}
