// What a pod's node does for the API server: logs, commands, connections. The node agent implements it.
import type { Pod } from '../../api/kubernetes.ts';
import type { Body, ByteStream, Cancel } from '../../lib/ports.ts';

export interface LogOptions {
  readonly container: string;
  readonly follow: boolean;
  readonly tailLines: number | undefined;
  readonly sinceSeconds: number | undefined;
  readonly timestamps: boolean;
  readonly previous: boolean;
  readonly cancel: Cancel | undefined;
}

export interface ExecOptions {
  readonly container: string;
  readonly command: readonly string[];
  readonly tty: boolean;
  /** Ends when the client closes its side; absent when the client sends nothing. */
  readonly stdin: Body | undefined;
  readonly stdout: (chunk: Uint8Array) => Promise<void>;
  readonly stderr: (chunk: Uint8Array) => Promise<void>;
  readonly cancel: Cancel;
}

export interface PodStreams {
  log(pod: Pod, options: LogOptions): Body;
  /** Runs a command in the pod; gives its exit code. */
  exec(pod: Pod, options: ExecOptions): Promise<number>;
  /** Connects to a port of the pod. Throws when nothing listens there. */
  connect(pod: Pod, port: number): Promise<ByteStream>;
}
