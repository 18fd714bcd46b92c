import { setImmediate } from 'node:timers/promises';

/** Lets the rest of the program have its turn: looking at the disk blocks. */
export async function nextTurn(): Promise<void> {
  await setImmediate();
}
