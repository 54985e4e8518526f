import { IsDefined, IsInt, Max, Min } from 'class-validator';
import { keyOf32Bytes, keysOf32Bytes } from '../weak';
import { seconds } from '../duration';
import { Setting } from '../setting';

const DAY = 86_400;

/** The key under which the key manager's secrets are sealed. */
export class SealingSettings {
  @Setting({
    env: 'KEY_ENCRYPTION_KEY',
    description: '32 random bytes in base64 (`openssl rand -base64 32`). Whoever loses it loses every signing key.',
    secret: true,
    parse: keyOf32Bytes,
  })
  @IsDefined({ message: 'must be 32 bytes in base64' })
  keyEncryptionKey: Buffer;

  @Setting({
    env: 'KEY_ENCRYPTION_OTHER_KEYS',
    description:
      'Keys that open and do not seal, by commas or lines: former ones until `keyward key-encryption rewrap` is through, or the next one while not every instance knows it.',
    secret: true,
    parse: keysOf32Bytes,
  })
  otherKeys: Buffer[] = [];
}

/** The life of a signing key. Seconds. */
export class SigningKeySettings {
  @Setting({
    env: 'SIGNING_KEY_PUBLISH_AHEAD',
    description: 'How long a key is published before it signs, at least as long as verifiers cache it, seconds.',
    parse: seconds,
  })
  @IsInt()
  @Min(0)
  @Max(30 * DAY)
  publishAhead: number = DAY;

  @Setting({ env: 'SIGNING_KEY_ACTIVE', description: 'How long a key signs, seconds.', parse: seconds })
  @IsInt()
  @Min(3600)
  @Max(366 * DAY)
  active: number = 90 * DAY;
}
