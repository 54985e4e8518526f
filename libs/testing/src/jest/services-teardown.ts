/** Stops what services-setup has started. */
export default async function stopServices(): Promise<void> {
  await globalThis.stopServices?.();
}
