/** The time that decides what is valid, Unix milliseconds; tests move it. */
export class Clock {
  constructor(readonly now: () => number = Date.now) {}
}
