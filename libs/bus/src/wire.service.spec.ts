import { Controller, Module, type INestMicroservice, type LoggerService } from '@nestjs/common';
import { event, rpc, ServiceError } from '@keyward/contracts';
import { startNats, type Nats } from '@keyward/testing';
import { connect } from 'nats';
import { IsInt, IsOptional, IsString } from 'class-validator';
import {
  Bus,
  Handle,
  LocalExchange,
  openWire,
  prepare,
  serve,
  startCall,
  timeLeft,
  type Call,
  type Wire,
} from './index';

class Ask {
  @IsString() text: string;
  @IsOptional() @IsInt() ms?: number;
}
class Told {
  text: string;
  left?: number;
  traceparent?: string;
  by?: string;
}
class News {
  text: string;
}

const echo = rpc('probe.text.echo', Ask, Told);
const slow = rpc('probe.text.slow', Ask, Told);
const refuse = rpc('probe.text.refuse', Ask, Told);
const fail = rpc('probe.text.fail', Ask, Told);
const nothing = rpc('probe.text.nothing', Ask, Told);
const large = rpc('probe.text.large', Ask, Told);
const relay = rpc('probe.text.relay', Ask, Told);
const hang = rpc('probe.text.hang', Ask, Told);
const held = rpc('probe.text.held', Ask, Told);
const heldRepeatable = rpc('probe.text.held-repeatable', Ask, Told, { repeatable: true });
const nobody = rpc('probe.text.nobody', Ask, Told);
const happened = event('probe.news.happened', News);

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
const until = async (holds: () => boolean) => {
  while (!holds()) await sleep(5);
};
const ignore = (): void => undefined;
const quiet: LoggerService = { log: ignore, warn: ignore, error: ignore };

/** A service of the suite's own: what is tested is the road, not the house at its end. */
function probe(name: string, wire: Wire) {
  const seen: unknown[] = [];
  let release = ignore;
  const released = new Promise<void>((resolve) => (release = resolve));
  @Controller()
  class ProbeController {
    private readonly bus = new Bus(wire);
    @Handle(echo) async echo(request: Ask, call: Call): Promise<Told> {
      seen.push(request);
      return { text: request.text, left: timeLeft(call), traceparent: call.traceparent, by: name };
    }
    @Handle(slow) async slow({ text, ms }: Ask): Promise<Told> {
      seen.push(text);
      await sleep(ms ?? 0);
      return { text, by: name };
    }
    @Handle(hang) async hang({ text, ms = 0 }: Ask): Promise<Told> {
      for (const end = Date.now() + ms; Date.now() < end;);
      return { text, by: name };
    }
    @Handle(held) async held({ text }: Ask): Promise<Told> {
      seen.push(text);
      await released;
      return { text, by: name };
    }
    @Handle(heldRepeatable) async heldRepeatable({ text }: Ask): Promise<Told> {
      seen.push(text);
      if (seen.length === 1) await released;
      return { text, by: name };
    }
    @Handle(refuse) async refuse({ text }: Ask): Promise<Told> {
      throw new ServiceError('too_many_requests', text, { detail: 'for the log alone', retryAfter: 7 });
    }
    @Handle(fail) async fail(): Promise<Told> {
      throw new TypeError('secret inside');
    }
    @Handle(nothing) async nothing(): Promise<Told> {
      return undefined as never;
    }
    @Handle(large) async large(): Promise<Told> {
      return { text: 'x'.repeat(2_000_000) };
    }
    @Handle(relay) relay(request: Ask, call: Call): Promise<Told> {
      return this.bus.call(slow, request, call);
    }
  }
  @Module({ controllers: [ProbeController] })
  class ProbeModule {}
  return {
    seen,
    /** What is held is answered. */
    release,
    start: () => serve('probe', ProbeModule, wire, quiet),
    prepare: () => prepare('probe', ProbeModule, wire, quiet),
  };
}

let nats: Nats;
beforeAll(async () => (nats = await startNats()));
afterAll(() => nats.stop());

type Open = (options?: { maxInFlight?: number; name?: string }) => Promise<Wire>;
const transports: [string, () => Open][] = [
  [
    'NATS',
    () => (options) => openWire({ url: nats.url, name: options?.name ?? 'probe', maxInFlight: options?.maxInFlight }),
  ],
  [
    'in-process',
    () => {
      const exchange = new LocalExchange();
      return async (options) => exchange.wire(options);
    },
  ],
];

