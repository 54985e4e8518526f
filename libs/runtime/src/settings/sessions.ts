import { IsInt, Max, Min } from 'class-validator';
import { seconds } from '../duration';
import { Setting } from '../setting';

const DAY = 86_400;

/** How long a sign-in on the pages lasts, seconds. */
export class SessionSettings {
  @Setting({
    env: 'SESSION_IDLE_LIFETIME',
    description: 'A session on the sign-in pages ends when it was not used for this long: seconds, or with a unit.',
    parse: seconds,
  })
  @IsInt()
  @Min(60)
  @Max(30 * DAY)
  idle: number = DAY / 3;

  @Setting({
    env: 'SESSION_LIFETIME',
    description: 'A session on the sign-in pages ends this long after signing in, used or not.',
    parse: seconds,
  })
  @IsInt()
  @Min(60)
  @Max(30 * DAY)
  absolute: number = 7 * DAY;
}
