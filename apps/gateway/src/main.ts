import { openWire } from '@keyward/bus';
import { runService } from '@keyward/runtime';
import { certificateOf, gatewaySettings } from './config';
import { startGateway } from './start';

void runService('gateway', gatewaySettings, async (config, logger) => {
  certificateOf(config); // Named when missing, before NATS is waited for.
  const forwardsOnly = config.bus.remoteKeyManager !== undefined && config.bus.url === undefined;
  const wire = forwardsOnly ? undefined : await openWire({ ...config.bus.wire('gateway'), logger });
  const gateway = await startGateway(config, wire, logger);
  return {
    ready: () => gateway.ready(),
    close: async () => {
      await gateway.close();
      await wire?.close();
    },
  };
});
