// What a command is: its words, flags and what it does. One command a file under commands/.
import type { Budget } from '../kube/budget.ts';
import type { KubeClient } from '../kube/client.ts';
import type { Cancel, Clock, Files, Processes, Terminal, Transport } from '../lib/ports.ts';
import type { Instant } from '../lib/time.ts';

export interface Flag {
  readonly name: string;
  readonly shorthand?: string;
  readonly type: 'bool' | 'string' | 'int' | 'duration' | 'list';
  readonly default: string;
  readonly usage: string;
  readonly isHidden?: boolean;
  /** Told on stderr when it is used. */
  readonly deprecated?: string;
}

/** Values by flag name; a list holds every use. */
export interface Values {
  has(name: string): boolean;
  text(name: string): string;
  bool(name: string): boolean;
  int(name: string): number;
  list(name: string): readonly string[];
}

/** How this very program is started again, and on what it runs. */
export interface Program {
  /** The runtime. */
  readonly node: string;
  /** The file that it runs. */
  readonly script: string;
  /** Version of the runtime. */
  readonly runtime: string;
  /** Operating system and architecture in Go's words: `linux/amd64`. */
  readonly platform: string;
  /** Goes on anew as this very process with less memory; returns where it does already. */
  readonly becomeLean?: () => Promise<void>;
  /** Gives memory that is free back to the machine; takes some hundred milliseconds. */
  readonly giveMemoryBack?: () => Promise<void>;
}

/** What a command works with; the outside comes in through here alone. */
export interface Context {
  readonly terminal: Terminal;
  readonly clock: Clock;
  readonly files: Files;
  readonly processes: Processes;
  readonly env: (name: string) => string | undefined;
  /** Cancelled at the first SIGINT or SIGTERM. */
  readonly cancel: Cancel;
  /** Full path of this program's name in texts: `kubectl-argo-rollouts` or `slipway`. */
  readonly root: string;
  readonly flags: Values;
  /** Connects to the cluster that kubeconfig and flags name; every request goes `through` what is given. */
  readonly connect: (through?: (send: Transport) => Transport) => Promise<Connected>;
  readonly program: Program;
  /** The same with other flags. */
  readonly withFlags: (flags: Values) => Context;
}

export interface Connected {
  readonly client: KubeClient;
  /** Another client of the same server, whose requests are counted. */
  readonly within: (budget: Budget) => KubeClient;
  readonly namespace: string;
  readonly server: string;
  /** The server's time, from its latest answer or a small request: ages are those of its clock. */
  serverNow(): Promise<Instant>;
}

/** Ends the command with `Error: MESSAGE` and status 1. */
export class CommandError extends Error {
  constructor(message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = 'CommandError';
  }
}

/** Wrong use: the usage block and status 1, without an `Error:` line. */
export class UsageError extends Error {
  constructor(message = '') {
    super(message);
    this.name = 'UsageError';
  }
}

export interface Leaf {
  readonly kind: 'leaf';
  readonly name: string;
  readonly aliases?: readonly string[];
  /** After the name in usage lines. */
  readonly args?: string;
  readonly minArgs: number;
  readonly maxArgs: number;
  readonly short: string;
  readonly long?: string;
  readonly example?: string;
  readonly flags: readonly Flag[];
  readonly isHidden?: boolean;
  /** `ignored`: flags that are not known are passed over; `arguments`: all words are arguments. */
  readonly unknownFlags?: 'ignored' | 'arguments';
  /** What the first argument may be completed with. */
  readonly completes?: 'rollouts' | 'experiments' | 'analysisruns';
  /** Gives the exit status; throws `CommandError`, `UsageError` or what the server refused. */
  run(context: Context, args: readonly string[]): Promise<number>;
}

export interface Group {
  readonly kind: 'group';
  readonly name: string;
  /** After the name in usage lines. */
  readonly args?: string;
  /** Printed for `--version`; only a root has one. */
  readonly version?: string;
  readonly short: string;
  readonly long?: string;
  readonly example?: string;
  readonly children: readonly Command[];
}

export type Command = Leaf | Group;
