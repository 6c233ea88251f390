import type { OutboxEntry } from './store-ops.ts'

/** Where consumers of the log keep how far they have come, and what did not go through. */
export interface ConsumerLedger {
  /** Position of the last event the consumer has dealt with; 0 = none. */
  cursor(consumer: string): Promise<number>
  /** @param delivered what was taken on the way: their dead letters, from before, are settled */
  advance(consumer: string, position: number, delivered?: readonly number[]): Promise<void>
  letter(entry: OutboxEntry): Promise<void>
  /** What was set aside behind a position, in order. */
  deadLetters(consumer: string, after: number, limit: number): Promise<OutboxEntry[]>
  /** Takes the letter of an event away that was taken after all. */
  settle(consumer: string, position: number): Promise<void>
}
