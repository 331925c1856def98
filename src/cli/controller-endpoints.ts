// The two HTTP servers of `slipway controller`, open from before the election to the very end (operations.md 3).
import { healthHandler, metricsHandler } from '../controller/endpoints.ts';
import type { Log } from '../controller/log.ts';
import type { Metrics } from '../controller/metrics/metrics.ts';
import { systemListener } from '../host/listener.ts';
import { ListenError, type Listening, type Transport } from '../lib/ports.ts';
import { CommandError } from './command.ts';
import type { ControllerSettings } from './controller-flags.ts';

export interface EndpointsOptions {
  readonly settings: ControllerSettings;
  readonly metrics: Metrics;
  /** What is missing before this controller is ready; undefined if nothing is. */
  readonly waitsFor: () => string | undefined;
  readonly log: Log;
}

/** Opens both; gives what closes them, with the connections that are open. Throws `CommandError`. */
export async function openEndpoints(options: EndpointsOptions): Promise<() => Promise<void>> {
  const { settings, metrics, waitsFor, log } = options;
  const { metricsPort, metricsFlag, healthPort, healthFlag } = settings;
  const health = await open(settings, healthFlag, healthPort, healthHandler(waitsFor));
  try {
    const served = await open(settings, metricsFlag, metricsPort, metricsHandler(metrics));
    log.info('listening', {
      metrics: `${served.address}:${served.port}`,
      health: `${health.address}:${health.port}`,
    });
    return async () => {
      await Promise.all([served.close(), health.close()]);
    };
  } catch (error) {
    await health.close();
    throw error;
  }
}

async function open(
  { address }: ControllerSettings,
  flag: string,
  port: number,
  handler: Transport,
): Promise<Listening> {
  try {
    return await systemListener.listen({ handler, port, address, ignoresBodies: true });
  } catch (error) {
    if (!(error instanceof ListenError)) throw error;
    throw new CommandError(`--${flag} ${port}: ${error.message}`, { cause: error });
  }
}
