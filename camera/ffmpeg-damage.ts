/** How a run of ffmpeg treats damaged pictures; each shows no picture that the decoder finds damaged. */
export type Strictness =
  /** It ends at the first damaged picture. */
  | 'strict'
  /** As strict, for H.264 that begins between two key frames: `explode` would call it damaged for ever. */
  | 'midway'
  /** As strict, from the first key frame on: H.265 that begins between two shows wrong pictures up to the next one. */
  | 'keyed'
  /** It leaves damaged pictures out and says so: for video whose pictures stand alone. */
  | 'alone'

/**
 * `xerror` ends the run; `explode` makes the decoder refuse a picture instead of filling its holes. `xerror` alone tells
 * damaged pictures of H.264, not those of MJPEG and MPEG-2. With `debug_ts`, a line for every decoded picture, stderr
 * says where among the frames a damaged one lay; `repeat`, or equal lines would become one. What the level `info` is
 * for: the codec, and lost packets, which are a warning.
 */
export const strictnessArgs = (strictness: Strictness): string[] =>
  strictness === 'alone'
    ? ['-nostats', '-loglevel', 'repeat+level+info', '-debug_ts', '-err_detect', 'explode']
    : [
        '-nostats',
        '-loglevel',
        'level+info',
        '-xerror',
        ...(strictness === 'midway' ? [] : ['-err_detect', 'explode']),
      ]

/** What ffmpeg prints of a damaged picture, or of one whose packets were lost; 7.1 and, from its source, 5.1 to 8. */
export const saysDamaged = (stderr: string): boolean =>
  /corrupt (decoded frame|input packet)|Error (submitting packet to|processing packet in) decoder|Error while decoding stream|Decoding error/.test(
    stderr,
  )

/** What is told of a part whose picture was damaged. */
export const DAMAGED = {
  expected: 'a whole picture',
  actual: 'video that the decoder finds damaged',
  hint: 'check the connection to the camera; RTSP loses nothing over TCP',
}

const saysLost = (line: string): boolean => /RTP: missed \d+ packets/.test(line)

/** Of a picture of H.265 that another refers to. */
const MISSING = 'Could not find ref with POC'

const isError = (line: string): boolean => /\[(error|fatal|panic)\]/.test(line)

/**
 * How to run again at once after a strict run that gave no frame. H.264: its first pictures refer to ones before them,
 * as of a camera that is running; so of H.265. MJPEG: the first buffer of a USB camera is often cut. Not MPEG-2 and
 * MPEG-4: behind a picture left out they show wrong ones without a word.
 */
export function gentler(stderr: string): Strictness | null {
  if (stderr.includes(MISSING)) return 'keyed'
  if (!saysDamaged(stderr)) return null
  if (stderr.includes('[h264 @')) return 'midway'
  return /\[(dec:)?mjpeg @/.test(stderr) ? 'alone' : null
}

/** Damaged pictures of a run that goes on behind them, from the lines of stderr. */
export class DamagedPictures {
  readonly #fromStart: boolean
  #decoded = 0
  readonly #behind: number[] = []
  #lostBehind: number | null = null

  /** @param fromStart whether one before the first frame counts: in a file it was a part, of a camera that opens not */
  constructor(fromStart: boolean) {
    this.#fromStart = fromStart
  }

  /**
   * @param frames how many the run has given
   * @returns whether the line tells an error
   */
  read(line: string, frames: number): boolean {
    if (line.includes('decoder -> ')) this.#decoded += 1
    else if (saysDamaged(line)) this.#push(Math.max(this.#decoded, frames))
    else this.readLost(line, frames)
    return isError(line)
  }

  /** Of MJPEG, RTP leaves out a picture that is not whole; one is counted, however many packets are missing before the next. */
  readLost(line: string, frames: number): void {
    const behind = Math.max(this.#decoded, frames)
    if (!saysLost(line) || behind === this.#lostBehind) return
    this.#lostBehind = behind
    this.#push(behind)
  }

  #push(behind: number): void {
    if (behind > 0 || this.#fromStart) this.#behind.push(behind)
  }

  /** Takes those that lay before the next frame. */
  take(frames: number): number {
    const later = this.#behind.findIndex((behind) => behind > frames)
    return this.#behind.splice(0, later < 0 ? Infinity : later).length
  }
}

/**
 * Whether pictures may be wrong from now on though the decoder shows them without an error: packets of RTP were lost, or
 * a picture of H.265 refers to one that never came. Said by ffmpeg 7.1. H.265 cut in mid-picture it shows without a word.
 */
export class HoleInVideo {
  /** Before the first key frame nothing is shown, and much is missing. */
  readonly #fromKey: boolean
  #codec = ''
  #overRtp = false
  /** What the last decoder thread missed, and the one before it; null before that. */
  #missing = { thread: '', numbers: new Set<string>(), before: null as Set<string> | null }
  found = false

  constructor(strictness: Strictness) {
    this.#fromKey = strictness === 'keyed'
  }

  /** Whether pictures stand alone, and RTP gives whole ones only. Those of raw video it fills with the ones before. */
  get alone(): boolean {
    return this.#codec === 'mjpeg'
  }

  /** Whether the first picture may be a part of one: RTP shows raw video from the line on at which it came in. */
  get beginsMidway(): boolean {
    return this.#overRtp && /^(rawvideo|bitpacked)$/.test(this.#codec)
  }

  /** How the next run reads the same video. */
  get next(): Strictness {
    return this.#codec === 'hevc' ? 'keyed' : 'strict'
  }

  /**
   * @param line of stderr
   * @param frames how many the run has given
   * @param found called at the first hole
   * @returns whether the line tells it, or an error
   */
  read(line: string, frames: number, found: () => void): boolean {
    this.#codec = /Stream #\d+:\d+ -> #0:0 \((\w+) /.exec(line)?.[1] ?? this.#codec
    this.#overRtp ||= /Input #0, (rtp|rtsp|sdp),/.test(line)
    const tells =
      (line.includes(MISSING) && !(this.#fromKey && this.#isOfStart(line) && frames === 0)) ||
      (saysLost(line) &&
        !this.alone &&
        // Of H.264 the decoder sees a hole in the picture itself; a lost one matters behind the first.
        !(this.#codec === 'h264' && frames === 0))
    if (!tells || this.found) return isError(line) || saysDamaged(line)
    this.found = true
    found()
    return true
  }

  /**
   * Whether the picture is missing because the video began behind it. All of those are named for the first picture that
   * is decoded, and for each one behind it those that may still be referred to (ISO/IEC 23008-2, 8.3.2: what was left out
   * never comes back). Pictures come out of the decoder many later, so that a new name tells a hole behind the key frame
   * before that one is shown. Not told: one that has the very number of the last that was missing.
   */
  #isOfStart(line: string): boolean {
    const [, thread = '', number = ''] = /@ (\w+)\].*POC (-?\d+)/.exec(line) ?? []
    if (thread !== this.#missing.thread) {
      const before = this.#missing.thread === '' ? null : this.#missing.numbers
      this.#missing = { thread, numbers: new Set(), before }
    }
    this.#missing.numbers.add(number)
    return this.#missing.before?.has(number) ?? true
  }
}
