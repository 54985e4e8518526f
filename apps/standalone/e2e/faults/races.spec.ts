import { startProcesses, type Answer, type Processes, type ServiceName } from '@keyward/testing';

const SERVICES: ServiceName[] = ['gateway', 'token', 'directory', 'key-manager', 'catalog'];
let processes: Processes;
beforeAll(async () => {
  const verbose = Object.fromEntries(SERVICES.map((name) => [name, { LOG_LEVEL: 'trace' }]));
  processes = await startProcesses({ instances: 3, env: verbose });
});
afterAll(() => processes.stop());

/** A form to one of the gateways, as the demo's client. */
function post(path: string, form: Record<string, string>, at = 0): Promise<Answer> {
  const { consumerKey, consumerSecret } = processes.access.demo;
  const url = processes.gatewayUrls[at % processes.gatewayUrls.length] ?? '';
  return processes.deployment.send(`${url}${path}`, { form, basic: [consumerKey, consumerSecret] });
}
const signIn = async () => {
  const { username, password } = processes.access.demo;
  const { body } = await post('/token', { grant_type: 'password', username, password });
  return body as { access_token: string; refresh_token: string };
};
const refresh = (token: string, at = 0) => post('/token', { grant_type: 'refresh_token', refresh_token: token }, at);
const isActive = async (token: string, at = 0) => (await post('/introspect', { token }, at)).body.active === true;

describe('three processes of each service', () => {
  it('RT-07 abuse 13 fifty uses of a refresh token at once get one successor, and the family has one living leaf', async () => {
    const { refresh_token: token } = await signIn();
    const answers = await Promise.all(Array.from({ length: 50 }, (_, i) => refresh(token, i)));
    expect([...new Set(answers.map(({ status }) => status))]).toEqual([200]);
    const [successor = '', ...others] = new Set(answers.map(({ body }) => body.refresh_token as string));
    expect(others).toEqual([]);
    expect(await isActive(successor, 1)).toBe(true);
    expect(await isActive(token, 2)).toBe(false);
  });

  it('abuse 13 uses and revocations of one family at once leave nothing alive', async () => {
    const { refresh_token: token } = await signIn();
    const answers = await Promise.all(
      Array.from({ length: 30 }, (_, i) => (i === 10 ? post('/revoke', { token }, i) : refresh(token, i))),
    );
    expect(answers.map(({ status }) => status).filter((status) => status >= 500)).toEqual([]);
    for (const { body } of answers)
      if (body.refresh_token) expect(await isActive(body.refresh_token as string)).toBe(false);
    expect((await refresh(token, 1)).status).toBe(400);
  });

  it('abuse 49 write no secret to a log, not even at its most talkative', async () => {
    const { username, password, consumerSecret } = processes.access.demo;
    const tokens = await signIn();
    const { body } = await refresh(tokens.refresh_token);
    await post('/token', { grant_type: 'password', username, password: `${password}, a wrong one` });
    await post('/introspect', { token: body.access_token as string });
    await post('/revoke', { token: body.refresh_token as string });
    const get = new URLSearchParams({ grant_type: 'password', username, password });
    expect((await processes.deployment.send(`/token?${get.toString()}`)).status).toBe(405);
    const secrets = [password, consumerSecret, ...Object.values(tokens), ...Object.values(body)].filter(
      (text): text is string => typeof text === 'string' && text.length > 12,
    );
    for (const service of SERVICES)
      for (const { output } of processes.services[service]) {
        expect(output.length).toBeGreaterThan(0);
        for (const secret of secrets) expect(output.includes(secret)).toBe(false);
      }
  });
});
