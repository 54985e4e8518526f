import { brandStyle, contrast } from './brand';

it.each(['#000000', '#ffffff', '#ffff00', '#1f5fbf', '#e30613', '#7f7f7f', '#00ff00', '#0000ff', '#123456'])(
  'the colour %s can be read on every page, light and dark',
  (colour) => {
    const [light = '', dark = ''] = [...brandStyle(colour).matchAll(/--brand: (#[0-9a-f]{6})/g)].map(
      ([, used]) => used,
    );
    for (const other of ['#ffffff']) expect(contrast(light, other)).toBeGreaterThanOrEqual(4.5);
    for (const other of ['#171c23', '#0b1320']) expect(contrast(dark, other)).toBeGreaterThanOrEqual(4.5);
  },
);

it('a colour that can be read stays as it is', () => {
  expect(brandStyle('#1f5fbf')).toContain('--brand: #1f5fbf');
});
