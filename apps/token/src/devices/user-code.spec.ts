import { hashUserCode, newUserCode, readUserCode, shownCode } from './user-code';

it('DV-04 is eight letters that make no word and are not mistaken for each other', () => {
  const codes = Array.from({ length: 500 }, newUserCode);
  for (const code of codes) expect(code).toMatch(/^[BCDFGHJKLMNPQRSTVWXZ]{8}$/);
  expect(new Set(codes).size).toBe(codes.length);
  expect(new Set(codes.join('')).size).toBe(20);
});

it.each(['WDJB-MJHT', 'wdjb-mjht', 'WDJBMJHT', ' wd jb mj ht ', 'W-D-J-B-M-J-H-T'])(
  'DV-04 is read from %j',
  (typed) => {
    expect(readUserCode(typed)).toBe('WDJBMJHT');
  },
);

it.each([undefined, '', 'WDJB-MJH', 'WDJB-MJHTX', 'ADJB-MJHT', 'WDJB_MJHT', '１WDJBMJH', 'WDJB-MJHT'.repeat(20)])(
  'DV-04 nothing is read from %j',
  (typed) => {
    expect(readUserCode(typed)).toBeUndefined();
  },
);

it('is shown in two groups, and kept as another for each organization', () => {
  expect(shownCode('WDJBMJHT')).toBe('WDJB-MJHT');
  expect(hashUserCode('one', 'WDJBMJHT')).not.toEqual(hashUserCode('other', 'WDJBMJHT'));
});
