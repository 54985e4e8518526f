import { randomUUID } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { dayOf, newId } from './time-id';
import { newSecret, readToken, writeToken } from './token-string';

const now = Date.UTC(2026, 10, 21, 23, 59, 59, 999);
const named = { id: newId(now), sub: randomUUID(), userOrganizationId: newId(0), proof: randomUUID() };
const token = writeToken('krt', named, newSecret('krt'));
const opaque = writeToken('kat', named, newSecret('kat'));

describe('abuse 17 refresh tokens as text', () => {
  it('abuse 17 what is written is read', () => {
    expect(readToken('krt', token.text)).toEqual(token);
    expect(token).toMatchObject(named);
    expect(token.text).toMatch(/^krt_[A-Za-z0-9_-]{136}$/);
    expect(readToken('kat', opaque.text)).toEqual(opaque);
    expect(opaque.text).toMatch(/^kat_[A-Za-z0-9_-]{72}$/);
  });

  it('abuse 17 a token of what is no UUID is not written', () => {
    for (const sub of ['', 'john', named.sub.slice(1), `${named.sub}0`, named.sub.replace(/^./, 'x')])
      expect(() => writeToken('krt', { ...named, sub }, newSecret('krt'))).toThrow(/no UUID/);
  });

  it('abuse 17 a token tells the day of its row', () => {
    expect(token.day).toBe('2026-11-21');
    expect(dayOf(newId(now + 1))).toBe('2026-11-22');
  });

  it('abuse 17 no part of a token is one', () => {
    const { text } = token;
    for (let length = 0; length < text.length; length++)
      expect(readToken('krt', text.slice(0, length))).toBeUndefined();
    for (let start = 1; start <= text.length; start++) expect(readToken('krt', text.slice(start))).toBeUndefined();
  });

  it('abuse 17 a token with another letter in any place is none', () => {
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
    for (let place = 0; place < token.text.length; place++)
      for (const letter of alphabet) {
        if (letter === token.text[place]) continue;
        const mistyped = token.text.slice(0, place) + letter + token.text.slice(place + 1);
        expect(readToken('krt', mistyped)).toBeUndefined();
      }
  });

  it('abuse 17 two letters exchanged are noticed', () => {
    const { text } = token;
    for (let place = 4; place + 1 < text.length; place++) {
      const exchanged = text.slice(0, place) + text.charAt(place + 1) + text.charAt(place) + text.slice(place + 2);
      if (exchanged !== text) expect(readToken('krt', exchanged)).toBeUndefined();
    }
  });

  it.each([
    ['padded', (text: string) => `${text}=`],
    ['with a space', (text: string) => `${text} `],
    ['with a line end', (text: string) => `${text}\n`],
    ['with more behind', (text: string) => `${text}AAAA`],
    ['twice', (text: string) => text + text],
    ['in upper case', (text: string) => text.toUpperCase()],
    ['in lower case', (text: string) => text.toLowerCase()],
    ['with the other alphabet of base64', (text: string) => text.replaceAll('-', '+').replaceAll('_', '/')],
    ['form-encoded', (text: string) => text.replace('_', '%5F')],
    ['with a full-width letter', (text: string) => text.replace('k', '\uff4b')],
  ])('abuse 17 %s it is none', (_, change) => {
    expect(readToken('krt', change(token.text))).toBeUndefined();
  });

  it('abuse 16 one kind is never read as the other', () => {
    expect(readToken('kat', token.text)).toBeUndefined();
    expect(readToken('kat', token.text.replace('krt', 'kat'))).toBeUndefined();
    expect(readToken('krt', opaque.text)).toBeUndefined();
    expect(readToken('krt', opaque.text.replace('kat', 'krt'))).toBeUndefined();
  });

  it.each([
    ['id', 6],
    ['sub', 22],
    ['sub', 24],
    ['userOrganizationId', 38],
    ['proof', 54],
  ])('abuse 17 with a %s that is no UUID it is none, whatever its checksum', (_, place) => {
    const forge = (value: number) => {
      const content = Buffer.from(token.text.slice(4), 'base64url');
      content.writeUInt8(value, place);
      content.writeUInt32BE(crc32(content.subarray(0, -4), crc32('krt')), content.length - 4);
      return `krt_${content.toString('base64url')}`;
    };
    expect(readToken('krt', forge(0x80))).toBeDefined();
    expect(readToken('krt', forge(0xff))).toBeUndefined();
  });

  it('abuse 17 an id from after the year 9999 has no partition', () => {
    const late = writeToken('krt', { ...named, id: newId(2 ** 48 - 1) }, newSecret('krt'));
    expect(readToken('krt', late.text)).toBeUndefined();
  });
});

describe.each(['krt', 'kat'] as const)('X-12 what is not known of a token (%s)', (kind) => {
  const many = Array.from({ length: 2000 }, () => writeToken(kind, { ...named, id: newId(now) }, newSecret(kind)));

  it('X-12 every secret has 256 random bits or more and none comes twice', () => {
    expect(new Set(many.map(({ secret }) => secret.toString('hex'))).size).toBe(many.length);
    expect(many.every(({ secret }) => secret.length * 8 >= 256)).toBe(true);
  });

  it('X-12 every bit of the secret is set in about half of the tokens', () => {
    for (let bit = 0; bit < newSecret(kind).length * 8; bit++) {
      const set = many.filter(({ secret }) => (secret.readUInt8(bit >> 3) >> (bit & 7)) & 1).length;
      expect(Math.abs(set - many.length / 2)).toBeLessThan(many.length * 0.07); // 6 standard deviations
    }
  });

  it('X-12 a text has 96 bits of Shannon entropy or more', () => {
    for (const { text } of many) {
      const counts = new Map<string, number>();
      for (const letter of text) counts.set(letter, (counts.get(letter) ?? 0) + 1);
      const bits = [...counts.values()].map((count) => -count * Math.log2(count / text.length));
      expect(bits.reduce((sum, part) => sum + part, 0)).toBeGreaterThan(96);
    }
  });
});
