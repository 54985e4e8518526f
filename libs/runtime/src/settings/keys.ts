import { IsIn, IsInt, IsOptional, IsString, Matches, Max, Min } from 'class-validator';
import { keyOf32Bytes, keysOf32Bytes } from '../weak';
import { seconds } from '../duration';
import { Setting, type Checked, type Problem } from '../setting';
import { IsOrigin, IsReadableFile } from '../validators';

const DAY = 86_400;
/** Where Kubernetes puts the token of a pod's service account. */
const SERVICE_ACCOUNT_TOKEN = '/var/run/secrets/kubernetes.io/serviceaccount/token';

/** The keys under which the key manager's secrets are sealed. */
export class SealingSettings implements Checked {
  @Setting({
    env: 'KEY_ENCRYPTION_PROVIDER',
    description:
      'What seals: `key` is KEY_ENCRYPTION_KEY, `vault` the transit key in Vault. Whatever else is set still opens.',
  })
  @IsIn(['key', 'vault'])
  provider: 'key' | 'vault' = 'key';

  @Setting({
    env: 'KEY_ENCRYPTION_KEY',
    description: '32 random bytes in base64 (`openssl rand -base64 32`). Whoever loses it loses every signing key.',
    secret: true,
    parse: keyOf32Bytes,
  })
  keyEncryptionKey?: Buffer;

  @Setting({
    env: 'KEY_ENCRYPTION_OTHER_KEYS',
    description:
      'Keys that open and do not seal, by commas or lines: former ones until `keyward key-encryption rewrap` is through, or the next one while not every instance knows it.',
    secret: true,
    parse: keysOf32Bytes,
  })
  otherKeys: Buffer[] = [];

  @Setting({ env: 'VAULT_ADDR', description: 'The Vault or OpenBao server, `https://host:8200`.' })
  @IsOptional()
  @IsOrigin(['https'])
  vaultUrl?: string;

  @Setting({ env: 'VAULT_CACERT', description: "PEM file with the CA of Vault's certificate, beside the usual ones." })
  @IsOptional()
  @IsReadableFile()
  vaultCaFile?: string;

  @Setting({ env: 'VAULT_TRANSIT_KEY', description: 'The name of the transit key, of the type `aes256-gcm96`.' })
  @IsOptional()
  @Matches(/^[\w.-]{1,100}$/)
  vaultKey?: string;

  @Setting({ env: 'VAULT_TRANSIT_MOUNT', description: 'Where the transit engine is mounted.' })
  @Matches(/^[\w.-]+(\/[\w.-]+)*$/)
  vaultMount: string = 'transit';

  @Setting({ env: 'VAULT_NAMESPACE', description: 'The namespace in Vault.' })
  @IsOptional()
  @IsString()
  vaultNamespace?: string;

  @Setting({
    env: 'VAULT_TOKEN',
    description:
      'A token of Vault that does not end; another than a periodic one that somebody renews needs a role instead.',
    secret: true,
  })
  @IsOptional()
  @IsString()
  vaultToken?: string;

  @Setting({ env: 'VAULT_ROLE_ID', description: 'Signs in to Vault by AppRole, with VAULT_SECRET_ID.' })
  @IsOptional()
  @IsString()
  vaultRoleId?: string;

  @Setting({ env: 'VAULT_SECRET_ID', description: 'The secret of that AppRole.', secret: true })
  @IsOptional()
  @IsString()
  vaultSecretId?: string;

  @Setting({
    env: 'VAULT_KUBERNETES_ROLE',
    description: "Signs in to Vault as the pod's service account, with this role.",
  })
  @IsOptional()
  @IsString()
  vaultKubernetesRole?: string;

  @Setting({
    env: 'VAULT_KUBERNETES_TOKEN_FILE',
    description: 'The token of that service account, read at each sign-in.',
  })
  @IsString()
  vaultKubernetesTokenFile: string = SERVICE_ACCOUNT_TOKEN;

  problems(): Problem[] {
    const problems: Problem[] = [];
    const wantsVault = this.provider === 'vault' || this.vaultKey !== undefined;
    if (this.provider === 'key' && !this.keyEncryptionKey)
      problems.push({ field: 'keyEncryptionKey', expected: 'must be 32 bytes in base64' });
    if (wantsVault && !this.vaultUrl)
      problems.push({ field: 'vaultUrl', expected: 'must be https:// with a host, and a port if any, nothing after' });
    if (wantsVault && !this.vaultKey) problems.push({ field: 'vaultKey', expected: 'must name a transit key' });
    const ways = [this.vaultToken, this.vaultRoleId, this.vaultKubernetesRole].filter((way) => way !== undefined);
    if (wantsVault && ways.length !== 1)
      problems.push({
        field: 'vaultToken',
        expected: 'one of VAULT_TOKEN, VAULT_ROLE_ID and VAULT_KUBERNETES_ROLE must be there',
      });
    if (this.vaultRoleId !== undefined && this.vaultSecretId === undefined)
      problems.push({ field: 'vaultSecretId', expected: 'must be there with VAULT_ROLE_ID' });
    return problems;
  }
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
  @Min(10)
  @Max(366 * DAY)
  active: number = 90 * DAY;

  @Setting({
    env: 'SIGNING_KEY_STOCK',
    description: 'RS256 key pairs that each key manager has ready for organizations that need their first one.',
  })
  @IsInt()
  @Min(0)
  @Max(1000)
  stock: number = 16;
}
