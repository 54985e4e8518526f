import { newId } from '../time-id';
import { newSecret, readToken, SECRET, writeToken } from '../token-string';
import { newSalt, successorSecret } from './successor';

const named = { id: newId(Date.now()), sub: newId(0), userOrganizationId: newId(0), proof: newId(0) };
const predecessor = writeToken('krt', named, newSecret('krt'));
const salt = newSalt();
const secret = successorSecret(predecessor.text, salt);

describe('RT-05 the secret of a successor', () => {
  it('RT-05 is the same whenever its predecessor comes again', () => {
    expect(successorSecret(predecessor.text, salt)).toEqual(secret);
    expect(secret).toHaveLength(SECRET);
    const { text } = writeToken('krt', named, secret);
    expect(readToken('krt', text)?.secret).toEqual(secret);
  });

  it('RT-05 is not told by what is stored: the salt and the hash of the predecessor', () => {
    for (const stored of [
      predecessor.hash.toString('hex'),
      predecessor.hash.toString('latin1'),
      salt.toString('hex'),
      '',
    ])
      expect(successorSecret(stored, salt)).not.toEqual(secret);
    expect(secret.includes(salt)).toBe(false);
  });

  it('RT-05 is another for each use, so that who has the predecessor alone cannot tell it', () => {
    const others = Array.from({ length: 100 }, () => successorSecret(predecessor.text, newSalt()).toString('hex'));
    expect(new Set([secret.toString('hex'), ...others]).size).toBe(101);
  });
});
