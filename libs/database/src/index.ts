export * from './data-source';
export * from './failures';
export * from './tenancy';
export * from './migrations';
export * from './feed';
export * from './embedded-postgres';
