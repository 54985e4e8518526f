import { openWire } from '@keyward/bus';
import { runService } from '@keyward/runtime';
import { DIRECTORY_PROCESS_SETTINGS } from './config';
import { startDirectory } from './start';

void runService('directory', DIRECTORY_PROCESS_SETTINGS, async (config, logger) => {
  const wire = await openWire({ ...config.bus.wire('directory'), logger });
  const directory = await startDirectory(config, wire, logger);
  return {
    ...directory,
    close: async () => {
      await directory.close();
      await wire.close();
    },
  };
});
