import { BusSettings, DatabaseSettings, type Config } from '@keyward/runtime';

/** The settings of the catalog. */
export const CATALOG_SETTINGS = { database: DatabaseSettings };

/** Those of a process of its own, which needs a wire. */
export const CATALOG_PROCESS_SETTINGS = { ...CATALOG_SETTINGS, bus: BusSettings };

export type CatalogConfig = Config<typeof CATALOG_SETTINGS>;
