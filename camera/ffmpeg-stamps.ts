import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'

/**
 * Filters that write a line for each picture to the fourth pipe, before the picture is written: when it was taken, in
 * microseconds. The filter that prints says nothing of pictures to which nothing is noted.
 */
export const STAMP_FILTERS =
  'settb=AVTB,metadata=mode=add:key=at:value=1,metadata=mode=print:file=pipe\\\\:3:direct=1'

/** Formats that carry time stamps of the sender. Of others ffmpeg makes them up, from a rate that it assumes. */
const STAMPED = /^\[info\] Input #0, (rtsp|rtp|sdp|flv|live_flv|mpegts|matroska,webm|nut|asf), from /

/** When the pictures of a run were taken, in their order, by the clock of their sender. */
export class PictureStamps {
  readonly #stamps: (number | null)[] = []
  #ended = false
  #wake: (() => void) | null = null
  #bySender = false

  /** @param lines of `STAMP_FILTERS`; null = the run has none */
  constructor(lines: Readable | null) {
    if (lines === null) {
      this.#ended = true
      return
    }
    const reader = createInterface({ input: lines })
    reader.on('line', (line) => {
      const [, stamp] = /^frame:\S+ +pts:(\S+)/.exec(line) ?? []
      if (stamp === undefined) return
      this.#stamps.push(/^-?\d+$/.test(stamp) ? Number(stamp) / 1_000 : null)
      this.#wake?.()
    })
    reader.once('close', () => {
      this.#ended = true
      this.#wake?.()
    })
  }

  /** @param line of stderr, by which the format is known before the first picture */
  read(line: string): void {
    this.#bySender ||= STAMPED.test(line)
  }

  /** The stamp of the next picture, whose bytes have begun to arrive, ms; null = none, or not by the sender. */
  async next(): Promise<number | null> {
    while (this.#stamps.length === 0 && !this.#ended) {
      await new Promise<void>((resolve) => (this.#wake = resolve))
      this.#wake = null
    }
    const stamp = this.#stamps.shift() ?? null
    return this.#bySender ? stamp : null
  }
}
