import { randomBytes } from 'node:crypto';
import { ConfiguredKey } from './configured-key';
import { Sealing } from './sealing';

const kek = new ConfiguredKey(randomBytes(32));
const sealing = new Sealing(kek);
const plaintext = Buffer.from('a private key');

describe('sealing', () => {
  it('C-31 opens what it sealed', async () => {
    const sealed = await sealing.seal(plaintext, 'a|kid|ES256|sign|1');
    expect(await sealing.open(sealed, 'a|kid|ES256|sign|1')).toEqual(plaintext);
    expect(sealed.ciphertext.includes(plaintext)).toBe(false);
  });

  it('C-31 does not open in another context', async () => {
    const sealed = await sealing.seal(plaintext, 'a|kid|ES256|sign|1');
    await expect(sealing.open(sealed, 'b|kid|ES256|sign|1')).rejects.toThrow();
  });

  it('C-31 does not open when the parts of two envelopes are mixed', async () => {
    const [one, other] = [await sealing.seal(plaintext, 'a'), await sealing.seal(plaintext, 'a')];
    await expect(sealing.open({ ...one, ciphertext: other.ciphertext }, 'a')).rejects.toThrow();
  });

  it.each(['wrappedKey', 'ciphertext'] as const)('C-31 does not open when a bit of its %s is flipped', async (part) => {
    const sealed = await sealing.seal(plaintext, 'a');
    for (const at of [0, 12, sealed[part].length - 1]) {
      const box = Buffer.from(sealed[part]);
      box[at]! ^= 1;
      await expect(sealing.open({ ...sealed, [part]: box }, 'a')).rejects.toThrow();
    }
  });

  it('C-31 says which key-encryption key it wants', async () => {
    const sealed = await sealing.seal(plaintext, 'a');
    const other = new Sealing(new ConfiguredKey(randomBytes(32)));
    await expect((async () => other.open(sealed, 'a'))()).rejects.toThrow(kek.id);
  });

  it('C-31 uses a nonce and a data key once', async () => {
    const [one, other] = [await sealing.seal(plaintext, 'a'), await sealing.seal(plaintext, 'a')];
    expect(one.ciphertext.subarray(0, 12)).not.toEqual(other.ciphertext.subarray(0, 12));
    expect(one.wrappedKey).not.toEqual(other.wrappedKey);
  });

  it('C-31 seals under the newest of several keys, opens under all, and wraps again without touching the ciphertext', async () => {
    const newer = new ConfiguredKey(randomBytes(32));
    const both = new Sealing(newer, kek);
    const old = await sealing.seal(plaintext, 'a');
    expect([await both.current(), (await both.seal(plaintext, 'a')).kekId]).toEqual([newer.id, newer.id]);
    expect(await both.open(old, 'a')).toEqual(plaintext);
    const again = { ...old, ...(await both.rewrap(old, 'a')) };
    expect(again.kekId).toBe(newer.id);
    expect(again.ciphertext).toBe(old.ciphertext);
    expect(await new Sealing(newer).open(again, 'a')).toEqual(plaintext);
    await expect(both.rewrap(old, 'b')).rejects.toThrow();
    expect([both.holds(kek.id), new Sealing(newer).holds(kek.id)]).toEqual([true, false]);
  });
});
