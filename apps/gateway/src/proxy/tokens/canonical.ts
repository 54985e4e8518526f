/** Three parts in the one way base64url writes them: a JWT has no second spelling (abuse 17). */
export const isCanonical = (token: string): boolean => {
  const parts = token.split('.');
  return parts.length === 3 && parts.every((part) => Buffer.from(part, 'base64url').toString('base64url') === part);
};
