/**
 * `setImmediate`, taken when this module is loaded: a test of a user that fakes the timers later, and never turns them on, would
 * otherwise leave every append of a group without an answer.
 */
export const afterTurn: typeof setImmediate = setImmediate;
