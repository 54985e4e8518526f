import { dpopChallenge } from '../possession/dpop-proof';

/** Why a request does not pass: API Manager's code, and what it says (compatibility.md §3.2). */
interface Reason {
  status: number;
  code: string;
  message: string;
  description: string;
  /** RFC 6750 §3.1, in the challenge. */
  error?: 'invalid_request' | 'invalid_token' | 'invalid_dpop_proof' | 'use_dpop_nonce' | 'insufficient_scope';
  /** RFC 9449 §7.1: the challenge is of this scheme. */
  dpop?: true;
  /** Seconds. */
  retryAfter?: number;
}

const INVALID = 'Make sure you have provided the correct security credentials';
const status = (status: number, message: string, description: string): Reason => ({
  ...{ status, code: String(status), message, description },
});

/** The odd blank is API Manager's, whose clients may compare it. */
const throttled = (code: string): Reason => ({
  ...{ status: 429, code, message: 'Message throttled out', description: 'You have exceeded your quota .' },
});

const REASONS = {
  malformedTarget: status(400, 'Bad Request', 'The path of the request has no canonical form'),
  malformedCredentials: {
    ...status(400, 'Bad Request', 'The request has credentials in more than one place'),
    error: 'invalid_request',
  },
  unknownApi: status(404, 'Not Found', 'The requested resource is not available.'),
  unknownResource: status(404, 'Runtime Error', 'No matching resource found for given API Request'),
  wrongMethod: status(405, 'Runtime Error', 'Method not allowed for given API resource'),
  loop: status(508, 'Runtime Error', 'The request has passed through here too often'),
  unclassified: {
    ...{ status: 500, code: '900900', message: 'Unclassified Authentication Failure' },
    description: 'Unclassified Authentication Failure',
  },
  unavailable: {
    ...{ status: 503, code: '900900', message: 'Unclassified Authentication Failure' },
    description: 'It cannot be said now whether this request may pass. Please try again later',
    retryAfter: 1,
  },
  invalidCredentials: {
    ...{ status: 401, code: '900901', message: 'Invalid Credentials' },
    ...{ description: `Invalid Credentials. ${INVALID}`, error: 'invalid_token' },
  },
  unboundToken: {
    ...{ status: 401, code: '900901', message: 'Invalid Credentials' },
    ...{ description: `Invalid Credentials. ${INVALID}`, error: 'invalid_token', dpop: true },
  },
  invalidProof: {
    ...{ status: 401, code: '900901', message: 'Invalid Credentials' },
    ...{ description: 'The DPoP proof is not valid', error: 'invalid_dpop_proof', dpop: true },
  },
  missingNonce: {
    ...{ status: 401, code: '900901', message: 'Invalid Credentials' },
    ...{ description: 'The DPoP proof needs the nonce of this answer', error: 'use_dpop_nonce', dpop: true },
  },
  noSandbox: {
    ...{ status: 403, code: '900901', message: 'Invalid Credentials' },
    description: 'Sandbox key offered to the API with no sandbox endpoint',
  },
  noProduction: {
    ...{ status: 403, code: '900901', message: 'Invalid Credentials' },
    description: 'Production key offered to the API with no production endpoint',
  },
  missingCredentials: {
    ...{ status: 401, code: '900902', message: 'Missing Credentials' },
    description:
      "Invalid Credentials. Make sure your API invocation call has a header: 'Authorization : Bearer ACCESS_TOKEN' or 'ApiKey : API_KEY'",
  },
  forbiddenSource: {
    ...{ status: 403, code: '900908', message: 'Resource forbidden' },
    description: 'The API key may not be used from where the request comes',
  },
  wrongTokenType: {
    ...{ status: 401, code: '900905', message: 'Incorrect Access Token Type is provided' },
    ...{ description: `Access Token Type is not one that this resource takes. ${INVALID}`, error: 'invalid_token' },
  },
  blockedSubscription: {
    ...{ status: 401, code: '900907', message: 'The requested API is temporarily blocked' },
    ...{ description: 'The subscription of this application is blocked', error: 'invalid_token' },
  },
  notSubscribed: {
    ...{ status: 403, code: '900908', message: 'Resource forbidden' },
    description: 'User is NOT authorized to access the Resource. API Subscription validation failed.',
  },
  inactiveSubscription: {
    ...{ status: 401, code: '900909', message: 'The subscription to the API is inactive' },
    ...{ description: 'The subscription of this application is not active', error: 'invalid_token' },
  },
  insufficientScope: {
    ...{ status: 403, code: '900910', message: 'The access token does not allow you to access the requested resource' },
    description: 'User is NOT authorized to access the Resource. Scope validation failed.',
    error: 'insufficient_scope',
  },
  denied: {
    ...{ status: 403, code: '900805', message: 'Message blocked' },
    description: 'You have been blocked from accessing the resource',
  },
  apiThrottled: throttled('900800'),
  upstreamLimit: {
    ...{ status: 503, code: '900801', message: 'API Limit Reached', description: 'API not accepting requests. ' },
  },
  customThrottled: throttled('900806'),
  resourceThrottled: throttled('900802'),
  applicationThrottled: throttled('900803'),
  subscriptionThrottled: throttled('900804'),
  subscriptionBurst: throttled('900807'),
  applicationBurst: throttled('900809'),
  apiBlocked: {
    ...{ status: 503, code: '700700', message: 'API blocked' },
    description: 'This API has been blocked temporarily. Please try again later or contact the system administrators.',
  },
  connectionFailed: {
    ...{ status: 502, code: '101503', message: 'Runtime Error', description: 'Error connecting to the back end' },
  },
  connectionTimedOut: {
    ...{ status: 504, code: '101504', message: 'Runtime Error', description: 'Connection timed out' },
  },
  connectTimedOut: {
    ...{ status: 504, code: '101504', message: 'Runtime Error', description: 'Connection timed out' },
  },
  connectionClosed: {
    ...{ status: 502, code: '101505', message: 'Runtime Error', description: 'Connection closed' },
  },
  protocolViolated: {
    ...{ status: 502, code: '101506', message: 'Runtime Error', description: 'HTTP protocol violation' },
  },
  slowClient: status(408, 'Runtime Error', 'The body of the request comes too slowly'),
  congested: {
    ...{ status: 503, code: '303001', message: 'Runtime Error' },
    ...{ description: 'Currently, the back end has too many requests', retryAfter: 1 },
  },
  suspended: {
    ...{ status: 503, code: '303001', message: 'Runtime Error' },
    ...{ description: 'Currently, the back end is suspended', retryAfter: 2 },
  },
} as const satisfies Record<string, Reason>;

