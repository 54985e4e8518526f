import { IsOptional, IsString, MaxLength, MinLength } from 'class-validator';
import { Setting } from '../setting';
import { IsNotWeak } from '../weak';

/** The operator's user. */
export class AdminSettings {
  @Setting({
    env: 'KEYWARD_ADMIN_PASSWORD',
    description:
      'Password of the user `admin` of `root`, read when that user is created: 15 characters or more. `npm start` signs in with it too.',
    secret: true,
  })
  @IsOptional()
  @IsString()
  @MinLength(15)
  @MaxLength(1024)
  @IsNotWeak()
  adminPassword?: string;
}

/** The operator's client. */
export class CliClientSettings {
  @Setting({
    env: 'KEYWARD_CLI_SECRET',
    description:
      'Consumer secret of `keyward-cli`, 32 characters or more. A new value is valid from the next start, when the one before ends.',
    secret: true,
  })
  @IsOptional()
  @IsString()
  @MinLength(32)
  @MaxLength(255)
  @IsNotWeak()
  cliSecret?: string;
}
