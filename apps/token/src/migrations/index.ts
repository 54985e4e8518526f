import { Tokens1763700000000 } from './1763700000000-tokens';
import { Partitions1763700000001 } from './1763700000001-partitions';
import { RotationInOneStatement1763700000002 } from './1763700000002-rotation-in-one-statement';
import { SignIn1763740000000 } from './1763740000000-sign-in';
import { Revocations1763800000000 } from './1763800000000-revocations';
import { ApplicationUsers1763810000000 } from './1763810000000-application-users';
import { Devices1763900000000 } from './1763900000000-devices';
import { PushedRequests1763900000200 } from './1763900000200-pushed-requests';
import { OpaqueTokensAtTheRoot1763910000001 } from './1763910000001-opaque-tokens-at-the-root';
import { LogoutNotices1763910000003 } from './1763910000003-logout-notices';
import { UsedOnce1763920000000 } from './1763920000000-used-once';
import { StandingTokens1763960000000 } from './1763960000000-standing-tokens';
import { RequestedClaims1764000000001 } from './1764000000001-requested-claims';
import { GivenUpNotices1764000000002 } from './1764000000002-given-up-notices';
import { OnePartitionACall1763980000000 } from './1763980000000-one-partition-a-call';
import { DpopNonces1764010000001 } from './1764010000001-dpop-nonces';
import { WhoSignedIn1764040000000 } from './1764040000000-who-signed-in';
import { SessionOfAFamily1764060000000 } from './1764060000000-session-of-a-family';
import { NoticesInTurn1764070000000 } from './1764070000000-notices-in-turn';
import { LastEndOfAName1764080000000 } from './1764080000000-last-end-of-a-name';
import { ReuseByItself1764090000000 } from './1764090000000-reuse-by-itself';
import { FamiliesInOneOrder1764090000001 } from './1764090000001-families-in-one-order';
import { SaltOfASuccessor1764100000000 } from './1764100000000-salt-of-a-successor';

/** In the order in which they are run. */
export const TOKEN_MIGRATIONS = [
  Tokens1763700000000,
  Partitions1763700000001,
  RotationInOneStatement1763700000002,
  SignIn1763740000000,
  Revocations1763800000000,
  ApplicationUsers1763810000000,
  Devices1763900000000,
  PushedRequests1763900000200,
  OpaqueTokensAtTheRoot1763910000001,
  LogoutNotices1763910000003,
  UsedOnce1763920000000,
  StandingTokens1763960000000,
  RequestedClaims1764000000001,
  GivenUpNotices1764000000002,
  OnePartitionACall1763980000000,
  DpopNonces1764010000001,
  WhoSignedIn1764040000000,
  SessionOfAFamily1764060000000,
  NoticesInTurn1764070000000,
  LastEndOfAName1764080000000,
  ReuseByItself1764090000000,
  FamiliesInOneOrder1764090000001,
  SaltOfASuccessor1764100000000,
];
