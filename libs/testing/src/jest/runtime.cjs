const { createRequire, isBuiltin } = require('node:module');
const { compileFunction } = require('node:vm');
const { default: Runtime } = require('jest-runtime');

const ours = /^(\.|@keyward\/|@jest\/globals$)/;

/**
 * Loads our own code for each spec file as Jest does, and libraries as Node does: once in a worker, from ES modules too. Nest
 * and what comes with it take longer to load than most specs to run. Goes with the environment beside it.
 */
module.exports = class SharedLibraries extends Runtime {
  constructor(...args) {
    super(...args);
    const { executor } = this;
    executor.compile = (source, filename) => compileFunction(source, executor.injectedModuleParameters, { filename });
  }

  requireModule(from, name, options, ...rest) {
    const library = !options?.isInternalModule && name !== undefined && !ours.test(name) && !isBuiltin(name);
    return library ? createRequire(from)(name) : super.requireModule(from, name, options, ...rest);
  }

  /** What Jest itself runs a spec with; only its runner keeps something of a file. */
  requireInternalModule(from, name) {
    const library = name !== undefined && !/^[./]/.test(name) && !isBuiltin(name);
    return library ? createRequire(from)(name) : super.requireInternalModule(from, name);
  }
};
