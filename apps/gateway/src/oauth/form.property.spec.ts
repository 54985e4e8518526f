import { ServiceError } from '@keyward/contracts';
import fc from 'fast-check';
import { parseForm } from './form';

/** What it says, or that it is refused as it should be; any other error fails. */
function read(form: Buffer): Record<string, string> | 'refused' {
  try {
    return parseForm(form);
  } catch (error) {
    if (error instanceof ServiceError && error.code === 'invalid_request') return 'refused';
    throw error;
  }
}

/** Without half of a surrogate pair, which UTF-8 cannot say. */
const isWellFormed = (value: string) => Buffer.from(value).toString() === value;

const text = fc.string({ unit: 'binary' }).filter((value) => !value.includes('\0') && isWellFormed(value));
/** Bytes that mean something in a form, more often than by chance. */
const formLike = fc
  .array(fc.oneof(fc.constantFrom('&', '=', '%', '+', '%00', '%ff', '%C3', 'scope', '__proto__'), fc.string()))
  .map((parts) => Buffer.from(parts.join('')));

describe('any form', () => {
  it('X-04 X-05 says what was written into it, as long as nothing is there twice', () => {
    fc.assert(
      fc.property(fc.dictionary(text, text, { noNullPrototype: false, maxKeys: 100 }), (params) => {
        const written = Object.entries(params).filter(([name]) => name !== 'resource' && name !== 'audience');
        const form = Buffer.from(new URLSearchParams(written).toString());
        const present = written.filter(([, value]) => value !== '');
        expect(Object.entries(read(form)).sort()).toEqual(present.sort());
      }),
    );
  });

  it('X-04 with a parameter twice is refused, however it is encoded', () => {
    const name = text.filter((value) => value !== '' && value !== 'resource' && value !== 'audience');
    const percent = (value: string) =>
      Array.from(Buffer.from(value), (byte) => `%${byte.toString(16).padStart(2, '0')}`).join('');
    fc.assert(
      fc.property(name, text, text, (twice, one, other) => {
        const first = new URLSearchParams([[twice, one]]).toString();
        expect(read(Buffer.from(`${first}&${percent(twice)}=${percent(other)}`))).toBe('refused');
      }),
    );
  });

  it('abuse 20: of any bytes is read or refused, gives only texts, and touches no prototype', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.uint8Array({ maxLength: 500 }).map((bytes) => Buffer.from(bytes)),
          formLike,
        ),
        (form) => {
          const said = read(form);
          if (said === 'refused') return;
          expect(Object.getPrototypeOf(said)).toBeNull();
          for (const [name, value] of Object.entries(said)) {
            expect(value === '' || name.includes('\0')).toBe(false);
            expect(name === 'password' || !value.includes('\0')).toBe(true);
            expect(isWellFormed(name + value)).toBe(true);
          }
        },
      ),
      { numRuns: 1000 },
    );
    expect({}).not.toHaveProperty('scope');
  });
});
