import { describe, expect, it } from 'vitest'
import { pcImage } from '../../camera/index.ts'
import { failed, play, poll, result, settled, written } from './samples/plc-play.ts'

describe('the trigger counter of a PLC', () => {
  it('takes one low reading for a torn one and goes on', () => {
    const { out } = play([poll(0, 10), poll(5, 1), poll(10, 10), poll(15, 11)])
    expect(out.flat()).toEqual([{ kind: 'trigger', trigger: 11 }])
  })

  it('never announces a number torn between its two words', () => {
    // 0x0000ffff + 1 = 0x00010000; the mixtures are 0x0001ffff = 131071 and 0.
    for (const torn of [131_071, 0]) {
      const { out, state } = play([poll(0, 65_535), poll(5, torn), poll(10, 65_536), poll(15, 65_537)])
      expect(out.flat()).toEqual([
        { kind: 'trigger', trigger: 65_536 },
        { kind: 'trigger', trigger: 65_537 },
      ])
      expect(state.counter).toBe(65_537)
    }
  })

  it('a jump in which two polls agree too late announces nothing: its part may be gone', () => {
    const { out } = play([poll(0, 10), poll(40, 13), poll(51, 13), poll(56, 14)])
    expect(out[2]).toMatchObject([
      { kind: 'violation', message: expect.stringContaining('triggers 11 to 13') },
      { kind: 'lost', from: 11, to: 13, sinceMs: 0, anew: false },
    ])
    expect(out[3]).toEqual([{ kind: 'trigger', trigger: 14 }])
  })

  it('starts again with a counter that was restarted, from any height', () => {
    for (const last of [500, 1_000, 70_000]) {
      const { out } = play([poll(0, last), poll(5, 1), poll(10, 1), poll(15, 2)])
      expect(out[1]).toEqual([])
      expect(out[2]).toEqual([
        { kind: 'violation', message: expect.stringContaining(`from ${last} to 1: counter restarted`) },
        { kind: 'trigger', trigger: 1, anew: true },
      ])
      expect(out[3]).toEqual([{ kind: 'trigger', trigger: 2 }])
    }
  })

  it('a count that began again behind a gap between polls is said with its first number', () => {
    const { out } = play([poll(0, 500), poll(100, 3), poll(105, 3), poll(110, 4)])
    expect(out[2]?.slice(1)).toEqual([
      {
        kind: 'violation',
        message: expect.stringContaining('trigger 3 came unseen: polls 105 ms apart, 50 at most;'),
      },
      { kind: 'lost', from: 3, to: 3, sinceMs: 0, anew: true },
    ])
    expect(out[3]).toEqual([{ kind: 'trigger', trigger: 4 }])
  })

  it('a counter that was set to 0 has counted no part yet; one that wrapped has', () => {
    const reset = play([poll(0, 500), poll(5, 0), poll(10, 0), poll(15, 1)])
    expect(reset.out[2]).toMatchObject([{ kind: 'violation' }])
    expect(reset.out[3]).toEqual([{ kind: 'trigger', trigger: 1, anew: true }])
    const wrapped = play([poll(0, 0xffff_ffff), poll(5, 0), poll(10, 1)])
    expect(wrapped.out[1]).toMatchObject([{ kind: 'violation' }, { kind: 'trigger', trigger: 0, anew: true }])
    expect(wrapped.out[2]).toEqual([{ kind: 'trigger', trigger: 1 }])
  })

  it('a counter of 16 bits goes over 65535, and parts that it counted meanwhile are lost, not forgotten', () => {
    const began = { kind: 'violation', message: expect.stringContaining('it went over 65535') }
    const seen = play([poll(0, 0xffff), poll(5, 0), poll(10, 0), poll(15, 1)])
    expect(seen.out[2]).toEqual([began, { kind: 'trigger', trigger: 0, anew: true }])
    expect(seen.out[3]).toEqual([{ kind: 'trigger', trigger: 1 }])
    const unseen = play([poll(0, 0xfffd), poll(5, 2), poll(10, 2)])
    const lost = (from: number, to: number, anew: boolean) => [
      { kind: 'violation', message: expect.stringContaining('unseen') },
      { kind: 'lost', from, to, sinceMs: 0, anew },
    ]
    expect(unseen.out[2]).toEqual([
      ...lost(0xfffe, 0xffff, false),
      began,
      ...lost(1, 1, true),
      { kind: 'trigger', trigger: 2 },
    ])
    // Too far from it to be sure.
    expect(play([poll(0, 65_000), poll(5, 1), poll(10, 1)]).out[2]).toMatchObject([
      { message: expect.stringContaining('counter restarted') },
      { kind: 'trigger', trigger: 1, anew: true },
    ])
  })

  it('serves parts from before the count went over its greatest number, also where the new count goes on', () => {
    for (const greatest of [0xffff, 0xffff_ffff]) {
      const last = greatest - 1
      // `last` waits for its acknowledge, the greatest number is still being judged when the next part is counted.
      const before = play([
        poll(0, last - 1),
        poll(5, last),
        poll(10, greatest),
        result(last, 15),
        written(last, 16),
      ])
      const over = play([poll(20, 0, last - 1), poll(25, 0, last - 1)], before.state)
      expect(over.out.flat()).toEqual([
        { kind: 'violation', message: expect.stringContaining(`it went over ${greatest}`) },
        { kind: 'trigger', trigger: 0, anew: true },
      ])
      expect(pcImage(over.state, 0)).toMatchObject({ resultValid: true, resultTrigger: last })
      const after = play(
        [
          result(0, 30),
          result(greatest, 31, 100),
          poll(35, 1, last, 1),
          written(greatest, 36),
          poll(40, 1, greatest, 1),
          written(0, 41),
          poll(45, 1, 0, 1),
          // Twice for one part: refused, before and behind the greatest number.
          result(greatest, 46),
          result(0, 47),
          // Not counted yet: waits.
          result(2, 48),
        ],
        over.state,
      )
      expect(after.out.slice(2, 9)).toEqual([
        [settled(last), { kind: 'trigger', trigger: 1 }],
        [],
        [settled(greatest)],
        [],
        [settled(0)],
        [failed(greatest, 'CAM_HANDSHAKE')],
        [failed(0, 'CAM_HANDSHAKE')],
      ])
      expect(after.state.shown).toBeNull()
      expect(after.state.queue.map((r) => r.trigger)).toEqual([2])
    }
  })

  it('what was answered long before the count went over its greatest number says nothing of parts behind it', () => {
    const early = play([poll(0, 1), poll(5, 2), result(2, 6), written(2, 7), poll(10, 2, 2, 1)])
    expect(early.out[4]).toEqual([settled(2)])
    const { out, state } = play(
      [
        poll(20, 0xffff, 2),
        poll(25, 0xffff, 2),
        poll(30, 0),
        poll(35, 0),
        poll(40, 1),
        poll(45, 2),
        result(2, 46),
      ],
      early.state,
    )
    expect(out[6]).toEqual([])
    expect(state.shown?.result.trigger).toBe(2)
  })

  it('an acknowledge that stands there since long before the count went over says nothing of the part behind it', () => {
    const early = play([poll(0, 2), poll(5, 3), result(3, 6), written(3, 7), poll(10, 3, 3, 1)])
    expect(early.out[4]).toEqual([settled(3)])
    // Nobody was served meanwhile, as behind a lost link.
    const over = play(
      [
        poll(20, 0xffff, 3, 1),
        poll(25, 0xffff, 3, 1),
        ...[0, 0, 1, 2, 3].map((n, i) => poll(30 + i, n, 3, 1)),
      ],
      early.state,
    )
    const asked = play([result(3, 46), written(3, 47), poll(50, 3, 3, 1)], over.state)
    expect(asked.out.flat()).toEqual([])
    const answered = play([poll(55, 4, 2, 1), poll(60, 4, 3, 1)], asked.state)
    expect(answered.out[1]).toEqual([settled(3)])
  })

  it('lets no result of the old count act on a part of the new one', () => {
    // 11 waits for its acknowledge, 12 is still being judged when the counter falls back to 10.
    const before = play([poll(0, 10), poll(5, 11), poll(10, 12), result(11, 15), written(11, 16)])
    const fallen = play([poll(20, 10), poll(25, 10)], before.state)
    expect(fallen.out[1]).toMatchObject([{ kind: 'violation' }, failed(11, 'CAM_HANDSHAKE'), { trigger: 10 }])
    expect(pcImage(fallen.state, 0).resultValid).toBe(false)
    const again = play(
      [poll(30, 11), poll(35, 12), result(12, 40), result(13, 41), result(11, 42)],
      fallen.state,
    )
    expect(again.out.slice(0, 4)).toEqual([
      [{ kind: 'trigger', trigger: 11 }],
      // The number of the part that is still being judged: not announced, and no result of it is shown.
      [
        { kind: 'violation', message: expect.stringContaining('trigger 12 came unseen') },
        { kind: 'lost', from: 12, to: 12, sinceMs: 30, anew: false },
      ],
      [failed(12, 'CAM_HANDSHAKE')],
      [failed(13, 'CAM_HANDSHAKE')],
    ])
    expect(pcImage(again.state, 0)).toMatchObject({ resultValid: true, resultTrigger: 11 })
    // Ten seconds later no verdict of the old count can be under way.
    const later = play(
      [poll(10_025, 12), result(12, 10_026, 20_000), result(13, 10_027, 20_000)],
      again.state,
    )
    expect(later.out.flat()).not.toContainEqual(failed(12, 'CAM_HANDSHAKE'))
    expect(later.state.shown?.result.trigger).toBe(12)
    expect(later.state.queue.map((r) => r.trigger)).toEqual([13])
  })
})
