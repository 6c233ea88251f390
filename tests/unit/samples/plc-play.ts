import { expect } from 'vitest'
import { handshake, HANDSHAKE_START } from '../../../camera/index.ts'
import type { HandshakeInput, HandshakeOutput, HandshakeState } from '../../../camera/index.ts'

const limits = { ackMs: 100, freshMs: 50 }

/** Feeds inputs one after the other; every step's outputs, and the last state. */
export function play(inputs: HandshakeInput[], from: HandshakeState = HANDSHAKE_START) {
  const out: HandshakeOutput[][] = []
  let state = from
  for (const input of inputs) {
    const step = handshake(state, input, limits)
    state = step.state
    out.push(step.out)
  }
  return { state, out }
}

export const poll = (atMs: number, trigger: number, ackTrigger = 0, ackCode = 0): HandshakeInput => ({
  kind: 'poll',
  atMs,
  plc: { trigger, ackTrigger, ackCode, heartbeat: 0 },
})
export const result = (
  trigger: number,
  atMs: number,
  deadlineMs = 1_000,
  action: 'release' | 'reject' | 'hold' = 'release',
): HandshakeInput => ({ kind: 'result', atMs, result: { trigger, action, deadlineMs } })
export const written = (trigger: number, atMs: number): HandshakeInput => ({ kind: 'written', trigger, atMs })
export const settled = (trigger: number) => ({ kind: 'settle', trigger, ok: true })
export const failed = (trigger: number, code: string) =>
  expect.objectContaining({ kind: 'settle', trigger, ok: false, code })
