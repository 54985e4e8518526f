/**
 * Milliseconds; what a sender's messages took is remembered for one to two of it. Short, because a machine that was paused
 * comes back with its clock behind, and until that is forgotten all it sends seems to have been held up.
 */
const WINDOW_MS = 10_000;

/**
 * How long messages were held up on their way, though the clocks at its ends are not the same: the time beyond the fastest
 * that the sender's lately took.
 */
export class Transit {
  private fastest = new Map<string, number>();
  private before = new Map<string, number>();
  private turnsAt = WINDOW_MS;

  /** Milliseconds; `sent` and `received` each by a clock of its own that is never set. */
  heldUp(sender: string, sent: number, received: number): number {
    if (received >= this.turnsAt) {
      this.before = this.fastest;
      this.fastest = new Map();
      this.turnsAt = received + WINDOW_MS;
    }
    const took = received - sent;
    const fastest = Math.min(took, this.fastest.get(sender) ?? took);
    this.fastest.set(sender, fastest);
    return took - Math.min(fastest, this.before.get(sender) ?? fastest);
  }
}
