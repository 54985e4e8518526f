const { AsyncLocalStorage } = require('node:async_hooks');
const { TestEnvironment } = require('jest-environment-node');
require('reflect-metadata');

/** Where libraries keep what the classes of a spec declare; they look through all of it. */
const declared = ['classValidatorMetadataStorage', 'typeormMetadataArgsStorage'];

/** What specs and Jest itself have stored by. Node 20 copies the store of each, for good, into every promise of the worker. */
const storages = new Set();
for (const method of ['run', 'enterWith']) {
  const original = AsyncLocalStorage.prototype[method];
  AsyncLocalStorage.prototype[method] = function (...args) {
    storages.add(this);
    return original.apply(this, args);
  };
}

/** Where Jest keeps the listeners to the run of a spec, and its state: else those after it tell all before of each test. */
const isOfRun = (name) => typeof name === 'symbol' && /^(EVENT_HANDLERS|JEST_STATE_SYMBOL)$/.test(name.description);

/** Runs specs among the globals of the worker, whose libraries they share: an `Error` of one is an `Error` of the other. */
module.exports = class OneRealm extends TestEnvironment {
  constructor(config, context) {
    super(config, context);
    this.global = globalThis;
    this.moduleMocker = new this.moduleMocker.constructor(globalThis);
    this.fakeTimersModern = new this.fakeTimersModern.constructor({ config: config.projectConfig, global: globalThis });
    this.before = { env: { ...process.env }, exit: process.exit };
  }

  async teardown() {
    process.env = this.before.env;
    process.exit = this.before.exit;
    for (const name of [...declared, ...Reflect.ownKeys(globalThis).filter(isOfRun)]) delete globalThis[name];
    for (const storage of storages) storage.disable();
    storages.clear();
    await super.teardown();
  }
};
