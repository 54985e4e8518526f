import { api, startProxied, type Proxied } from '../../test/proxied';
import { JOHNSORG, ROOT, SUSPENDED } from '../../test/started-gateway';
import { bodyOf } from './fault-body';
import { Fault } from './fault';

const invalid = new Fault('invalidCredentials');
const throttled = new Fault('subscriptionThrottled', {}, [], new Date('2026-11-21T16:00:00.000Z'));
const description = 'Invalid Credentials. Make sure you have provided the correct security credentials';

it.each(['rfc', 'wso2-4.x'] as const)('900901 is JSON with a text for its code in the profile %s', (profile) => {
  for (const accept of ['', 'application/xml'])
    expect(bodyOf(invalid, profile, accept)).toEqual({
      type: 'application/json; charset=UTF-8',
      text: JSON.stringify({ code: '900901', message: 'Invalid Credentials', description }),
    });
});

it.each(['wso2-2.6', 'wso2-3.2'] as const)(
  '900901 900804 is XML in the profile %s, or JSON in a wrapper',
  (profile) => {
    expect(bodyOf(invalid, profile, '*/*')).toEqual({
      type: 'application/xml; charset=UTF-8',
      text:
        '<ams:fault xmlns:ams="http://wso2.org/apimanager/security"><ams:code>900901</ams:code>' +
        `<ams:message>Invalid Credentials</ams:message><ams:description>${description}</ams:description></ams:fault>`,
    });
    expect(bodyOf(throttled, profile).text).toBe(
      '<amt:fault xmlns:amt="http://wso2.org/apimanager/throttling"><amt:code>900804</amt:code>' +
        '<amt:message>Message throttled out</amt:message><amt:description>You have exceeded your quota .You can access API ' +
        'after 2026-Nov-21 16:00:00+0000 UTC</amt:description>' +
        '<amt:nextAccessTime>2026-Nov-21 16:00:00+0000 UTC</amt:nextAccessTime></amt:fault>',
    );
    expect(JSON.parse(bodyOf(invalid, profile, 'text/html, application/json;q=0.9').text)).toEqual({
      fault: { code: 900901, message: 'Invalid Credentials', description },
    });
  },
);

describe('an organization with the profile of API Manager 3', () => {
  let proxied: Proxied;
  beforeAll(async () => {
    const old = { ...JOHNSORG, compatibilityProfile: 'wso2-3.2' as const };
    proxied = await startProxied((upstream) => [api(upstream)], {}, {}, [ROOT, old, SUSPENDED]);
  });
  afterAll(() => proxied.close());

  it('900902 answers a call without a token as that does', async () => {
    const { status, headers, text } = await proxied.gateway.ask('/t/johnsorg/pizza/1.0.0/menu');
    expect([status, headers['content-type']]).toEqual([401, 'application/xml; charset=UTF-8']);
    expect(text).toContain('<ams:code>900902</ams:code>');
    const json = await proxied.gateway.ask('/t/johnsorg/pizza/1.0.0/menu', { headers: { accept: 'application/json' } });
    expect(json.json.fault.code).toBe(900902);
  });
});
