export { Clock } from './clock';
export { KEY_MANAGER_PROCESS_SETTINGS, KEY_MANAGER_SETTINGS, type KeyManagerConfig } from './config';
export { KEY_MANAGER_EXCEPTIONS, KEY_MANAGER_SCHEMA } from './data-source';
export { startKeyManager } from './start';
