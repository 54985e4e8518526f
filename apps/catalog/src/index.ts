export { CATALOG_PROCESS_SETTINGS, CATALOG_SETTINGS, type CatalogConfig } from './config';
export { CATALOG_SCHEMA } from './data-source';
export { startCatalog } from './start';
