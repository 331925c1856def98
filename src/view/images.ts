// The images that run, with the parts that they play (cli.md 3.5).
import type { Experiment } from '../api/experiment.ts';
import type { ReplicaSet } from '../api/kubernetes.ts';
import { EXPERIMENT_TEMPLATE } from '../api/names.ts';
import type { Rollout } from '../api/rollout.ts';
import { type Family, ownedBy } from './family.ts';
import type { Colour } from './icons.ts';
import { TAG_COLOURS, tagsOf } from './replica-set.ts';

export interface ImageTag {
  readonly text: string;
  readonly colour: Colour;
}

export interface Image {
  readonly image: string;
  readonly tags: readonly ImageTag[];
}

function hasPods({ status }: ReplicaSet): boolean {
  return (status?.replicas ?? 0) > 0;
}

function byBytes(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

class Images {
  readonly #tags = new Map<string, readonly ImageTag[]>();

  add(set: ReplicaSet, tags: readonly ImageTag[]): void {
    for (const { image = '' } of set.spec.template?.spec?.containers ?? []) {
      const before = this.#tags.get(image);
      if (before === undefined) {
        this.#tags.set(image, tags);
        continue;
      }
      const more = tags.filter((tag) => !before.some((one) => one.text === tag.text));
      this.#tags.set(
        image,
        [...before, ...more].toSorted((a, b) => byBytes(a.text, b.text)),
      );
    }
  }

  all(): readonly Image[] {
    return [...this.#tags]
      .map(([image, tags]) => ({ image, tags }))
      .toSorted((a, b) => byBytes(a.image, b.image));
  }
}

function addExperiment(images: Images, experiment: Experiment, { replicaSets }: Family): void {
  for (const set of ownedBy(replicaSets, experiment).filter(hasPods)) {
    const template = set.metadata.annotations?.[EXPERIMENT_TEMPLATE];
    const tags: readonly ImageTag[] =
      template === undefined ? [] : [{ text: `\u03A3:${template}`, colour: 'none' }];
    images.add(set, tags);
  }
}

export function rolloutImages(rollout: Rollout, family: Family): readonly Image[] {
  const images = new Images();
  for (const set of ownedBy(family.replicaSets, rollout).filter(hasPods)) {
    const tags = tagsOf(rollout, set).map((text) => ({ text, colour: TAG_COLOURS[text] }));
    images.add(set, tags);
  }
  for (const experiment of ownedBy(family.experiments, rollout)) {
    addExperiment(images, experiment, family);
  }
  return images.all();
}

export function experimentImages(experiment: Experiment, family: Family): readonly Image[] {
  const images = new Images();
  addExperiment(images, experiment, family);
  return images.all();
}
