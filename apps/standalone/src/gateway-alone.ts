import { openWire } from '@keyward/bus';
import { startGateway, type GatewayConfig } from '@keyward/gateway';
import { createLogger, type Running } from '@keyward/runtime';
import { once } from 'node:events';

/** Whether the settings say that the services, or a key manager, are elsewhere. */
export const isElsewhere = ({ bus }: GatewayConfig): boolean =>
  bus.url !== undefined || bus.remoteKeyManager !== undefined;

/** What `npm start` is with KEY_MANAGER_URL: this machine's gateway, and nothing behind it. `signal` ends its waiting for NATS. */
export async function startGatewayAlone(config: GatewayConfig, signal: AbortSignal): Promise<Running> {
  const logger = createLogger('gateway', { level: config.process.logLevel });
  const wire =
    config.bus.url === undefined
      ? undefined
      : await Promise.race([openWire({ ...config.bus.wire('gateway'), logger }), abortOf(signal)]);
  const gateway = await startGateway(config, wire, logger);
  return {
    close: async () => {
      await gateway.close();
      await wire?.close();
    },
  };
}

/** Rejects when the signal comes, or has come. */
async function abortOf(signal: AbortSignal): Promise<never> {
  if (!signal.aborted) await once(signal, 'abort');
  throw signal.reason;
}
