import {
  ROOT_ORGANIZATION,
  ServiceError,
  type CompatibilityProfile,
  type ErrorCode,
  type Reason,
} from '@keyward/contracts';

/** What the client sent that an answer may name; it is reflected to nobody else. */
export interface Sent {
  clientId?: string;
  username?: string;
}

/** `error` where it is another as well. */
interface Wording {
  error?: ErrorCode;
  text: string | ((sent: Sent) => string);
}

/** In this order: 2.6, 3.2, 4.x. */
type Wordings = readonly [Wording, Wording, Wording];
const COLUMNS = { 'wso2-2.6': 0, 'wso2-3.2': 1, 'wso2-4.x': 2 } as const;

const all = (text: Wording['text']): Wordings => [{ text }, { text }, { text }];
const until3 = (text: Wording['text'], since4: Wording['text']): Wordings => [{ text }, { text }, { text: since4 }];

/** The login name without what stands for the operator's own organization. */
const failedFor = ({ username = '' }: Sent) =>
  `Authentication failed for ${username.endsWith(`@${ROOT_ORGANIZATION.key}`) ? username.slice(0, -5) : username}`;

/**
 * The words of clients' earlier servers, by what went wrong, or else by the error's code. What is not here is said as the
 * standards' profile says it, which is often the same. No profile tells whether another organization exists, says more of
 * a locked account than of a wrong password, or calls an outage anything but 503.
 */
const WORDINGS: Readonly<Partial<Record<Reason | ErrorCode, Wordings>>> = {
  parameter_repeated: all('Invalid request with repeated parameters.'),
  parameter_in_url: all('Invalid request with sensitive data in the URL.'),
  content_type: all('Bad request content type. Expecting: application/x-www-form-urlencoded'),
  grant_type_unknown: [
    { text: 'Unsupported grant_type value' },
    { error: 'invalid_request', text: 'Unsupported grant_type value' },
    { error: 'invalid_request', text: 'Unsupported grant_type value' },
  ],
  grant_type_refused: all('The authenticated client is not authorized to use this authorization grant type'),
  client_missing: until3('Client Authentication failed.', 'Unsupported client authentication mechanism'),
  client_unknown: until3(
    ({ clientId = '' }) => `A valid OAuth client could not be found for client_id: ${clientId}`,
    ({ clientId = '' }) => `Invalid Client : ${clientId}`,
  ),
  client_disabled: all('Oauth application is not in active state'),
  authorization_malformed: all(
    'Error decoding authorization header. Space delimited "<authMethod> <base64Hash>" format violated.',
  ),
  two_mechanisms: all('The client MUST NOT use more than one authentication method in each'),
  user_refused: until3(failedFor, 'Authentication failed'),
  refresh_token_unknown: all('Persisted access token data not found'),
  refresh_token_used: all('Invalid refresh token value in the request'),
  refresh_token_expired: all('Refresh token is expired.'),
  invalid_client: until3('Client Authentication failed.', 'Client credentials are invalid.'),
  invalid_grant: all('Provided Authorization Grant is invalid'),
  invalid_scope: all('Invalid Scope!'),
  unauthorized_client: all('Unauthorized Client!'),
  server_error: all('Internal Server Error.'),
};

/** An error of the token API in the words of a profile. */
export function inWordsOf(profile: CompatibilityProfile, error: unknown, sent: Sent): unknown {
  if (profile === 'rfc' || !(error instanceof ServiceError)) return error;
  const { code, reason, retryAfter, detail } = error;
  const wording = ((reason && WORDINGS[reason]) ?? WORDINGS[code])?.[COLUMNS[profile]];
  if (!wording) return error;
  const { text } = wording;
  return new ServiceError(wording.error ?? code, typeof text === 'string' ? text : text(sent), { retryAfter, detail });
}
