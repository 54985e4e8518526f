export { Clock } from './clock';
export { TOKEN_PROCESS_SETTINGS, TOKEN_SETTINGS, type TokenConfig } from './config';
export { TOKEN_EXCEPTIONS, TOKEN_SCHEMA } from './data-source';
export { startToken } from './start';
