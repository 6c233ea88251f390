import { describe, expect, it } from 'vitest'
import { pcImage, REGISTER_MAP } from '../../camera/index.ts'
import type { HandshakeInput } from '../../camera/index.ts'
import { decodePc, decodePlc, encodePc, encodePlc } from '../../camera/line-io/register-map.ts'
import { failed, play, poll, result, written } from './samples/plc-play.ts'

describe('PLC handshake', () => {
  it('goes Ready, Trigger, Busy, ResultValid, Ack and back', () => {
    const ready = play([{ kind: 'lines', ready: true, fault: false }, poll(0, 7)])
    expect(ready.out.flat()).toEqual([])
    expect(pcImage(ready.state, 3)).toEqual({
      ready: true,
      busy: false,
      fault: false,
      resultTrigger: 0,
      resultCode: 0,
      resultValid: false,
      heartbeat: 3,
    })
    const triggered = play([poll(10, 8)], ready.state)
    expect(triggered.out).toEqual([[{ kind: 'trigger', trigger: 8 }]])
    expect(pcImage(triggered.state, 0)).toMatchObject({ busy: true, resultValid: false })

    const shown = play([result(8, 20, 1_000, 'reject')], triggered.state)
    expect(pcImage(shown.state, 0)).toMatchObject({
      busy: true,
      resultValid: true,
      resultTrigger: 8,
      resultCode: 2,
    })
    const acked = play([written(8, 22), poll(25, 8, 8, 1)], shown.state)
    expect(acked.out[1]).toEqual([{ kind: 'settle', trigger: 8, ok: true }])
    expect(pcImage(acked.state, 0)).toMatchObject({ ready: true, busy: false, resultValid: false })
  })

  it('does not take an acknowledge of another trigger, or one from before the write', () => {
    const shown = play([poll(0, 4), poll(5, 5), result(5, 10)])
    const early = play([poll(11, 5, 5, 1)], shown.state)
    expect(early.out.flat()).toEqual([])
    const other = play([written(5, 12), poll(13, 5, 4, 1)], shown.state)
    expect(other.out.flat()).toEqual([])
    expect(pcImage(other.state, 0)).toMatchObject({ resultTrigger: 5, resultValid: true })
  })

  it('does not take an acknowledge that a PLC kept when it lost its counter', () => {
    const before = play([poll(0, 0), poll(5, 1), result(1, 10), written(1, 12), poll(13, 1, 1, 1)])
    expect(before.out.at(-1)).toEqual([{ kind: 'settle', trigger: 1, ok: true }])
    // Its program has not seen the result yet, or never will.
    const lost = play(
      [
        poll(20, 0, 1, 1),
        poll(25, 0, 1, 1),
        poll(30, 1, 1, 1),
        result(1, 35),
        written(1, 36),
        poll(37, 1, 1, 1),
      ],
      before.state,
    )
    expect(lost.out.slice(3).flat()).toEqual([])
    expect(pcImage(lost.state, 0)).toMatchObject({ resultValid: true, resultTrigger: 1 })
    const over = play([{ kind: 'tick', atMs: 140, askedMs: 140 }], lost.state)
    expect(over.out.flat()).toEqual([failed(1, 'CAM_HANDSHAKE')])
    const next = play([poll(141, 2, 1, 1), result(2, 142), written(2, 143), poll(144, 2, 2, 1)], over.state)
    expect(next.out.at(-1)).toEqual([{ kind: 'settle', trigger: 2, ok: true }])
    // The same where the counter was lost while nobody looked.
    const first = play([poll(0, 0, 1, 1), poll(5, 1, 1, 1), result(1, 10), written(1, 12), poll(13, 1, 1, 1)])
    expect(first.out.at(-1)).toEqual([])
  })

  it('hands over results one at a time, the most urgent first, each to its own trigger', () => {
    let { state } = play([poll(0, 1), poll(1, 2), poll(2, 3)])
    ;({ state } = play([result(2, 5, 900), result(3, 6, 500), result(1, 7, 700)], state))
    const order: number[] = []
    for (let at = 10; state.shown; at += 5) {
      const { trigger } = state.shown.result
      order.push(trigger)
      ;({ state } = play([written(trigger, at), poll(at + 1, 3, trigger, 1)], state))
    }
    expect(order).toEqual([2, 3, 1])
  })

  it('looks at few of the results of many parts between camera and gate for each of them', () => {
    const parts = 1_000
    let looks = 0
    const counted = (trigger: number): HandshakeInput => ({
      kind: 'result',
      atMs: 2,
      result: {
        trigger,
        action: 'release',
        // The later a part is judged, the more urgent it is.
        get deadlineMs() {
          looks += 1
          return 1_000_000 - trigger
        },
      },
    })
    const upTo = Array.from({ length: parts }, (_, i) => i + 1)
    let { state } = play([poll(0, 0), ...upTo.map((n) => poll(1, n)), ...upTo.map(counted)])
    const order: number[] = []
    while (state.shown) {
      const { trigger } = state.shown.result
      order.push(trigger)
      ;({ state } = play([written(trigger, 3), poll(4, parts, trigger, 1)], state))
    }
    expect(order).toEqual([1, ...upTo.slice(1).toReversed()])
    expect(looks / parts).toBeLessThan(60)
  })

  it('never shows a result whose deadline has passed', () => {
    const before = play([poll(0, 1), poll(1, 2), result(1, 2, 1_000), result(2, 3, 50)])
    const { state, out } = play([{ kind: 'tick', atMs: 51, askedMs: 51 }], before.state)
    expect(out[0]).toEqual([failed(2, 'INS_DEADLINE')])
    expect(state.queue).toEqual([])
    // Shown but not yet written: withdrawn as well.
    const withdrawn = play([{ kind: 'tick', atMs: 1_001, askedMs: 1_001 }], state)
    expect(withdrawn.out[0]).toEqual([failed(1, 'INS_DEADLINE')])
    expect(pcImage(withdrawn.state, 0).resultValid).toBe(false)
    expect(play([result(2, 20, 20)], play([poll(0, 2)]).state).out[0]).toEqual([failed(2, 'INS_DEADLINE')])
  })

  it('waits for what becomes of a result that is on its way when its time ends, as the PLC may act on it', () => {
    const sent = play([poll(0, 4), poll(5, 5), result(5, 10, 100), { kind: 'sent' }])
    // Another result comes while nobody knows yet.
    const after = play([poll(50, 5), poll(95, 6), result(6, 110)], sent.state)
    expect(after.out.flat()).toEqual([{ kind: 'trigger', trigger: 6 }])
    const acked = play([written(5, 120), poll(121, 6, 5, 1)], after.state)
    expect(acked.out.flat()).toEqual([{ kind: 'settle', trigger: 5, ok: true }])
    expect(pcImage(acked.state, 0)).toMatchObject({ resultTrigger: 6, resultValid: true })

    const unanswered = play([{ kind: 'unanswered' }, { kind: 'tick', atMs: 130, askedMs: 130 }], after.state)
    expect(unanswered.out.flat()).toEqual([failed(5, 'INS_DEADLINE')])
    expect(pcImage(unanswered.state, 0)).toMatchObject({ resultTrigger: 6, resultValid: true })
  })

  it('waits for the acknowledge and gives up', () => {
    const shown = play([poll(0, 1), result(1, 2), written(1, 10)])
    expect(play([{ kind: 'tick', atMs: 109, askedMs: 109 }], shown.state).out[0]).toEqual([])
    const { state, out } = play([{ kind: 'tick', atMs: 110, askedMs: 110 }, poll(120, 1, 1, 1)], shown.state)
    expect(out).toEqual([[failed(1, 'CAM_IO')], []])
    expect(pcImage(state, 0).resultValid).toBe(false)
  })

  it('does not miss an acknowledge that nobody asked for while the process stood still', () => {
    const shown = play([poll(0, 1), result(1, 2), written(1, 10)])
    const { out } = play([{ kind: 'tick', atMs: 5_000, askedMs: 12 }, poll(5_001, 1, 1, 1)], shown.state)
    expect(out).toEqual([[], [{ kind: 'settle', trigger: 1, ok: true }]])
  })

  it('reports what the PLC refuses: too late, or a trigger it does not know', () => {
    const shown = play([poll(0, 1), result(1, 2), written(1, 10)]).state
    expect(play([poll(12, 1, 1, 2)], shown).out[0]).toEqual([failed(1, 'INS_DEADLINE')])
    expect(play([poll(12, 1, 1, 3)], shown).out[0]).toEqual([failed(1, 'CAM_HANDSHAKE')])
  })

  it('takes one result per trigger', () => {
    const once = play([poll(0, 1), result(1, 2)])
    const twice = play([result(1, 3, 1_000, 'reject')], once.state)
    expect(twice.out[0]).toEqual([failed(1, 'CAM_HANDSHAKE')])
    expect(pcImage(twice.state, 0)).toMatchObject({ resultTrigger: 1, resultCode: 1 })
    const after = play([written(1, 4), poll(5, 1, 1, 1), result(1, 6)], twice.state)
    expect(after.out[2]).toEqual([failed(1, 'CAM_HANDSHAKE')])
  })

  it('holds a result back until the PLC has counted its trigger', () => {
    const early = play([poll(0, 4), result(5, 1)])
    expect(pcImage(early.state, 0).resultValid).toBe(false)
    const counted = play([poll(5, 5)], early.state)
    expect(pcImage(counted.state, 0)).toMatchObject({ resultValid: true, resultTrigger: 5 })
    expect(play([{ kind: 'tick', atMs: 1_000, askedMs: 1_000 }], early.state).out[0]).toMatchObject([
      { code: 'INS_DEADLINE', message: expect.stringContaining('never counted') },
    ])
  })

  it('announces only the trigger of the part that stands before the camera', () => {
    // The counter at the first poll is the past.
    expect(play([poll(0, 900)]).out.flat()).toEqual([])
    const skipped = play([poll(0, 10), poll(5, 13), poll(10, 13)])
    // A jump might be a torn reading until a second poll agrees.
    expect(skipped.out[1]).toEqual([])
    expect(skipped.out[2]).toMatchObject([
      { kind: 'violation', message: expect.stringContaining('triggers 11 to 12') },
      // Counted after the last poll that had not seen them.
      { kind: 'lost', from: 11, to: 12, sinceMs: 0, anew: false },
      { kind: 'trigger', trigger: 13 },
    ])
    // After a gap between polls longer than freshMs the part may be gone.
    const stale = play([poll(0, 10), poll(51, 11), poll(56, 12)])
    expect(stale.out[1]).toMatchObject([
      { kind: 'violation', message: expect.stringContaining('trigger 11') },
      { kind: 'lost', from: 11, to: 11, sinceMs: 0, anew: false },
    ])
    expect(stale.out[2]).toEqual([{ kind: 'trigger', trigger: 12 }])
  })

  it('answers everything when the link is lost and keeps the lines', () => {
    const before = play([{ kind: 'lines', ready: true, fault: true }, poll(0, 2), result(1, 1), result(2, 1)])
    const { state, out } = play([{ kind: 'link-lost', message: 'cable' }], before.state)
    expect(out[0]).toEqual([failed(1, 'CAM_IO'), failed(2, 'CAM_IO')])
    expect(pcImage(state, 0)).toMatchObject({ ready: true, fault: true, busy: false, resultValid: false })
  })
})