describe.each(transports)('%s', (_name, transport) => {
  let open: Open;
  let wires: Wire[];
  let services: INestMicroservice[];
  let bus: Bus;

  const participant = async (options?: Parameters<Open>[0]) => {
    const wire = await open(options);
    wires.push(wire);
    return wire;
  };
  const started = async (name = 'one', options?: Parameters<Open>[0]) => {
    const service = probe(name, await participant(options));
    const app = await service.start();
    services.push(app);
    return { ...service, app };
  };
  const call = (ms = 20_000) => startCall(ms);

  beforeEach(async () => {
    open = transport();
    wires = [];
    services = [];
    bus = new Bus(await participant({ name: 'caller' }));
  });
  afterEach(async () => {
    await Promise.all(services.map((service) => service.close()));
    await Promise.all(wires.map((wire) => wire.close()));
  });

  test('a request gets its answer, without the members its class does not know', async () => {
    const { seen } = await started();
    const told = await bus.call(echo, { text: 'hello', evil: true } as Ask, call());
    expect(told.text).toBe('hello');
    expect(seen).toEqual([{ text: 'hello' }]);
  });

  test('the deadline travels as the time left, the trace as it is', async () => {
    await started();
    const asked = call(60_000);
    const told = await bus.call(echo, { text: 'x' }, asked);
    expect(told.left).toBeLessThanOrEqual(60_000);
    expect(told.left).toBeGreaterThan(50_000);
    expect(told.traceparent).toBe(asked.traceparent);
  });

  test('a malformed request is invalid_request and says what is wrong', async () => {
    await started();
    await expect(bus.call(echo, { text: 7 } as never, call())).rejects.toMatchObject({
      code: 'invalid_request',
      description: 'text must be a string',
    });
  });

  test('an error arrives with code, description and retryAfter, and nothing else', async () => {
    await started();
    const refused = (await bus
      .call(refuse, { text: 'slowly' }, call())
      .catch((error: unknown) => error)) as ServiceError;
    expect(refused).toBeInstanceOf(ServiceError);
    expect(refused).toMatchObject({
      code: 'too_many_requests',
      description: 'slowly',
      retryAfter: 7,
      detail: undefined,
    });
  });

  test('an unexpected failure is server_error and tells nothing', async () => {
    await started();
    const failed = await bus.call(fail, { text: '' }, call()).catch((error: unknown) => error);
    expect(failed).toMatchObject({ code: 'server_error', description: undefined });
  });

  test('an empty answer is an answer', async () => {
    await started();
    await expect(bus.call(nothing, { text: '' }, call())).resolves.toBeNull();
  });

  test('no responder is temporarily_unavailable, long before the deadline', async () => {
    const asked = call(60_000);
    await expect(bus.call(nobody, { text: '' }, asked)).rejects.toMatchObject({
      code: 'temporarily_unavailable',
      retryAfter: 1,
    });
    expect(timeLeft(asked)).toBeGreaterThan(50_000);
  });

  test('no answer in time is temporarily_unavailable, through a service in between too', async () => {
    await started();
    await expect(bus.call(relay, { text: '', ms: 3000 }, call(200))).rejects.toMatchObject({
      code: 'temporarily_unavailable',
    });
  });

  test('an answer that comes too late is none, though the process has hung and heard it before its timer', async () => {
    await started();
    await expect(bus.call(hang, { text: '', ms: 300 }, call(200))).rejects.toMatchObject({
      code: 'temporarily_unavailable',
    });
  });

  test('more work than the limit is refused at once, and room is found again', async () => {
    const { release } = await started('one', { maxInFlight: 2 });
    const asked = [1, 2, 3].map((n) => bus.call(held, { text: String(n) }, call()));
    await expect(Promise.race(asked)).rejects.toMatchObject({
      code: 'temporarily_unavailable',
      description: 'too much work in flight',
    });
    release();
    const answers = await Promise.allSettled(asked);
    expect(answers.map(({ status }) => status).sort()).toEqual(['fulfilled', 'fulfilled', 'rejected']);
    await expect(bus.call(slow, { text: 'again' }, call())).resolves.toMatchObject({ text: 'again' });
  });

  /** Who answers when much is asked. */
  const answering = async () =>
    new Set(
      await Promise.all(Array.from({ length: 60 }, () => bus.call(echo, { text: '' }, call()).then((told) => told.by))),
    );

  test('instances share the work', async () => {
    await started('one');
    await started('two');
    expect(await answering()).toEqual(new Set(['one', 'two']));
  });

  test('an instance that is prepared takes nothing before it listens, and never once it is closed', async () => {
    await started('one');
    const [two, three] = [probe('two', await participant()), probe('three', await participant())];
    const apps = [await two.prepare(), await three.prepare()];
    services.push(...apps);
    await apps[1]?.close();
    expect(await answering()).toEqual(new Set(['one']));
    for (const app of apps) await app.listen();
    expect(await answering()).toEqual(new Set(['one', 'two']));
  });

  test('an instance that stops loses nothing', async () => {
    await started('stays');
    const leaves = await started('leaves');
    const asked = Array.from({ length: 60 }, (_, n) => bus.call(slow, { text: String(n), ms: 50 }, call()));
    const during = sleep(10).then(() => leaves.app.close());
    const later = sleep(20).then(() =>
      Promise.all(Array.from({ length: 60 }, () => bus.call(slow, { text: 'later' }, call()))),
    );
    await expect(Promise.all([...asked, later, during])).resolves.toHaveLength(62);
  });

  test('a lost repeatable message is sent once more, another is not', async () => {
    const { seen, release } = await started();
    // The first has half of the time, the second what is left.
    await expect(bus.call(heldRepeatable, { text: 'r' }, call(5000))).resolves.toMatchObject({ text: 'r' });
    expect(seen).toEqual(['r', 'r']);
    await expect(bus.call(held, { text: 's' }, call(2500))).rejects.toMatchObject({ code: 'temporarily_unavailable' });
    expect(seen).toEqual(['r', 'r', 's']);
    release();
  });

  test('events reach everyone who listens, until they stop', async () => {
    const others = [await participant(), await participant()];
    const heard: string[] = [];
    const stops = others.map((other, n) =>
      new Bus(other).subscribe(happened, ({ text }) => heard.push(`${n} ${text}`)),
    );
    // Everything before has come and gone: the server answers each in order.
    const settled = () => Promise.all(others.map((other) => other.reachable()));
    await settled();
    bus.publish(happened, { text: 'a' });
    await until(() => heard.length === 2);
    stops[0]?.();
    await settled();
    bus.publish(happened, { text: 'b' });
    await until(() => heard.includes('1 b'));
    await settled();
    expect(heard.sort()).toEqual(['0 a', '1 a', '1 b']);
  });
});

