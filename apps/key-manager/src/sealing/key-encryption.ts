/** A data key encrypted under a key-encryption key, and which one that was. */
export interface WrappedKey {
  kekId: string;
  wrappedKey: Buffer;
}

/** Where a key-encryption key is kept: here in memory, or in a server that does not give it away. */
export interface KeyEncryption {
  /** Wraps so that it unwraps only where `context` is the same. */
  wrap(key: Buffer, context: string): Promise<WrappedKey>;
  /** Whether a key of this name is kept here. */
  holds(kekId: string): boolean;
  /** Throws when anything differs: the key, the context, a single bit. */
  unwrap(wrapped: WrappedKey, context: string): Promise<Buffer>;
}
