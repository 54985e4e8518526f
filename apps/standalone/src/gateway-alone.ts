import { openWire } from '@keyward/bus';
import { startGateway, type GatewayConfig } from '@keyward/gateway';
import { createLogger, type Running } from '@keyward/runtime';

/** Whether the settings say that the services, or a key manager, are elsewhere. */
export const isElsewhere = ({ bus }: GatewayConfig): boolean =>
  bus.url !== undefined || bus.remoteKeyManager !== undefined;

/** What `npm start` is with KEY_MANAGER_URL: this machine's gateway, and nothing behind it. */
export async function startGatewayAlone(config: GatewayConfig): Promise<Running> {
  const wire = config.bus.url === undefined ? undefined : await openWire(config.bus.wire('gateway'));
  const gateway = await startGateway(config, wire, createLogger('gateway', { level: config.process.logLevel }));
  return {
    close: async () => {
      await gateway.close();
      await wire?.close();
    },
  };
}
