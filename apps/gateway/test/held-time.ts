/** Makes intervals and the time of day a test's own: what takes long is over when the test says so. To be called before a gateway starts. */
export const holdTime = (): typeof jest =>
  jest.useFakeTimers({
    doNotFake: [
      ...(['clearImmediate', 'clearTimeout', 'hrtime', 'nextTick', 'performance'] as const),
      ...(['queueMicrotask', 'setImmediate', 'setTimeout'] as const),
    ],
  });
