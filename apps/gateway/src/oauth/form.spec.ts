import { ServiceError } from '@keyward/contracts';
import { parseForm } from './form';

const parse = (form: string | Buffer) => ({ ...parseForm(Buffer.from(form)) });

describe('a form', () => {
  it('X-06 every parameter is read, known or not', () => {
    expect(parse('grant_type=password&utm_source=x&&')).toEqual({ grant_type: 'password', utm_source: 'x' });
  });

  it('X-05 a parameter without a value is as if it were left out', () => {
    expect(parse('scope=&state&a=b')).toEqual({ a: 'b' });
  });

  it.each(['a=1&a=1', 'scope=&scope=x', 'x=1&%78=2', 'client_id=a&client_id=b'])('X-04 repeated: %s', (form) => {
    expect(() => parse(form)).toThrow(new ServiceError('invalid_request', 'a parameter is repeated'));
  });

  it('X-04 resource and audience may repeat', () => {
    const parsed = parse('resource=https%3A%2F%2Fa&audience=x&resource=https%3A%2F%2Fb&audience=&audience=y&a=b');
    expect({ ...parsed }).toEqual({ resource: 'https://a https://b', audience: 'x y', a: 'b' });
  });

  it('RO-10 percent signs and plus signs are decoded once, and only as UTF-8', () => {
    expect(parse('username=john%40johns.org%2540x&password=%C3%A9+%2B%F0%9F%98%80=&')).toEqual({
      username: 'john@johns.org%40x',
      password: 'é +😀=',
    });
  });

  it.each(['a=%', 'a=%zz', 'a=%c3', 'a=%c3%28', 'a=%ff', 'a=%ed%a0%80', 'a=x%00y', 'a%00=x', 'a=\0'])(
    'abuse 20: malformed: %j',
    (form) => {
      expect(() => parse(form)).toThrow(new ServiceError('invalid_request', 'the form is malformed'));
    },
  );

  it.each(['username=%00', 'client_secret=a%00', 'password%00=x', 'Password=%00', 'password=x&scope=%00'])(
    'RO-10 abuse 20: NUL outside of a password is malformed: %j',
    (form) => {
      expect(() => parse(form)).toThrow(new ServiceError('invalid_request', 'the form is malformed'));
    },
  );

  it('C-06 a password is what was sent, NUL too', () => {
    for (const password of ['nul%00inside', 'nul\0inside'])
      expect(parse(`password=${password}`)).toEqual({ password: 'nul\0inside' });
  });

  it('abuse 20: bytes that are not UTF-8 are malformed', () => {
    expect(() => parse(Buffer.from([0x61, 0x3d, 0xff]))).toThrow('the form is malformed');
  });

  it('abuse 20: names of Object.prototype are names like others', () => {
    const params = parseForm(Buffer.from('__proto__=x&constructor=y&toString=z'));
    expect(Object.entries(params)).toEqual([
      ['__proto__', 'x'],
      ['constructor', 'y'],
      ['toString', 'z'],
    ]);
    expect(Object.getPrototypeOf(params)).toBeNull();
    expect('hasOwnProperty' in params).toBe(false);
  });

  it('abuse 20: arrays and objects of other notations are names of their own', () => {
    expect(parse('scope[]=a&scope[x]=b')).toEqual({ 'scope[]': 'a', 'scope[x]': 'b' });
  });

  it('X-11 more than 100 parameters are refused', () => {
    const form = (count: number) => Array.from({ length: count }, (_, i) => `p${i}=1`).join('&');
    expect(Object.keys(parse(form(100)))).toHaveLength(100);
    expect(() => parse(form(101))).toThrow('too many parameters');
  });
});
