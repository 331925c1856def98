// A controller of ours in the place of the reference's, on what that one left behind. Entry point: `takenOver`.
import type { Played, Player } from './player.ts';
import type { Stage } from './stage.ts';

const TAKE_OVER_MS = 1500;

/** What a controller of ours did that was put in the reference's place at a rest point. */
export interface TakenOver {
  /** Its writes before anything else happened: method and path. */
  readonly writes: readonly string[];
  /** Phases and messages of the Rollout, the one that was found first. */
  readonly phases: readonly string[];
  readonly podsBefore: readonly string[];
  readonly podsAfter: readonly string[];
  /** How the scenario went on from there: the states from this rest point on. */
  readonly played: Played;
}

interface Scene {
  readonly stage: Stage;
  readonly player: Player;
  /** What the controller writes, as it comes. */
  readonly writes: readonly string[];
  /** Starts the controller. */
  readonly control: () => Promise<void>;
}

/** Starts the controller on what is there, looks at what it does, and plays on from the rest point. */
export async function takenOver(scene: Scene, index: number): Promise<TakenOver> {
  const { stage, player, writes, control } = scene;
  const phases: string[] = [];
  const told = () => {
    const phase = player.phase;
    if (phases.at(-1) !== phase) phases.push(phase);
  };
  const podsBefore = player.pods.map(({ metadata }) => metadata.uid ?? '');
  told();
  player.isAtRest();
  stage.observe(told);
  await control();
  await stage.advance(TAKE_OVER_MS);
  await stage.caughtUp();
  const podsAfter = player.pods.map(({ metadata }) => metadata.uid ?? '');
  const found = { writes: [...writes], phases: [...phases], podsBefore, podsAfter };
  await player.run(index);
  return { ...found, played: { ...player.played(), writes: writes.length } };
}
