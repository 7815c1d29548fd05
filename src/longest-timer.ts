/** Milliseconds that Node's timers can wait at most: for more they don't wait at all. */
export const LONGEST_TIMER = 2 ** 31 - 1;
