import type { Organization, PageOwner } from '@keyward/contracts';

/** What a page shows of an organization, and no more. */
export const pageOwner = ({ key, name, colour, logo }: Organization): PageOwner => ({ key, name, colour, logo });
