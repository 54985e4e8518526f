import { checkNewPassword, generatePassword, refuseOversized } from './password-policy';

describe('new passwords', () => {
  it.each(['', 'fourteen chars', '\u{1F600}'.repeat(14)])('%j is too short', (password) => {
    expect(() => checkNewPassword(password, 'ann')).toThrow('at least 15');
  });

  it.each(['fifteen chars..', '\u{1F600}'.repeat(15), '               ', 'nul \0 is a character', 'x'.repeat(1024)])(
    '%j is taken',
    (password) => {
      expect(() => checkNewPassword(password, 'someone')).not.toThrow();
    },
  );

  it('BF-07 has at most 1,024 bytes, however many characters these are', () => {
    expect(() => refuseOversized('x'.repeat(1024))).not.toThrow();
    expect(() => refuseOversized('x'.repeat(1025))).toThrow('at most 1024');
    expect(() => refuseOversized('\u20ac'.repeat(342))).toThrow('at most 1024');
  });

  it.each(['I am john@johns.org', 'I AM JOHN@JOHNS.ORG', 'john@johns.org1234'])(
    'does not contain the username: %j',
    (password) => {
      expect(() => checkNewPassword(password, 'john@johns.org')).toThrow('username');
    },
  );

  it('may contain by chance what a short username is', () => {
    expect(() => checkNewPassword('a long enough one', 'lon')).not.toThrow();
  });
});

describe('generated passwords', () => {
  it('have at least 128 bits, in characters that are not mistaken for others', () => {
    const passwords = Array.from({ length: 500 }, generatePassword);
    const alphabet = new Set(passwords.join(''));
    expect(alphabet.size).toBe(56);
    expect([...alphabet].filter((character) => '0O1lIo'.includes(character))).toEqual([]);
    const length = Math.min(...passwords.map((password) => password.length));
    expect(length * Math.log2(alphabet.size)).toBeGreaterThanOrEqual(128);
    expect(new Set(passwords).size).toBe(500);
    for (const password of passwords) expect(() => checkNewPassword(password, 'admin')).not.toThrow();
  });
});
