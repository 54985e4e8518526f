/** Tells that what was used ends at a time, and that it is deprecated now: RFC 8594 §3, RFC 9745 §2. */
export function sunsetHeaders(sunset: string, now = Date.now()): Record<string, string> {
  return { deprecation: `@${Math.floor(now / 1000)}`, sunset: new Date(sunset).toUTCString() };
}
