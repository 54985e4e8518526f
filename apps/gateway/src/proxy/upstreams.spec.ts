import { api, startProxied } from '../../test/proxied';
import { isPrivateAddress } from './upstreams';

describe('an upstream in a private network', () => {
  it.each([
    ...['127.0.0.1', '127.255.255.254', '10.1.2.3', '172.16.0.1', '172.31.255.255', '192.168.1.1', '169.254.169.254'],
    ...['100.64.0.1', '0.0.0.0', '198.18.0.1', '203.0.113.7', '224.0.0.1', '255.255.255.255'],
    ...['::1', '::', 'fe80::1', 'fd00:ec2::254', 'ff02::1', '2001:db8::1', '64:ff9b::7f00:1', '2002:7f00:1::'],
    ...['::ffff:127.0.0.1', '::ffff:10.0.0.1', '::ffff:169.254.169.254', 'nothing'],
  ])('DR-09 is %s', (address) => expect(isPrivateAddress(address)).toBe(true));

  it.each(['1.1.1.1', '172.32.0.1', '100.128.0.1', '2606:4700::1111', '::ffff:1.1.1.1'])('is not %s', (address) =>
    expect(isPrivateAddress(address)).toBe(false),
  );

  it('DR-09 101503 is not reached where that is not allowed, by its address or by a name for it', async () => {
    const proxied = await startProxied(
      (upstream) => [
        api(upstream),
        api(upstream.replace('127.0.0.1', 'localhost'), { id: 'named', name: 'Named', context: '/named' }),
        api(upstream.replace('127.0.0.1', '[::ffff:127.0.0.1]'), { id: 'mapped', name: 'Mapped', context: '/mapped' }),
        api(upstream.replace('127.0.0.1', '2130706433'), { id: 'number', name: 'Number', context: '/number' }),
      ],
      {},
      { proxy: { upstreamPrivateAddresses: false } },
    );
    try {
      for (const context of ['pizza', 'named', 'mapped', 'number']) {
        const headers = await proxied.bearer();
        const { status, json } = await proxied.gateway.ask(`/t/johnsorg/${context}/1.0.0/x`, { headers });
        expect([context, status, json.code]).toEqual([context, 502, '101503']);
      }
      expect(proxied.upstream.reached).toEqual([]);
    } finally {
      await proxied.close();
    }
  });
});
