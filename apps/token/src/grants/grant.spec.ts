import { readParams } from './grant';

const params = {
  username: { required: true, maxLength: 384 },
  password: { required: true, maxBytes: 1024 },
  hint: {},
} as const;
const read = (form: Record<string, string>) => () => readParams(params, form);
const refusal = (description: string) => expect.objectContaining({ code: 'invalid_request', description });

describe('RO-03 the parameters of a grant', () => {
  it('RO-03 names those missing and no other', () => {
    expect(read({})).toThrow(refusal('Missing parameters: username password'));
    expect(read({ username: 'john' })).toThrow(refusal('Missing parameters: password'));
    expect(read({ password: 'p' })).toThrow(refusal('Missing parameters: username'));
  });

  it('X-05 takes an empty one as missing', () => {
    expect(read({ username: 'john', password: '' })).toThrow(refusal('Missing parameters: password'));
  });

  it('X-06 leaves out what the grant does not read', () => {
    const form = { username: 'john', password: 'p', client_id: 'key', sub: 'x' };
    expect(read(form)()).toEqual({ username: 'john', password: 'p', hint: undefined });
  });

  it('BF-08 counts the characters of a login name, as its username is counted where it is made', () => {
    expect(read({ username: '\u00e9'.repeat(384), password: 'p' })).not.toThrow();
    for (const letter of ['u', '\u00e9'])
      expect(read({ username: letter.repeat(385), password: 'p' })).toThrow(refusal('Parameter too long: username'));
  });

  it('BF-07 counts bytes, and refuses what is longer', () => {
    expect(read({ username: 'john', password: 'p'.repeat(1024) })).not.toThrow();
    expect(read({ username: 'john', password: 'p'.repeat(1025) })).toThrow(refusal('Parameter too long: password'));
    expect(read({ username: 'john', password: '\u20ac'.repeat(342) })).toThrow(refusal('Parameter too long: password'));
  });
});
