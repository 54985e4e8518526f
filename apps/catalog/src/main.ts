import { openWire } from '@keyward/bus';
import { runService } from '@keyward/runtime';
import { CATALOG_PROCESS_SETTINGS } from './config';
import { startCatalog } from './start';

void runService('catalog', CATALOG_PROCESS_SETTINGS, async (config, logger) => {
  const wire = await openWire({ ...config.bus.wire('catalog'), logger });
  const catalog = await startCatalog(config, wire, logger);
  return {
    ...catalog,
    close: async () => {
      await catalog.close();
      await wire.close();
    },
  };
});