/** The header of a nonce for the next proof (RFC 9449 §8.1). */
export const DPOP_NONCE = 'dpop-nonce';

export type FaultName = keyof typeof REASONS;

/** A request that is refused, or that its upstream failed. */
export class Fault extends Error {
  readonly reason: Reason;

  constructor(
    override readonly name: FaultName,
    /** What more the answer's headers say. */
    readonly headers: Readonly<Record<string, string>> = {},
    /** The scopes of which one would have been enough. */
    readonly scopes: readonly string[] = [],
    /** When it would pass. */
    readonly until?: Date,
  ) {
    super(name);
    this.reason = REASONS[name];
  }
}

/** The headers of an answer, with the challenge of RFC 6750 §3 where one belongs. */
export function headersOf({ reason, headers, scopes }: Fault): Record<string, string> {
  const all: Record<string, string> = { ...headers };
  if (reason.retryAfter !== undefined) all['retry-after'] = String(reason.retryAfter);
  if (reason.status === 401 || reason.error) all['www-authenticate'] = challenge(reason, scopes);
  return all;
}

/** RS-01: without credentials nothing but that some are needed; RS-02: what is wrong with them, and which scope it takes. */
function challenge({ error, message, dpop }: Reason, scopes: readonly string[]): string {
  if (dpop) return dpopChallenge(`, error="${error}", error_description="${message}"`);
  const realm = 'Bearer realm="keyward"';
  if (!error) return realm;
  const scope = scopes.length > 0 ? `, scope="${scopes.join(' ')}"` : '';
  return `${realm}, error="${error}", error_description="${message}"${scope}`;
}
