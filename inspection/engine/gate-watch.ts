import { CodedError, monoMs, type RejectOutput } from '../../contracts/index.ts'
import type { JudgedPart } from './judged-part.ts'

/** Results refused in a row that are no chance any more, as of a gate that is nearer than the budget allows for. */
const REFUSED_IN_ROW = 3

/** A fault that no part has shown for so long ends: where it stopped the line, none could show that it is over. */
const UNSEEN_MS = 10_000

/**
 * What is out of order with the gate: its link is down, or it is there and does not serve the parts. The first shows at
 * any time and ends when the link is back; the second at a part, and ends when one is served again, when the link was lost
 * meanwhile, or when no part came for a while. The next one that is not served shows it again.
 *
 * A result that is never acknowledged is a fault at once. One that the PLC or the handshake refuses, mostly because its
 * part has gone by, is one when it is not alone; that of a missed trigger comes too late by nature and says nothing.
 */
export class GateWatch {
  readonly #output: RejectOutput
  #unserved: { code: string; message: string } | null = null
  #unservedMs = 0
  #refused = 0
  readonly #now: () => number

  constructor(output: RejectOutput, now = monoMs) {
    this.#output = output
    this.#now = now
  }

  /** Takes what became of the command for a part. */
  answered({ ack, outcome }: JudgedPart): void {
    // A lost link is a fault by itself, and its return the end of it.
    if (ack.ok || !this.#output.health().connected) return this.#forget()
    if (ack.code !== 'CAM_IO') {
      if (outcome.verdict.noVerdict?.reason === 'missed') return
      this.#refused += 1
      if (this.#refused < REFUSED_IN_ROW) return
    }
    this.#unserved = { code: ack.code, message: ack.message }
    this.#unservedMs = this.#now()
  }

  #forget(): void {
    this.#unserved = null
    this.#refused = 0
  }

  /** Null = all is well, as far as is known. */
  fault(): { code: string; message: string } | null {
    const { connected, lastError } = this.#output.health()
    if (connected) {
      if (this.#now() - this.#unservedMs >= UNSEEN_MS) this.#unserved = null
      return this.#unserved
    }
    this.#forget()
    return {
      code: 'CAM_IO',
      message: lastError ?? new CodedError('CAM_IO', { actual: 'not connected' }).message,
    }
  }
}
