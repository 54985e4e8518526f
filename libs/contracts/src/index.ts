import 'reflect-metadata'; // before class-transformer's decorators, whoever imports what first
export * from './rpc';
export * from './events';
export * from './errors';
export * from './feed';
export * from './page';
export * from './organization';
export * from './user';
export * from './client';
export * from './relying-party';
export * from './application';
export * from './signing-key';
export * from './token';
export * from './revocation';
export * from './api';
export * from './scope';
export * from './subscription';
