import { newId } from '../time-id';
import { newSecret, writeToken } from '../token-string';
import { openSuccessor, sealSuccessor } from './successor';

const family = newId(Date.now());
const predecessor = writeToken(
  'krt',
  { id: family, sub: newId(0), userOrganizationId: newId(0), proof: newId(0) },
  newSecret('krt'),
);
const secret = newSecret('krt');

describe('RT-05 a sealed successor', () => {
  const sealed = sealSuccessor(predecessor.text, family, secret);

  it('RT-05 is opened by its predecessor', () => {
    expect(openSuccessor(predecessor.text, family, sealed)).toEqual(secret);
  });

  it('RT-05 is opened by nothing that is stored', () => {
    expect(() => openSuccessor(predecessor.hash.toString('hex'), family, sealed)).toThrow();
    expect(sealed.includes(secret)).toBe(false);
  });

  it('RT-05 is of one family, and unchanged', () => {
    expect(() => openSuccessor(predecessor.text, newId(Date.now()), sealed)).toThrow();
    for (const place of [0, 20, sealed.length - 1]) {
      const changed = Buffer.from(sealed);
      changed.writeUInt8(changed.readUInt8(place) ^ 1, place);
      expect(() => openSuccessor(predecessor.text, family, changed)).toThrow();
    }
  });
});
