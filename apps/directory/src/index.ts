export { DIRECTORY_PROCESS_SETTINGS, DIRECTORY_SETTINGS, type DirectoryConfig } from './config';
export { DIRECTORY_EXCEPTIONS, DIRECTORY_SCHEMA } from './data-source';
export { startDirectory } from './start';
