import { ServiceError } from '@keyward/contracts';
import { CLAIMS_OF } from './scopes';

/** What a client asks for by name, OpenID Connect Core 1.0 §5.5: claims that are kept of users, and conditions. */
export interface ClaimsRequest {
  names: RequestedClaims;
  /** The only user who will do. */
  sub?: string;
  /** One of these classes of sign-in must be met (§5.5.1.1). */
  essentialAcr?: string[];
}

/** The claims of a request that has been granted, as a code knows them. */
export interface RequestedClaims {
  userinfo: string[];
  idToken: string[];
}

type Members = Record<string, unknown>;

const KEPT = new Set(Object.values(CLAIMS_OF).flat());

/** Throws `invalid_request` for what is not as §5.5 has it. What is not known is ignored. */
export function readClaimsRequest(text: string): ClaimsRequest {
  const all = asObject(parse(text), 'claims');
  const [userinfo = {}, idToken = {}] = ['userinfo', 'id_token'].map((part) =>
    all[part] === undefined ? {} : claimsOf(asObject(all[part], part)),
  );
  const { sub = userinfo['sub'], acr } = idToken;
  const subs = wanted(sub);
  if (subs.length > 1 || subs.some((each) => typeof each !== 'string')) malformed('sub has one value');
  const acrs = wanted(acr).filter((each) => typeof each === 'string');
  return {
    names: { userinfo: keptOf(userinfo), idToken: keptOf(idToken) },
    sub: subs[0] as string | undefined,
    essentialAcr: acr?.['essential'] === true && wanted(acr).length > 0 ? acrs : undefined,
  };
}

const keptOf = (claims: object): string[] => Object.keys(claims).filter((name) => KEPT.has(name));

/** The scopes that claims belong to: who lets a client have one, lets it have what the scope's name says. */
export const scopesOf = ({ userinfo, idToken }: RequestedClaims): string[] =>
  Object.entries(CLAIMS_OF).flatMap(([scope, claims]) =>
    claims.some((claim) => userinfo.includes(claim) || idToken.includes(claim)) ? [scope] : [],
  );

/** §5.5.1: `null`, or what is said about a claim. */
function claimsOf(members: Members): Record<string, Members> {
  return Object.fromEntries(
    Object.entries(members).map(([name, about]) => {
      const said = about === null ? {} : asObject(about, name);
      const { essential, values } = said;
      if (essential !== undefined && typeof essential !== 'boolean') malformed(`essential of ${name} is a boolean`);
      if (values !== undefined && !Array.isArray(values)) malformed(`values of ${name} is an array`);
      return [name, said];
    }),
  );
}

const wanted = (about: Members = {}): unknown[] => [
  ...(about['value'] === undefined ? [] : [about['value']]),
  ...((about['values'] as unknown[] | undefined) ?? []),
];

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return malformed('claims is not JSON');
  }
}

function asObject(value: unknown, name: string): Members {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return malformed(`${name} is an object`);
  return value as Members;
}

/** Names are the client's own: they are told back without what an error must not have in it. */
function malformed(description: string): never {
  throw new ServiceError('invalid_request', `claims: ${description.replace(/[^\x20-\x21\x23-\x5b\x5d-\x7e]/g, '?')}`);
}