describe('register map', () => {
  it('puts 32-bit values with the high word first', () => {
    // 0x00012345 = 74565
    expect(encodePlc({ trigger: 74_565, ackTrigger: 0xffff_ffff, ackCode: 2, heartbeat: 9 })).toEqual([
      0x0001, 0x2345, 0xffff, 0xffff, 2, 9,
    ])
    const pc = {
      ready: true,
      busy: false,
      fault: true,
      resultTrigger: 0x8000_0001,
      resultCode: 3,
      resultValid: true,
      heartbeat: 65_535,
    }
    expect(encodePc(pc)).toEqual([1, 0, 1, 0x8000, 0x0001, 3, 1, 65_535])
    expect(decodePc(encodePc(pc))).toEqual(pc)
    const plc = { trigger: 0x8000_0001, ackTrigger: 3, ackCode: 1, heartbeat: 0 }
    expect(decodePlc(encodePlc(plc))).toEqual(plc)
  })

  it('documents every register once, without overlap', () => {
    const used = REGISTER_MAP.flatMap((r) => Array.from({ length: r.words }, (_, i) => r.offset + i))
    expect(used).toEqual([0, 1, 2, 3, 4, 5, 8, 9, 10, 11, 12, 13, 14, 15])
    expect(REGISTER_MAP.every((r) => r.meaning.zh.length > 0 && r.meaning.en.length > 0)).toBe(true)
  })
})
