import { Readable } from 'node:stream';
import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import type { AddressInfo } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { apis } from '@keyward/contracts';
import { Agent, request } from 'undici';
import { certificate } from '../../test/certificate';
import { api, resource, startProxied, type Proxied } from '../../test/proxied';
import { rawUpstream, type RawUpstream } from '../../test/raw-upstream';
import { testGateway, type Answer, type TestGateway } from '../../test/started-gateway';

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;
/** How often memory is looked at while a large answer passes, bytes. */
const STEP = 64 * 1024 * 1024;
/** What is held, without what was passed on and is only not yet collected. */
const heldBytes = (): number => {
  collect();
  // What the first has found is given back by the time the second begins.
  collect();
  return process.memoryUsage().arrayBuffers;
};

const METHODS = ['GET', 'POST', 'PUT', 'DELETE'] as const;
let answer: (socket: Socket, head: string) => void = (socket) => socket.end();
let rough: RawUpstream;
let proxied: Proxied;
/** One that waits a second for its upstreams, for those that hang. */
let impatient: TestGateway;
let dispatcher: Agent;

beforeAll(async () => {
  rough = await rawUpstream((socket, head) => answer(socket, head));
  const resources = METHODS.map((verb) => resource(verb, '/*'));
  proxied = await startProxied((upstream) => [
    api(upstream, { resources }),
    api(rough.url, { id: 'rough', context: '/rough', resources }),
    api('http://127.0.0.1:1', { id: 'nowhere', context: '/nowhere', resources }),
    api(rough.url.replace('http:', 'https:'), { id: 'silent', context: '/silent', resources }),
    api('http://name.invalid', { id: 'nameless', context: '/nameless', resources }),
  ]);
  impatient = await testGateway(proxied.services, { proxy: { upstreamTimeout: 1 } });
  dispatcher = new Agent({ connect: { ca: (await certificate()).cert } });
});
afterAll(async () => {
  await dispatcher.close();
  await impatient.close();
  await proxied.close();
  rough.close();
});

const ask = async (path: string, method: (typeof METHODS)[number] = 'GET', body?: string) => {
  const headers = await proxied.bearer();
  return proxied.gateway.ask(`/t/johnsorg${path}`, { method, headers, body });
};
const askImpatiently = async (path: string) => impatient.ask(`/t/johnsorg${path}`, { headers: await proxied.bearer() });
const head = 'HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n';