describe('what cannot be read', () => {
  test('abuse 12 garbage on a subject or an event leaves a service answering', async () => {
    const served = await openWire({ url: nats.url, name: 'probe' });
    const service = probe('one', served);
    const app = await service.start();
    const heard: string[] = [];
    new Bus(served).subscribe(happened, ({ text }) => heard.push(text));
    const stranger = await connect({ servers: nats.url });
    for (const garbage of ['', 'no JSON', 'null', '7', '{}', '{"left":"x"}', '{"left":1e999}']) {
      stranger.publish(echo.subject, Buffer.from(garbage), { reply: '_INBOX_stranger.1' });
      stranger.publish(happened.subject, Buffer.from(garbage));
    }
    stranger.publish(echo.subject, Buffer.from('{"left":500,"sent":0,"traceparent":7,"body":{"text":"odd"}}'), {
      reply: '_INBOX_stranger.2',
    });
    stranger.publish(happened.subject, Buffer.from('{"text":"heard"}'));
    await stranger.drain();

    const wire = await openWire({ url: nats.url, name: 'caller' });
    const bus = new Bus(wire);
    await expect(bus.call(echo, { text: 'still here' }, startCall(20_000))).resolves.toMatchObject({
      text: 'still here',
    });
    await expect(bus.call(large, { text: '' }, startCall(20_000))).rejects.toMatchObject({ code: 'server_error' });
    expect(service.seen).toContainEqual({ text: 'odd' });
    expect(heard).toContain('heard');
    await app.close();
    await served.close();
    await wire.close();
  });
});

describe('NATS going away', () => {
  test('requests fail at once while it is gone, and work by themselves when it is back', async () => {
    let broker = await startNats();
    const served = await openWire({ url: broker.url, name: 'probe' });
    const app = await probe('one', served).start();
    const wire = await openWire({ url: broker.url, name: 'caller' });
    const bus = new Bus(wire);
    const heard: boolean[] = [];
    bus.onConnection((connected) => heard.push(connected));

    await broker.stop();
    while (bus.connected) await sleep(10);
    const asked = startCall(60_000);
    await expect(bus.call(echo, { text: '' }, asked)).rejects.toMatchObject({ code: 'temporarily_unavailable' });
    expect(timeLeft(asked)).toBeGreaterThan(50_000);

    broker = await startNats({ port: Number(new URL(broker.url).port) });
    const answer = async (): Promise<Told> => {
      for (;;) {
        const told = await bus.call(echo, { text: 'back' }, startCall(1000)).catch(() => undefined);
        if (told) return told;
        await sleep(50);
      }
    };
    await expect(answer()).resolves.toMatchObject({ text: 'back' });
    expect(heard).toEqual([false, true]);
    await app.close();
    await served.close();
    await wire.close();
    await broker.stop();
  });

  test('hanging, what it held back until nobody waited for it is not done when it goes on', async () => {
    const broker = await startNats();
    const [served, wire] = [
      await openWire({ url: broker.url, name: 'probe' }),
      await openWire({ url: broker.url, name: 'caller' }),
    ];
    const { start, seen } = probe('one', served);
    const app = await start();
    const bus = new Bus(wire);
    await bus.call(echo, { text: 'before' }, startCall(20_000));

    process.kill(broker.pid, 'SIGSTOP');
    await sleep(200); // until it has
    await expect(bus.call(echo, { text: 'lost' }, startCall(300))).rejects.toMatchObject({
      code: 'temporarily_unavailable',
    });
    await sleep(1000); // however slow the first one was, by which it is known how long a message takes
    process.kill(broker.pid, 'SIGCONT');
    await bus.call(echo, { text: 'after' }, startCall(20_000));
    expect(seen).toEqual([{ text: 'before' }, { text: 'after' }]);

    await app.close();
    await Promise.all([served.close(), wire.close()]);
    await broker.stop();
  });
});
