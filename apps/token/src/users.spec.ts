import { provenAt } from './users';

describe('the time at which a user was proven', () => {
  it('RT-10 is what the directory says', () => {
    expect(provenAt({ authTime: 5, credentialsChangedAt: 1 }, 9000)).toBe(5);
  });

  it('RT-10 by a directory of before is now, and never before the credentials changed', () => {
    expect(provenAt({ credentialsChangedAt: 1 }, 9000)).toBe(9);
    expect(provenAt({ credentialsChangedAt: 10 }, 9000)).toBe(10);
  });
});
