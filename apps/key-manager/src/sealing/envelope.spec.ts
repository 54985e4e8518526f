import { randomBytes } from 'node:crypto';
import { KeyEncryptionKey, open, seal } from './envelope';

const kek = new KeyEncryptionKey(randomBytes(32));
const plaintext = Buffer.from('a private key');

describe('envelope', () => {
  it('C-31 opens what it sealed', () => {
    const sealed = seal(kek, plaintext, 'a|kid|ES256|sign|1');
    expect(open(kek, sealed, 'a|kid|ES256|sign|1')).toEqual(plaintext);
    expect(sealed.ciphertext.includes(plaintext)).toBe(false);
  });

  it('C-31 does not open in another context', () => {
    const sealed = seal(kek, plaintext, 'a|kid|ES256|sign|1');
    expect(() => open(kek, sealed, 'b|kid|ES256|sign|1')).toThrow();
  });

  it('C-31 does not open when the parts of two envelopes are mixed', () => {
    const [one, other] = [seal(kek, plaintext, 'a'), seal(kek, plaintext, 'a')];
    expect(() => open(kek, { ...one, ciphertext: other.ciphertext }, 'a')).toThrow();
  });

  it.each(['wrappedKey', 'ciphertext'] as const)('C-31 does not open when a bit of its %s is flipped', (part) => {
    const sealed = seal(kek, plaintext, 'a');
    for (const at of [0, 12, sealed[part].length - 1]) {
      const box = Buffer.from(sealed[part]);
      box[at]! ^= 1;
      expect(() => open(kek, { ...sealed, [part]: box }, 'a')).toThrow();
    }
  });

  it('C-31 says which key-encryption key it wants', () => {
    const sealed = seal(kek, plaintext, 'a');
    expect(() => open(new KeyEncryptionKey(randomBytes(32)), sealed, 'a')).toThrow(kek.id);
  });

  it('C-31 uses a nonce and a data key once', () => {
    const [one, other] = [seal(kek, plaintext, 'a'), seal(kek, plaintext, 'a')];
    expect(one.ciphertext.subarray(0, 12)).not.toEqual(other.ciphertext.subarray(0, 12));
    expect(one.wrappedKey).not.toEqual(other.wrappedKey);
  });
});
