import { IsInt, Max, Min } from 'class-validator';
import { Setting } from '../setting';

/** How many wrong passwords of users are borne. */
export class PasswordLimitSettings {
  @Setting({
    env: 'ACCOUNT_FAILURES',
    description:
      'Wrong passwords for one account in 15 minutes before each further one makes it wait, 1 s doubling to 15 min.',
  })
  @IsInt()
  @Min(1)
  @Max(100)
  accountFailures: number = 5;

  @Setting({
    env: 'ACCOUNT_FAILURES_CEILING',
    description: 'Wrong passwords for one account in a row after which it stays closed until unlocked.',
  })
  @IsInt()
  @Min(5)
  @Max(100) // NIST SP 800-63B-4 §3.2.2: no more than 100.
  accountCeiling: number = 100;

  @Setting({ env: 'CLIENT_PASSWORD_FAILURES', description: 'Wrong passwords that one client may send in 5 minutes.' })
  @IsInt()
  @Min(1)
  @Max(1_000_000)
  clientPasswordFailures: number = 300;
}

/** How many clients may come to be without an administrator. */
export class RegistrationLimitSettings {
  @Setting({
    env: 'REGISTERED_CLIENTS',
    description: 'Clients that an organization may have which registered themselves.',
  })
  @IsInt()
  @Min(1)
  @Max(100_000)
  registeredClients: number = 1000;

  @Setting({
    env: 'OPEN_REGISTRATIONS',
    description: 'Clients that may register at one organization from one address in an hour without an access token.',
  })
  @IsInt()
  @Min(1)
  @Max(100_000)
  openRegistrations: number = 20;
}

/** How many wrong client secrets are borne. */
export class ClientLimitSettings {
  @Setting({
    env: 'CLIENT_FAILURES',
    description: 'Failed authentications of one client from one address in a minute.',
  })
  @IsInt()
  @Min(1)
  @Max(1_000_000)
  clientFailures: number = 10;

  @Setting({ env: 'ADDRESS_FAILURES', description: 'Failed client authentications from one address in 5 minutes.' })
  @IsInt()
  @Min(1)
  @Max(1_000_000)
  addressFailures: number = 30;
}
