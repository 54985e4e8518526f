import { assert, constantFrom, property, string } from 'fast-check';
import { isAmong, referrerOf } from './referrers';

const text = (letters: string) => string({ unit: constantFrom(...letters), maxLength: 12 });

it('900908 a pattern means what its regular expression does', () => {
  assert(
    property(text('ab*'), text('ab/'), (pattern, path) => {
      const expression = new RegExp(`^${pattern.replaceAll('*', '.*')}$`);
      expect(isAmong([referrerOf(`x/${pattern}`)], `https://x/${path}`)).toBe(expression.test(path));
    }),
    { numRuns: 2000 },
  );
});
