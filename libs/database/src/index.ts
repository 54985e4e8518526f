export * from './data-source';
export * from './failures';
export * from './tenancy';
export * from './isolate';
export * from './migrations';
export * from './feed-tables';
export * from './feed-owner';
export * from './embedded-postgres';
