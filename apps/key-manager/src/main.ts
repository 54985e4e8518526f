import { openWire } from '@keyward/bus';
import { runService } from '@keyward/runtime';
import { KEY_MANAGER_PROCESS_SETTINGS } from './config';
import { startKeyManager } from './start';

void runService('key-manager', KEY_MANAGER_PROCESS_SETTINGS, async (config, logger) => {
  const wire = await openWire({ ...config.bus.wire('key-manager'), logger });
  const keyManager = await startKeyManager(config, wire, logger);
  return {
    ...keyManager,
    close: async () => {
      await keyManager.close();
      await wire.close();
    },
  };
});
