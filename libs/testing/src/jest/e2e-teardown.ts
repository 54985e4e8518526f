/** Stops what e2e-setup has started. */
export default async function stopDeployment(): Promise<void> {
  await globalThis.stopDeployment?.();
}
