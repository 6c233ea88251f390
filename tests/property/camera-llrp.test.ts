import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { encodeFrame, LlrpFramer, TagPasses, type TagSight } from '../../camera/index.ts'

const SEED = 20260105

describe(`LLRP frames, seed ${SEED}`, () => {
  it('come out whole and in order, wherever the stream is cut', () => {
    const message = fc.record({
      type: fc.integer({ min: 1, max: 1023 }),
      id: fc.nat(0xffffffff),
      body: fc.uint8Array({ maxLength: 80 }).map((b) => Buffer.from(b)),
    })
    fc.assert(
      fc.property(
        fc.array(message, { maxLength: 12 }),
        fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 20 }),
        (messages, sizes) => {
          const stream = Buffer.concat(messages.map((m) => encodeFrame(m)))
          const framer = new LlrpFramer()
          const out = []
          for (let at = 0, n = 0; at < stream.length; n++) {
            const size = sizes[n % sizes.length] ?? 1
            out.push(...framer.push(stream.subarray(at, at + size)))
            at += size
          }
          expect(out).toEqual(messages.map((m) => ({ ...m, version: 1 })))
        },
      ),
      { seed: SEED, numRuns: 500 },
    )
  })

  it('refuse a length that cannot be', () => {
    for (const length of [0, 9, 0xffffffff]) {
      const frame = encodeFrame({ type: 61, id: 1, body: Buffer.alloc(0) })
      frame.writeUInt32BE(length, 2)
      expect(() => new LlrpFramer().push(frame)).toThrow(/CAM_IO/)
    }
  })
})

describe(`passes of tags, seed ${SEED}`, () => {
  const WINDOW = 100
  /** Two tags that go by several times: gaps inside a pass up to the window, between passes above it. */
  const passes = fc.array(
    fc.record({
      epc: fc.constantFrom('A', 'B'),
      gaps: fc.array(fc.integer({ min: 0, max: WINDOW }), { maxLength: 6 }),
      pause: fc.integer({ min: WINDOW + 1, max: 500 }),
    }),
    { maxLength: 12 },
  )

  it.each(['first', 'pass'] as const)('one event per pass (%s)', (emit) => {
    fc.assert(
      fc.property(
        passes,
        fc.array(fc.integer({ min: -80, max: -20 }), { minLength: 1, maxLength: 9 }),
        (list, rssi) => {
          const smoothing = new TagPasses({ windowMs: WINDOW, minRssiDbm: -128, emit })
          const found = []
          const wanted: { epc: string; count: number; rssiDbm: number }[] = []
          let now = 0
          let n = 0
          for (const { epc, gaps, pause } of list) {
            now += pause
            const sights: TagSight[] = []
            for (const gap of [0, ...gaps]) {
              now += gap
              sights.push({ epc, antenna: 1, rssiDbm: rssi[n++ % rssi.length] ?? -50, atMs: now, count: 1 })
            }
            for (const s of sights) found.push(...smoothing.see(s))
            wanted.push({
              epc,
              count: emit === 'first' ? 1 : sights.length,
              rssiDbm:
                emit === 'first'
                  ? (sights[0]?.rssiDbm ?? 0)
                  : Math.max(...sights.map((s) => s.rssiDbm ?? -128)),
            })
          }
          found.push(...smoothing.over(now + WINDOW + 1))
          expect(found.map(({ epc, count, rssiDbm }) => ({ epc, count, rssiDbm }))).toEqual(wanted)
        },
      ),
      { seed: SEED, numRuns: 300 },
    )
  })
})
