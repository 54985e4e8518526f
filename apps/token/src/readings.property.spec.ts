import { ORG_KEY, ServiceError, type Client } from '@keyward/contracts';
import fc from 'fast-check';
import { readBasic } from './basic-credentials';
import { readCredentials } from './client-authentication';
import { parseLoginName } from './login-name';
import { parseScope } from './scope';

const anyText = fc.string({ unit: 'binary', maxLength: 400 });
const orgKey = fc.stringMatching(ORG_KEY).filter((key) => key.length >= 2 && key.length <= 63);

describe('RO-10 any login name', () => {
  it('loses nothing: what it is split into is what was sent', () => {
    fc.assert(
      fc.property(anyText, (sent) => {
        const { username, orgKey: key } = parseLoginName(sent);
        expect(key === undefined ? username : `${username}@${key}`.toLowerCase()).toBe(
          key === undefined ? sent : sent.toLowerCase(),
        );
        if (key !== undefined) expect(key).toMatch(ORG_KEY);
      }),
      { numRuns: 1000 },
    );
  });

  it('is split at its last @ alone, by the form of what follows', () => {
    fc.assert(
      fc.property(anyText, orgKey, (username, key) => {
        expect(parseLoginName(`${username}@${key}`)).toEqual({ username, orgKey: key });
        expect(parseLoginName(`${username}@${key.toUpperCase()}`)).toEqual({ username, orgKey: key });
        expect(parseLoginName(`${username}@${key}.org`)).toEqual({ username: `${username}@${key}.org` });
      }),
    );
  });
});

describe('TE-08 any scope', () => {
  const token = fc.stringMatching(/^[\x21\x23-\x5b\x5d-\x7e]{1,20}$/);
  const read = (scope: string) => {
    try {
      return parseScope(scope);
    } catch (error) {
      if (error instanceof ServiceError && error.code === 'invalid_scope') return 'refused';
      throw error;
    }
  };

  it('of the grammar is read, each once and in the order asked', () => {
    fc.assert(
      fc.property(fc.array(token, { minLength: 1, maxLength: 50 }), (tokens) => {
        expect(read(tokens.join(' '))).toEqual([...new Set(tokens)]);
      }),
    );
  });

  it('outside the grammar is refused, and nothing that is read has a space, a quote or a backslash', () => {
    fc.assert(
      fc.property(anyText, (scope) => {
        const said = read(scope);
        if (!Array.isArray(said)) return;
        for (const each of said) expect(each).toMatch(/^[\x21\x23-\x5b\x5d-\x7e]+$/);
        expect(new Set(said).size).toBe(said.length);
      }),
      { numRuns: 1000 },
    );
  });
});

describe('CA-10 any Authorization header', () => {
  const base64 = (text: string) => Buffer.from(text).toString('base64');
  const printable = fc.stringMatching(/^[\x20-\x39\x3b-\x7e]{1,60}$/);

  it('CA-01 CA-02 is read form-decoded and raw, in this order', () => {
    fc.assert(
      fc.property(printable, fc.stringMatching(/^[\x20-\x7e]{1,60}$/), (clientId, clientSecret) => {
        const encode = (text: string) => new URLSearchParams({ '': text }).toString().slice(1);
        const encoded = readBasic(`Basic ${base64(`${encode(clientId)}:${encode(clientSecret)}`)}`);
        expect(encoded[0]).toEqual({ clientId, clientSecret });
        expect(readBasic(`basic ${base64(`${clientId}:${clientSecret}`)}`)).toContainEqual({ clientId, clientSecret });
      }),
    );
  });

  it('CA-10 is read or refused, never anything else, and no reading has a control character', () => {
    const header = fc.oneof(
      anyText,
      fc.uint8Array({ maxLength: 200 }).map((bytes) => `Basic ${Buffer.from(bytes).toString('base64')}`),
      anyText.map((text) => `Basic ${text}`),
    );
    fc.assert(
      fc.property(header, fc.option(anyText, { nil: undefined }), (authorization, clientId) => {
        const params: Record<string, string> = clientId === undefined ? {} : { client_id: clientId };
        let readings: Partial<Pick<Client, 'clientId'>>[] = [];
        try {
          readings = readCredentials(params, authorization);
        } catch (error) {
          if (!(error instanceof ServiceError)) throw error;
          expect(['invalid_client', 'invalid_request']).toContain(error.code);
        }
        expect(readings.length).toBeLessThanOrEqual(2);
        for (const reading of readings) expect(JSON.stringify(reading)).not.toMatch(/\\u00[01]/);
      }),
      { numRuns: 1000 },
    );
  });
});
