/** What the person at the keyboard can put right. Ends the demo with exit code 2, and with nothing made. */
export class UsageError extends Error {}
