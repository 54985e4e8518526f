/** OpenID Connect Core 1.0 §5.4: the claims that a scope lets a client read about a user. */
export const CLAIMS_OF: Readonly<Record<string, readonly string[]>> = {
  profile: [
    ...['name', 'family_name', 'given_name', 'middle_name', 'nickname', 'preferred_username', 'profile', 'picture'],
    ...['website', 'gender', 'birthdate', 'zoneinfo', 'locale'],
  ],
  email: ['email', 'email_verified'],
  address: ['address'],
  phone: ['phone_number', 'phone_number_verified'],
};

/** The scopes of OpenID Connect, which stand for a user: no client has them by itself (CC-04). */
export const OPENID_SCOPES: readonly string[] = ['openid', 'offline_access', ...Object.keys(CLAIMS_OF)];
