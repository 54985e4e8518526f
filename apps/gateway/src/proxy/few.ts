/** Of more than so many entries, one is found sooner by its hash. */
const FEW = 8;

/** A map by text that is a list while it is short: most APIs have few paths, and a `Map` of two takes 200 bytes. */
export class Few<Value> {
  /** Names and values in turn. */
  private list: readonly (string | Value)[] = [];
  private map?: Map<string, Value> = undefined;

  get(name: string): Value | undefined {
    if (this.map) return this.map.get(name);
    const at = this.indexOf(name);
    return at < 0 ? undefined : (this.list[at + 1] as Value);
  }

  set(name: string, value: Value): void {
    if (this.map) {
      this.map.set(name, value);
      return;
    }
    const at = this.indexOf(name);
    // A copy of the right length each time: an array that grows keeps room for 17 more.
    this.list = at < 0 ? this.list.concat(name, value) : this.list.with(at + 1, value);
    if (this.list.length > 2 * FEW) this.becomeMap();
  }

  private indexOf(name: string): number {
    for (let at = 0; at < this.list.length; at += 2) if (this.list[at] === name) return at;
    return -1;
  }

  private becomeMap(): void {
    const map = new Map<string, Value>();
    for (let at = 0; at < this.list.length; at += 2) map.set(this.list[at] as string, this.list[at + 1] as Value);
    this.map = map;
    this.list = [];
  }
}
