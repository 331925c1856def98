// Icons and colours of states and tags (cli.md 3.7, 3.8).

export type Colour = 'red' | 'green' | 'yellow' | 'blue' | 'none' | 'plain';

const CODES: Readonly<Record<Exclude<Colour, 'plain'>, number>> = {
  red: 31,
  green: 32,
  yellow: 33,
  blue: 94,
  none: 0,
};

/** How text is coloured; without colours it stays as it is. */
export type Paint = (text: string, colour: Colour) => string;

export const PLAIN: Paint = (text) => text;

/** Colours by escape codes; an uncoloured icon still gets code 0, as clients know it. */
export const COLOURED: Paint = (text, colour) =>
  colour === 'plain' ? text : `\u001B[${CODES[colour]}m${text}\u001B[0m`;

export interface Icon {
  readonly text: string;
  readonly colour: Colour;
}

const BLANK: Icon = { text: ' ', colour: 'none' };
const OK: Icon = { text: '\u2714', colour: 'green' };
const BAD: Icon = { text: '\u2716', colour: 'red' };
const WARN: Icon = { text: '\u26A0', colour: 'red' };
const ASK: Icon = { text: '?', colour: 'yellow' };
const BUSY: Icon = { text: '\u25CC', colour: 'blue' };
const WAIT: Icon = { text: '\u25F7', colour: 'yellow' };
const PAUSE: Icon = { text: '\u0965', colour: 'none' };
const DOWN: Icon = { text: '\u2022', colour: 'none' };

const ROLLOUT: Readonly<Record<string, Icon>> = {
  Progressing: BUSY,
  Paused: PAUSE,
  Healthy: OK,
  Degraded: BAD,
  Error: WARN,
  InvalidSpec: WARN,
  Unknown: ASK,
  ScaledDown: DOWN,
};

const REPLICA_SET: Readonly<Record<string, Icon>> = {
  Progressing: BUSY,
  Healthy: OK,
  ReplicaFailure: BAD,
  ScaledDown: DOWN,
};

const RUN: Readonly<Record<string, Icon>> = {
  Pending: WAIT,
  Running: BUSY,
  Successful: OK,
  Failed: BAD,
  Error: WARN,
  Inconclusive: ASK,
};

export function rolloutIcon(phase: string): Icon {
  return ROLLOUT[phase] ?? BLANK;
}

export function replicaSetIcon(status: string): Icon {
  return REPLICA_SET[status] ?? BLANK;
}

/** Of Experiments, AnalysisRuns and Jobs. */
export function runIcon(phase: string): Icon {
  return RUN[phase] ?? BLANK;
}

const POD: Readonly<Record<string, Icon>> = {
  Pending: BUSY,
  Terminating: BUSY,
  ContainerCreating: BUSY,
  Running: OK,
  Completed: OK,
  Failed: BAD,
  InvalidImageName: BAD,
  CrashLoopBackOff: BAD,
  ImagePullBackOff: WARN,
  RegistryUnavailable: WARN,
  Unknown: ASK,
};

export function podIcon(status: string): Icon {
  if (status.startsWith('Init:')) return BUSY;
  if (/^(?:Signal|ExitCode):/.test(status)) return BAD;
  if (status.endsWith('Error') || status.startsWith('Err')) return WARN;
  return POD[status] ?? BLANK;
}

/** Counts of an AnalysisRun's measurements. */
export const COUNT_ICONS = {
  successful: OK,
  failed: BAD,
  inconclusive: ASK,
  error: WARN,
} as const;
