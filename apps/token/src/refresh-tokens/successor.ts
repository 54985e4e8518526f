import { seal, unseal } from '../seal';
import { idBytes } from '../time-id';

const underPredecessor = (text: string, family: string) => ({
  text,
  purpose: 'keyward refresh successor',
  aad: idBytes(family),
});

/** Seals a successor's secret under its predecessor's text: sent again, it opens it (RT-05). */
export const sealSuccessor = (predecessor: string, family: string, secret: Buffer): Buffer =>
  seal(underPredecessor(predecessor, family), secret);

/** Throws when the predecessor is not the one it was sealed under. */
export const openSuccessor = (predecessor: string, family: string, sealed: Buffer): Buffer =>
  unseal(underPredecessor(predecessor, family), sealed);
