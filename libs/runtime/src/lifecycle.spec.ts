import { EventEmitter } from 'node:events';
import { setImmediate } from 'node:timers/promises';
import { ConfigError } from './config-error';
import { runUntilSignal, type Host, type Running } from './lifecycle';
import { createLogger } from './logger';

/** A process whose end can be looked at. */
class Process extends EventEmitter implements Host {
  readonly exits: number[] = [];
  readonly said: string[] = [];
  readonly log: string[] = [];
  readonly stderr = { write: (text: string) => this.said.push(text) };
  exit(code: number): void {
    this.exits.push(code);
  }
  run(start: () => Promise<Running>): Promise<void> {
    return runUntilSignal(start, createLogger('it', { stream: { write: (line) => this.log.push(line) } }), this);
  }
}

describe.each(['SIGTERM', 'SIGINT'])('%s', (signal) => {
  it('closes what was started, once, and exits with 0', async () => {
    const host = new Process();
    let closed = 0;
    const close = () => {
      closed++;
      return Promise.resolve();
    };
    const running = host.run(() => Promise.resolve({ close }));
    await setImmediate();
    host.emit(signal);
    await running;
    expect([closed, host.exits]).toEqual([1, [0]]);
    expect(host.log.join()).toMatch(/"ready".*"stopping".*"stopped"/s);
  });

  it('ends a start that still waits for its neighbours', async () => {
    const host = new Process();
    const running = host.run(() => new Promise(() => undefined));
    await setImmediate();
    host.emit(signal);
    await running;
    expect(host.exits).toEqual([0]);
  });

  it('waits for what is in hand; a second one does not', async () => {
    const host = new Process();
    let finish: () => void = () => undefined;
    const running = host.run(() =>
      Promise.resolve({ close: () => new Promise<void>((resolve) => (finish = resolve)) }),
    );
    host.emit(signal);
    await setImmediate();
    expect(host.exits).toEqual([]);
    host.emit(signal);
    expect(host.exits).toEqual([1]);
    finish();
    await running;
  });
});

it('exits with 1 when stopping takes longer than ten seconds', async () => {
  jest.useFakeTimers();
  const host = new Process();
  void host.run(() => Promise.resolve({ close: () => new Promise(() => undefined) }));
  await jest.advanceTimersByTimeAsync(0);
  host.emit('SIGTERM');
  await jest.advanceTimersByTimeAsync(9_999);
  expect(host.exits).toEqual([]);
  await jest.advanceTimersByTimeAsync(1);
  jest.useRealTimers();
  expect(host.exits).toEqual([1]);
  expect(host.log.join()).toContain('not stopped in time');
});

it('exits with 1 and a line in the log when the start fails', async () => {
  const host = new Process();
  await host.run(() => Promise.reject(new Error('no database')));
  expect(host.exits).toEqual([1]);
  expect(host.log.join()).toContain('no database');
});

it('exits with 78 and the list of mistakes alone when the settings are wrong', async () => {
  const host = new Process();
  await host.run(() => Promise.reject(new ConfigError(['A is missing', 'B is missing'])));
  expect(host.exits).toEqual([78]);
  expect(host.said).toEqual(['The configuration has 2 mistakes:\n  A is missing\n  B is missing\n']);
  expect(host.log).toEqual([]);
});

it.each(['uncaughtException', 'unhandledRejection'])('exits with 1 and a line in the log on %s', (event) => {
  const host = new Process();
  void host.run(() => new Promise(() => undefined));
  host.emit(event, new Error('forgotten'));
  expect(host.exits).toEqual([1]);
  expect(host.log.join()).toContain('forgotten');
});
