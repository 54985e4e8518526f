import { openWire } from '@keyward/bus';
import { runService } from '@keyward/runtime';
import { TOKEN_PROCESS_SETTINGS } from './config';
import { startToken } from './start';

void runService('token', TOKEN_PROCESS_SETTINGS, async (config, logger) => {
  const wire = await openWire({ ...config.bus.wire('token'), logger });
  const running = await startToken(config, wire, logger);
  return {
    ...running,
    close: async () => {
      await running.close();
      await wire.close();
    },
  };
});
