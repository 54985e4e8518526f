import { once } from 'node:events';
import { mkdtemp, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { generate } from 'selfsigned';
import { blockList, isReachable } from './addresses';
import { Outbound, OutboundError } from './outbound';

let caFile: string;
let server: Server;
let at: string;
const asked: string[] = [];

beforeAll(async () => {
  const { cert, private: key } = await generate([{ name: 'commonName', value: 'localhost' }], {
    extensions: [
      {
        name: 'subjectAltName',
        altNames: [
          { type: 2, value: 'localhost' },
          { type: 7, ip: '127.0.0.1' },
        ],
      },
    ],
  });
  caFile = join(await mkdtemp(join(tmpdir(), 'outbound-')), 'ca.pem');
  await writeFile(caFile, cert);
  server = createServer({ cert, key }, ({ url = '' }, response) => {
    asked.push(url);
    if (url === '/redirect') response.writeHead(302, { location: `${at}/keys` }).end();
    else if (url === '/large') response.end(Buffer.alloc(1024 * 1024 + 1));
    else if (url === '/slow') response.write('{');
    else response.end('{"keys":[]}');
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  at = `https://localhost:${(server.address() as AddressInfo).port}`;
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

const open: Outbound[] = [];
const outbound = (addresses: string[], trusted = true): Outbound => {
  const made = new Outbound({ addresses, ...(trusted && { caFile }) });
  open.push(made);
  return made;
};
const development = () => outbound(['127.0.0.0/8', '::1']);
afterAll(() => Promise.all(open.map((one) => one.close())));

it('DR-09 fetches over https from an address that is allowed', async () => {
  const { status, body } = await development().send(`${at}/keys`);
  expect([status, body.toString()]).toEqual([200, '{"keys":[]}']);
});

it('DR-09 abuse 37 connects to no other address, named or written out', async () => {
  asked.length = 0;
  const { port } = new URL(at);
  for (const url of [at, `https://127.0.0.1:${port}`, `https://2130706433:${port}`, `https://[::1]:${port}`])
    await expect(outbound([]).send(url)).rejects.toThrow(OutboundError);
  await expect(outbound(['10.0.0.0/8']).send(at)).rejects.toThrow(OutboundError);
  expect(asked).toEqual([]);
});

it('DR-09 abuse 37 does not follow redirects', async () => {
  asked.length = 0;
  expect((await development().send(`${at}/redirect`)).status).toBe(302);
  expect(asked).toEqual(['/redirect']);
});

it.each(['/large', '/slow'])('DR-09 gives up on %s', async (path) => {
  await expect(development().send(at + path)).rejects.toThrow(OutboundError);
});

it('DR-09 believes no certificate of an unknown authority', async () => {
  await expect(outbound(['127.0.0.0/8', '::1'], false).send(at)).rejects.toThrow(OutboundError);
});

it.each(['http://example.com/', 'file:///etc/passwd', 'https://a:b@example.com/', 'https://example.com/#x', 'x', ''])(
  'DR-09 takes no %s',
  async (url) => {
    await expect(outbound([]).send(url)).rejects.toThrow('not an https URL');
  },
);

it('DR-09 abuse 37 knows what is not of the public Internet', () => {
  const none = blockList([]);
  for (const address of [
    ...['0.0.0.0', '10.1.2.3', '100.64.0.1', '127.0.0.1', '169.254.169.254', '172.31.0.1', '192.168.1.1', '224.0.0.1'],
    ...['255.255.255.255', '::', '::1', 'fe80::1', 'fc00::1', 'ff02::1', '::ffff:127.0.0.1', '64:ff9b::a00:1'],
    ...['2001:db8::1', '2002:7f00:1::', '2001::1', 'localhost', ''],
  ])
    expect([address, isReachable(address, none)]).toEqual([address, false]);
  for (const address of ['93.184.216.34', '172.32.0.1', '2606:2800:220:1::1'])
    expect([address, isReachable(address, none)]).toEqual([address, true]);
  expect(isReachable('10.1.2.3', blockList(['10.0.0.0/8']))).toBe(true);
});