describe('both ways', () => {
  it.each(['POST', 'PUT', 'DELETE'] as const)(
    '%s takes its body along, of known length and of unknown',
    async (method) => {
      const body = 'x'.repeat(300_000);
      proxied.upstream.reached.splice(0);
      expect((await ask('/pizza/x', method, body)).status).toBe(200);
      const streamed = await request(`${proxied.gateway.url}/t/johnsorg/pizza/x`, {
        ...{ dispatcher, method, headers: await proxied.bearer() },
        body: Readable.from(
          (async function* () {
            for (let n = 0; n < 3; n++) yield 'y'.repeat(100_000);
          })(),
        ),
      });
      await streamed.body.dump();
      const [known, unknown] = proxied.upstream.reached;
      expect([known!.body, known!.headers['content-length']]).toEqual([body, '300000']);
      expect([unknown!.body, unknown!.headers['transfer-encoding']]).toEqual(['y'.repeat(300_000), 'chunked']);
    },
  );

  it('streams: the first part is here before the last is made, in either direction', async () => {
    const release: (() => void)[] = [];
    proxied.upstream.on((incoming, response) => {
      incoming.once('data', (chunk: Buffer) => {
        response.writeHead(200, { 'content-type': 'text/event-stream' }).write(`first ${chunk.toString()}`);
        release.push(() => response.end('last'));
      });
    });
    let finish = () => {};
    const more = new Promise<void>((resolve) => (finish = resolve));
    const { body } = await request(`${proxied.gateway.url}/t/johnsorg/pizza/x`, {
      ...{ dispatcher, method: 'POST' as const, headers: await proxied.bearer() },
      body: Readable.from(
        (async function* () {
          yield 'part';
          await more;
          yield 'rest';
        })(),
      ),
    });
    const parts = body[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
    expect(String((await parts.next()).value)).toBe('first part');
    finish();
    release[0]!();
    expect(String((await parts.next()).value)).toBe('last');
  });

  /** 4096 is what it was measured with: `ANSWER_MIB=4096 npx jest …`. */
  const mebibytes = Number(process.env['ANSWER_MIB'] ?? 128);
  it('passes on what no memory has room for without holding it', async () => {
    const chunk = Buffer.alloc(1024 * 1024);
    proxied.upstream.on((_, response) => {
      let left = mebibytes;
      const write = () => {
        while (left-- > 0) if (!response.write(chunk)) return void response.once('drain', write);
        response.end();
      };
      write();
    });
    const { body } = await request(`${proxied.gateway.url}/t/johnsorg/pizza/x`, {
      ...{ dispatcher, headers: await proxied.bearer() },
    });
    const before = heldBytes();
    let [bytes, looked, most] = [0, 0, 0];
    for await (const part of body as AsyncIterable<Buffer>) {
      bytes += part.length;
      if (bytes < (looked + 1) * STEP) continue;
      looked++;
      most = Math.max(most, heldBytes() - before);
    }
    expect(bytes).toBe(mebibytes * 1024 * 1024);
    expect(looked).toBe(bytes / STEP);
    expect(most).toBeLessThan(STEP / 2);
  });

  it('a client that does not read, or leaves, ends the upstream’s work', async () => {
    let [written, closed] = [0, false];
    proxied.upstream.on((_, response) => {
      const chunk = Buffer.alloc(1024 * 1024);
      const write = () => {
        while (written < 4096 && !response.destroyed) {
          written++;
          if (!response.write(chunk)) return void response.once('drain', write);
        }
      };
      response.on('close', () => (closed = true));
      write();
    });
    const { body } = await request(`${proxied.gateway.url}/t/johnsorg/pizza/x`, {
      ...{ dispatcher, headers: await proxied.bearer() },
    });
    let before = -1;
    while (before !== written) {
      before = written;
      await pause(300);
    }
    expect(written).toBeLessThan(200);
    body.on('error', () => undefined).destroy();
    while (!closed) await pause(10);
    expect(written).toBeLessThan(300);
  });
});

describe('an upstream that fails', () => {
  const fault = ({ status, json }: Answer) => [status, json.code];

  it('101503 is not there', async () => {
    expect(fault(await ask('/nowhere/x'))).toEqual([502, '101503']);
    expect(fault(await ask('/nameless/x', 'POST', 'x'))).toEqual([502, '101503']);
  });

  it('101504 hangs before its answer', async () => {
    answer = () => undefined;
    const { status, json, headers } = await askImpatiently('/rough/x');
    expect([status, json]).toEqual([
      504,
      { code: '101504', message: 'Runtime Error', description: 'Connection timed out' },
    ]);
    expect(headers['x-correlation-id']).toBeDefined();
  });

  it('101505 closes without an answer; what is safe is sent once more', async () => {
    answer = (socket) => socket.destroy();
    rough.heads.splice(0);
    expect(fault(await ask('/rough/x'))).toEqual([502, '101505']);
    expect(rough.heads).toHaveLength(2);
    for (const method of ['POST', 'PUT', 'DELETE'] as const) {
      rough.heads.splice(0);
      expect(fault(await ask('/rough/x', method))).toEqual([502, '101505']);
      expect(rough.heads).toHaveLength(1);
    }
  });

  it('answers on the second connection when the first was closed meanwhile', async () => {
    let times = 0;
    answer = (socket) => (times++ === 0 ? socket.destroy() : socket.end(`${head}Content-Length: 2\r\n\r\nok`));
    expect((await ask('/rough/x')).text).toBe('ok');
  });

  it.each([
    'garbage',
    '\r\n\r\n',
    'HTTP/1.1 abc\r\n\r\n',
    'HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n',
    'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab',
    'HTTP/1.1 200 OK\r\nno colon\r\n\r\n',
    'HTTP/1.1 200 OK\r\nX: a\0b\r\n\r\n',
    `HTTP/1.1 200 OK\r\nX: ${'a'.repeat(70_000)}\r\n\r\n`,
    'SSH-2.0-OpenSSH_9.2\r\n',
    '\x16\x03\x01\x00\xa5\x01\x00',
  ])('101506 talks %.30j', async (garbage) => {
    answer = (socket) => socket.end(garbage, 'latin1');
    const { status, json } = await ask('/rough/x', 'POST', 'x');
    expect(status).toBe(502);
    expect(['101505', '101506']).toContain(json.code); // what closes at once may be seen as closed first
  });

  const broken = async ({ url } = proxied.gateway) => {
    const { statusCode, body } = await request(`${url}/t/johnsorg/rough/x`, {
      ...{ dispatcher, headers: await proxied.bearer() },
    });
    return [statusCode, await body.text().catch(() => 'cut')];
  };

  it('dies in the middle of its answer: the client sees it cut, not ended', async () => {
    answer = (socket) => socket.end(`${head}Content-Length: 100\r\n\r\nhalf`);
    expect(await broken()).toEqual([200, 'cut']);
    answer = (socket) => socket.end(`${head}Transfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n`);
    expect(await broken()).toEqual([200, 'cut']);
    answer = (socket) => socket.end(`${head}Transfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\nZZ\r\n`);
    expect(await broken()).toEqual([200, 'cut']);
  });

  it('hangs in the middle of its answer', async () => {
    answer = (socket) => socket.write(`${head}Content-Length: 100\r\n\r\nhalf`);
    expect(await broken(impatient)).toEqual([200, 'cut']);
  });

  it('says more than it announced: the rest reaches nobody', async () => {
    answer = (socket) =>
      socket.end(`${head}Content-Length: 2\r\n\r\nokHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil`);
    expect((await ask('/rough/x')).text).toBe('ok');
    answer = (socket) => socket.end(`${head}Content-Length: 4\r\n\r\nnext`);
    expect((await ask('/rough/x')).text).toBe('next');
  });

  it('leaves no connection behind', async () => {
    for (const end = Date.now() + 5000; rough.sockets.size > 1 && Date.now() < end;) await pause(20);
    expect(rough.sockets.size).toBeLessThanOrEqual(1);
  });

  it('303001 cannot be reached: it is left alone for a while, and tried again', async () => {
    const port = await freePort();
    const resources = [resource('GET', '/*')];
    const back = api(`http://127.0.0.1:${port}`, { id: 'back', context: '/back', resources });
    proxied.services.change(apis, 'back', back);
    const failed: unknown[] = [];
    let suspended = await ask('/back/x');
    for (; suspended.status === 502; suspended = await ask('/back/x')) failed.push(suspended.json.code);
    expect(failed.slice(0, 10)).toEqual(Array(10).fill('101503'));
    expect([...fault(suspended), suspended.headers['retry-after']]).toEqual([503, '303001', '2']);
    const server = createServer((socket) => {
      socket.on('error', () => undefined).on('data', () => socket.end(`${head}Content-Length: 2\r\n\r\nok`));
    }).listen(port, '127.0.0.1');
    let status = 0;
    while (status !== 200) {
      status = (await ask('/back/x')).status;
      await pause(50);
    }
    server.close();
    expect((await ask('/rough/x', 'POST')).status).not.toBe(503);
  });

  it('303001 does not come to an agreement on a connection: it is left alone as well', async () => {
    answer = () => undefined;
    const first = await Promise.all(Array.from({ length: 10 }, () => askImpatiently('/silent/x')));
    expect(new Set(first.map((each) => fault(each).join()))).toEqual(new Set(['504,101504']));
    let next = await askImpatiently('/silent/x');
    // It may be time to try again.
    while (next.status === 504) next = await askImpatiently('/silent/x');
    expect(fault(next)).toEqual([503, '303001']);
  });

  it('shows its address to nobody', async () => {
    const { text, headers } = await ask('/nowhere/x');
    expect(text + JSON.stringify(headers)).not.toMatch(/127\.0\.0\.1|ECONN/);
  });
});

it('a refusal does not wait for a body that has no end', async () => {
  const { statusCode, headers, body } = await request(`${proxied.gateway.url}/t/johnsorg/pizza/x`, {
    ...{ dispatcher, method: 'POST' as const },
    body: Readable.from(
      (async function* () {
        for (let n = 0; n < 100_000; n++) {
          yield Buffer.alloc(16_384);
          await pause(1);
        }
      })(),
    ),
  });
  await body.dump();
  expect([statusCode, headers['connection']]).toEqual([401, 'close']);
});
