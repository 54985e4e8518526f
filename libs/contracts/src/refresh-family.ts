import { IsUUID } from 'class-validator';
import { rpc } from './rpc';

export class EndRefreshFamilies {
  @IsUUID() organizationId: string;
}

/** How many ended. */
export class EndedRefreshFamilies {
  ended: number;
}

/**
 * Ends every refresh token of an organization and every access token there is, in an emergency (JK-06). It goes on where nobody waits
 * for it any more; asked again, it ends what is left.
 */
export const endRefreshFamilies = rpc('token.refresh-family.end', EndRefreshFamilies, EndedRefreshFamilies, {
  repeatable: true,
});
