import type { BackendClaim, FoundProfile } from '@keyward/contracts';

/** What API Manager calls the claims of OpenID Connect, in its dialect (compatibility.md §3.4). */
const NAMES: Record<BackendClaim, string> = {
  name: 'fullname',
  given_name: 'givenname',
  family_name: 'lastname',
  middle_name: 'middleName',
  nickname: 'nickname',
  email: 'emailaddress',
  phone_number: 'telephone',
  birthdate: 'dob',
  gender: 'gender',
  locale: 'local',
  zoneinfo: 'timeZone',
  picture: 'photourl',
  website: 'url',
  roles: 'role',
};

/** The claims of a user that an API's upstreams are told, as far as the user has them. */
export function userClaims(wanted: readonly BackendClaim[], { profile, roles }: FoundProfile): Record<string, string> {
  return Object.fromEntries(
    wanted.flatMap((claim) => {
      const value = claim === 'roles' ? roles.join(',') : profile[claim];
      return value === undefined || value === '' ? [] : [[NAMES[claim], value]];
    }),
  );
}
