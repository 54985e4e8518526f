import * as contracts from '@keyward/contracts';
import { openWire } from '@keyward/bus';
import { connect, type NatsConnection } from 'nats';
import { join } from 'node:path';
import { ROOT } from './deployment';
import { startNats, type Nats } from './nats';
import {
  asks,
  calledByCode,
  CALLS,
  hearersOf,
  MESSAGES,
  ownerOf,
  sendersOf,
  type Service,
  SERVICES,
} from './nats-callers.fixture';

const inboxOf = (service: Service) => `_INBOX_${service}`;
const passwordOf = (service: Service) => `s-password-of-${service}`;
const PAIRS = SERVICES.flatMap((one) =>
  SERVICES.filter((other) => other !== one).map((other) => [one, other] as const),
);

let nats: Nats;
let opened: NatsConnection[];

beforeAll(async () => {
  const env = Object.fromEntries(
    SERVICES.map((name) => [`NATS_${name.replace('-', '_').toUpperCase()}_PASSWORD`, passwordOf(name)]),
  );
  nats = await startNats({ configFile: join(ROOT, 'nats.conf'), env });
});
afterAll(() => nats.stop());
beforeEach(() => (opened = []));
afterEach(() => Promise.all(opened.map((connection) => connection.close())));

async function as(user?: string, pass?: string): Promise<NatsConnection> {
  const connection = await connect({
    servers: nats.url,
    ...(user === undefined ? {} : { user, pass, inboxPrefix: `_INBOX_${user}` }),
    reconnect: false,
  });
  opened.push(connection);
  return connection;
}
const everyone = async () =>
  Object.fromEntries(
    await Promise.all(SERVICES.map(async (name) => [name, await as(name, passwordOf(name))] as const)),
  ) as Record<Service, NatsConnection>;

/** Resolves when the server has done all that was sent until now, and every listener has what came of it. */
async function settled(): Promise<void> {
  for (let round = 0; round < 2; round++) await Promise.all(opened.map((connection) => connection.flush()));
  await new Promise((resolve) => setImmediate(resolve));
}

type Heard = (listener: Service, from: string, subject: string) => void;

/** Listens as a user; what is published in these tests is the name of who publishes it. */
function listen(
  users: Record<Service, NatsConnection>,
  listener: Service,
  subject: string,
  heard: Heard,
  queue?: string,
) {
  users[listener].subscribe(subject, {
    queue,
    callback: (error, message) => {
      if (!error) heard(listener, message.string(), message.subject);
    },
  });
}

/** The subjects of `subjects` that the server does not let this user subscribe to. */
async function refusedToHear(user: NatsConnection, subjects: string[]): Promise<string[]> {
  const refused: string[] = [];
  for (const subject of subjects)
    for (const queue of [undefined, 'queue'])
      user.subscribe(subject, { queue, callback: (error) => error && refused.push(subject) });
  await settled();
  return refused;
}

/** The subjects that the server does not let this user publish. */
async function refusedToPublish(user: NatsConnection, subjects: string[]): Promise<string[]> {
  const refused: string[] = [];
  const watch = async () => {
    for await (const { permissionContext } of user.status() as AsyncIterable<{
      permissionContext?: { operation: string; subject: string };
    }>)
      if (permissionContext?.operation === 'publish') refused.push(permissionContext.subject);
  };
  void watch(); // It ends with the connection.
  for (const subject of subjects) user.publish(subject, 'forged');
  await settled();
  return refused;
}

