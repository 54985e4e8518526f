import { IsBoolean, IsIn, IsInt, IsOptional, Max, Min } from 'class-validator';
import { Setting } from '../setting';

export const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** What every process has. */
export class ProcessSettings {
  @Setting({
    env: 'NODE_ENV',
    description: '`production` refuses plain links, missing certificates, known default secrets and cheap hashes.',
    default: { text: 'anything else: development', value: () => false },
    parse: (written) => written === 'production',
  })
  @IsBoolean()
  production: boolean;

  @Setting({
    env: 'LOG_LEVEL',
    description: 'The least urgent lines that are written: `fatal` to `trace`, or `silent`.',
  })
  @IsIn(LOG_LEVELS)
  logLevel: LogLevel = 'info';

  @Setting({
    env: 'HEALTH_PORT',
    description: 'Port of `/health/live` and `/health/ready`; no such listener when unset.',
  })
  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(65535)
  healthPort?: number;
}
