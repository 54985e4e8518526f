import { RepeatedValues } from './repeated-values';

let told: string[];
let values: RepeatedValues;
beforeEach(() => {
  told = [];
  values = new RepeatedValues((client, what) => told.push(`${client} ${what}`));
});
const note = (clientId: string, session: string, challenge?: string, nonce?: string) => {
  values.note({ client: { clientId }, session: { id: session }, challenge, nonce });
};

it('PK-08 a client that sends the same challenge or nonce for two users is told of, once', () => {
  for (const session of ['a', 'b', 'c']) note('constant', session, 'same');
  for (const session of ['a', 'b', 'c']) note('nonce', session, `challenge ${session}`, 'same');
  expect(told).toEqual(['constant code_challenge', 'nonce nonce']);
});

it('PK-08 a client that does as it should is not, nor one whose user sends a request twice', () => {
  for (const session of ['a', 'b', 'c']) note('fresh', session, `challenge ${session}`, `nonce ${session}`);
  for (let n = 0; n < 3; n++) note('reloaded', 'a', 'same', 'same');
  for (const session of ['a', 'b']) note('without', session);
  note('one', 'a', 'same');
  note('another', 'b', 'same');
  expect(told).toEqual([]);
});

it('abuse 48: PK-08 what is remembered is bounded', () => {
  for (let n = 0; n < 20_000; n++) note(`client ${n}`, 'a', 'same');
  note('client 0', 'b', 'same');
  note('client 19999', 'b', 'same');
  expect(told).toEqual(['client 19999 code_challenge']);
});