describe('abuse 12: nats.conf', () => {
  it.each(SERVICES)('abuse 12: what the code of %s calls is what the table of callers says', (service) => {
    expect(calledByCode(service)).toEqual([...CALLS[service]].sort());
  });

  it('abuse 12: a message gets from its callers to its owner, and from nobody else', async () => {
    const users = await everyone();
    const senders = Object.fromEntries(MESSAGES.map(({ subject }) => [subject, new Set<string>()]));
    for (const owner of SERVICES)
      listen(users, owner, `${owner}.>`, (_listener, from, subject) => senders[subject]?.add(from));
    await settled();
    for (const { subject } of MESSAGES) for (const name of SERVICES) users[name].publish(subject, name);
    await settled();
    expect(senders).toEqual(
      Object.fromEntries(MESSAGES.map((message) => [message.subject, new Set(sendersOf(message))])),
    );
  });

  it('abuse 12: a message is heard by its owner and those who follow it, in a queue group or not', async () => {
    const users = await everyone();
    const heard = Object.fromEntries(MESSAGES.map(({ subject }) => [subject, new Set<Service>()]));
    const note: Heard = (listener, _from, subject) => heard[subject]?.add(listener);
    for (const message of MESSAGES)
      for (const name of SERVICES)
        for (const queue of [undefined, ownerOf(message), `${name}-of-its-own`])
          listen(users, name, message.subject, note, queue);
    await settled();
    const sent = MESSAGES.filter((message) => sendersOf(message).length > 0);
    for (const message of sent) users[sendersOf(message)[0]!].publish(message.subject, 'anything');
    await settled();
    for (const message of sent)
      expect([message.subject, heard[message.subject]]).toEqual([message.subject, new Set(hearersOf(message))]);
    expect(sent.map(ownerOf)).toEqual(expect.arrayContaining(['token', 'directory', 'key-manager']));
  });

  it.each(SERVICES)('abuse 12: %s cannot listen to more than is named', async (service) => {
    const others = SERVICES.filter((name) => name !== service);
    const all = '> * *.> *.* *.*.* _INBOX.> _INBOX*.> $SYS.> $SYS.ACCOUNT.> $JS.> $JS.API.>'.split(' ');
    const ofOthers = others.flatMap((name) => [`${name}.>`, `${name}.*.*`, `${inboxOf(name)}.>`, `${inboxOf(name)}.*`]);
    const subjects = [...all, ...ofOthers];
    const refused = await refusedToHear(await as(service, passwordOf(service)), subjects);
    expect(refused.sort()).toEqual([...subjects, ...subjects].sort());
  });

  it.each(SERVICES)('abuse 12: %s cannot ask the server itself or make up subjects', async (service) => {
    const system = '$SYS.REQ.SERVER.PING $SYS.REQ.USER.INFO $SYS.REQ.ACCOUNT.PING.CONNZ $JS.API.INFO $G.x'.split(' ');
    const subjects = [...system, ...SERVICES.flatMap((name) => [`${inboxOf(name)}.x`, `${name}.x`, `${name}.x.y`])];
    const refused = await refusedToPublish(await as(service, passwordOf(service)), subjects);
    expect(refused).toEqual(subjects);
  });

  it.each(PAIRS)('abuse 12: what %s is answered is not heard by %s', async (asker, eavesdropper) => {
    const subject = asks(asker)[0];
    const users = await everyone();
    const heard: string[] = [];
    for (const inbox of [`${inboxOf(asker)}.>`, `${inboxOf(asker)}.*`, `${inboxOf(asker)}.*.*`])
      listen(users, eavesdropper, inbox, (_listener, from) => heard.push(from));
    await settled();
    if (subject !== undefined) {
      const owner = users[subject.split('.')[0] as Service];
      owner.subscribe(subject, { callback: (_error, message) => void message.respond('for the asker alone') });
      await settled();
      expect((await users[asker].request(subject, 'a question')).string()).toBe('for the asker alone');
    }
    // Nor can it forge an answer to what it was not asked.
    listen(users, asker, `${inboxOf(asker)}.forged`, (_listener, from) => heard.push(from));
    await settled();
    users[eavesdropper].publish(`${inboxOf(asker)}.forged`, eavesdropper);
    await settled();
    expect(heard).toEqual([]);
  });

  it('abuse 12: who is asked may answer once', async () => {
    const users = await everyone();
    const answers: string[] = [];
    const { subject } = contracts.issueToken;
    users.token.subscribe(subject, {
      callback: (_error, message) => ['first', 'second'].forEach((answer) => message.respond(answer)),
    });
    listen(users, 'gateway', `${inboxOf('gateway')}.once`, (_listener, answer) => answers.push(answer));
    await settled();
    users.gateway.publish(subject, 'a question', { reply: `${inboxOf('gateway')}.once` });
    while (answers.length === 0) await settled();
    await settled();
    expect(answers).toEqual(['first']);
  });

  it('abuse 12: a service does not send its answer where whoever asks may not write', async () => {
    const users = await everyone();
    const { subject } = contracts.issueToken;
    const question = JSON.stringify({ left: 1000, sent: 0, body: {} });
    const answered = (): Promise<string> =>
      users.gateway.request(subject, question).then(
        (answer) => answer.string(),
        () => answered(), // The wire has not subscribed yet.
      );
    const reached: string[] = [];
    listen(users, 'key-manager', 'key-manager.>', (_listener, body) => reached.push(body));
    const wire = await openWire({ url: nats.url, name: 'token', user: 'token', password: passwordOf('token') });
    try {
      wire.respond(subject, 'token', () => Promise.resolve({ ok: 'as if token had asked' }));
      await answered();
      users.gateway.publish(subject, question, { reply: contracts.signJwt.subject });
      users.gateway.publish(subject, question);
      expect(await answered()).toBe(JSON.stringify({ ok: 'as if token had asked' }));
      await settled();
      expect(reached).toEqual([]);
    } finally {
      await wire.close();
    }
  });

  it.each<[string, string | undefined, string | undefined]>([
    ['no name', undefined, undefined],
    ['a name alone', 'token', ''],
    ['a wrong password', 'token', 'wrong'],
    ["another's password", 'token', passwordOf('gateway')],
    ['a name that is not there', 'admin', passwordOf('token')],
  ])('abuse 12: nobody is let in with %s', async (_case, user, password) => {
    await expect(as(user, password)).rejects.toMatchObject({ code: 'AUTHORIZATION_VIOLATION' });
  });
});
