export * from './clock';
export * from './database';
export * from './isolation';
export * from './nats';
export * from './postgres';
