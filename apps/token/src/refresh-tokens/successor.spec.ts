import { createHmac } from 'node:crypto';
import { newId } from '../time-id';
import { hashToken, newSecret, readToken, writeToken } from '../token-string';
import { newSuccessor, sameSuccessor } from './successor';

const named = { id: newId(Date.now()), sub: newId(0), userOrganizationId: newId(0), proof: newId(0) };
const predecessor = writeToken('krt', named, newSecret('krt'));
const { next, kept } = newSuccessor(predecessor.text, named);
const salt = kept.subarray(0, 32);

describe('RT-05 a successor', () => {
  it('RT-05 is the same whenever its predecessor comes again', () => {
    expect(sameSuccessor(predecessor.text, named, kept)).toEqual(next);
    expect(readToken('krt', next.text)).toEqual(next);
    expect(next).toMatchObject(named);
  });

  it('RT-05 has a secret that comes of the text of its predecessor and of nothing that is stored', () => {
    const secretBy = (key: string | Buffer) =>
      createHmac('sha512', key)
        .update('keyward refresh successor')
        .update(salt)
        .update('\u0001')
        .digest()
        .subarray(0, 34);
    expect(next.secret).toEqual(secretBy(predecessor.text));
    const { hash } = predecessor;
    for (const stored of [hash, hash.toString('hex'), hashToken(hash.toString('hex')), salt, next.hash, ''])
      expect(secretBy(stored)).not.toEqual(next.secret);
    for (const secret of [next.secret, predecessor.secret]) expect(kept.includes(secret)).toBe(false);
  });

  it('RT-05 is another for each use, so that who has the predecessor alone cannot tell it', () => {
    const others = Array.from({ length: 100 }, () => newSuccessor(predecessor.text, named).next.text);
    expect(new Set([next.text, ...others]).size).toBe(101);
  });

  it('RT-05 is nothing where what is kept is of another family, changed, or of another version', () => {
    expect(sameSuccessor(predecessor.text, { ...named, id: newId(Date.now()) }, kept)).toBeUndefined();
    expect(sameSuccessor(next.text, named, kept)).toBeUndefined();
    for (const place of [0, 31, 32, kept.length - 1]) {
      const changed = Buffer.from(kept);
      changed.writeUInt8(changed.readUInt8(place) ^ 1, place);
      expect(sameSuccessor(predecessor.text, named, changed)).toBeUndefined();
    }
    for (const other of [Buffer.alloc(0), Buffer.alloc(62), kept.subarray(0, -1)])
      expect(sameSuccessor(predecessor.text, named, other)).toBeUndefined();
  });
});
