import { type ChildProcess, type ChildProcessByStdio, spawn } from 'node:child_process'
import { access } from 'node:fs/promises'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { asCoded, CodedError } from '../contracts/index.ts'
import type { RawPixel } from '../contracts/index.ts'
import { strictnessArgs } from './ffmpeg-damage.ts'
import type { Strictness } from './ffmpeg-damage.ts'
import { PictureStamps, STAMP_FILTERS } from './ffmpeg-stamps.ts'

export interface FfmpegInput {
  /** Arguments up to and including `-i <input>`. */
  input: readonly string[]
  widthPx: number
  heightPx: number
  pixel: RawPixel
  /** See `ffmpegArgs`; absent = `free`. */
  mode?: 'free' | 'triggered'
}

/**
 * Raw frames of exactly one size on stdout. ffmpeg would scale another size, or a change of size in mid-stream,
 * without a word; the crop filter asserts the size instead and makes it fail. `passthrough` keeps ffmpeg from
 * repeating or dropping frames to even out the rate. Left alone, its decoders would fill the holes of a damaged picture
 * with what lay there in the one before, and build the next ones on it up to a key frame.
 *
 * A decoder that works on several pictures at once gives each as many pictures later as it has threads: after a trigger
 * came one of an earlier part. So where a frame is one part's, its threads share the picture.
 *
 * To measure the rate of a stream, ffmpeg keeps up to 20 frames before it shows the first, which of 5 frames per second
 * came after 6 s. Nobody asks for that rate, and `fpsprobesize` leaves it out.
 *
 * Stamps of the sender that jump by more than 10 s (MPEG-TS) or 30 h, it replaces by ones that it makes up from the rate
 * that the stream states; `copyts` leaves them as they are.
 */
export function ffmpegArgs(spec: FfmpegInput, strictness: Strictness = 'strict'): string[] {
  const format = spec.pixel === 'mono8' ? 'gray' : 'rgb24'
  const { widthPx: w, heightPx: h } = spec
  const sameSize = `crop=w='if(eq(iw,${w})*eq(ih,${h}),${w},-1)':h=${h}:x=0:y=0`
  const quiet = ['-hide_banner', '-nostdin', ...strictnessArgs(strictness)]
  const fromKey = strictness === 'keyed' ? ",select='gt(selected_n,0)+key'" : ''
  // With -r it takes no stamp of the sender, and counts pictures instead.
  const stamped = liveAt(spec.input) === 'network' && !spec.input.includes('-r')
  const stamps = stamped ? `,${STAMP_FILTERS}` : ''
  const videoOnly = ['-an', '-sn', '-dn', '-vf', `format=${format},${sameSize}${fromKey}${stamps}`]
  const out = ['-fps_mode', 'passthrough', '-pix_fmt', format, '-f', 'rawvideo', '-']
  const atOnce = spec.mode === 'triggered' ? ['-thread_type', 'slice'] : []
  const atFirst = liveAt(spec.input) ? ['-fpsprobesize', '0'] : []
  const asSent = stamped ? ['-copyts'] : []
  return [...quiet, ...atOnce, ...atFirst, ...asSent, ...spec.input, ...videoOnly, ...out]
}

/**
 * What to tell when the size assertion of `ffmpegArgs` has failed; null = it has not.
 *
 * @param shown whether it had the right size before: then the camera is another one, or was set anew, and may come back
 */
export function wrongSize(
  stderr: string,
  { input, widthPx, heightPx }: FfmpegInput,
  shown: boolean,
): CodedError | null {
  if (!/Parsed_crop_1.*(Invalid too big or non positive size|Failed to configure input pad)/.test(stderr))
    return null
  const size = `${widthPx} x ${heightPx} px`
  const actual = `another size than ${size} from ffmpeg ${inputName(input)}`
  return shown
    ? new CodedError('CAM_GONE', {
        expected: `${size}, as before`,
        actual,
        hint: 'set the camera back to that size, or write the new one into the line file and start the line again',
      })
    : new CodedError('CAM_OPEN', {
        path: 'camera.widthPx, camera.heightPx',
        expected: size,
        actual,
        hint: 'ask `ffprobe` for the size of the stream and write it into the line file',
      })
}

/** The last input, for people; user names, passwords and what else is secret in URLs are blanked. */
export function inputName(input: readonly string[]): string {
  const at = input.lastIndexOf('-i')
  return redact((at >= 0 ? input[at + 1] : undefined) ?? input.join(' '))
}

/** As ffmpeg reads a URL: what is before the last @ of the host is the user. Many cameras have the password behind it. */
const redact = (text: string): string =>
  text
    .replace(/:\/\/[^/?#\s]+@/g, '://***@')
    .replace(/((?:pass|passw(?:or)?d|passphrase|pwd|psw|token|secret|auth|key)=)[^&\s]+/gi, '$1***')

const LIVE_SCHEME = /^(rtsps?|rtmps?|rtp|srt|udp|tcp|tls|https?):/i
const LIVE_DEVICE =
  /^(sdp|v4l2|video4linux2|dshow|avfoundation|decklink|x11grab|gdigrab|iec61883|libdc1394)$/i

/**
 * Where a camera is; null = none, a file or test source. Cameras have no end: what ends is gone and is opened again. A file
 * or test source that ends has ended.
 */
export function liveAt(input: readonly string[]): 'network' | 'device' | null {
  const name = input[input.lastIndexOf('-i') + 1] ?? ''
  // An SDP file is not the video, it says where that comes from.
  if (LIVE_SCHEME.test(name) || /\.sdp$/i.test(name)) return 'network'
  return input.some((arg, i) => input[i - 1] === '-f' && LIVE_DEVICE.test(arg)) ? 'device' : null
}

/** @throws CAM_OPEN when the program is missing, or the input is a file that cannot be read */
export async function checkFfmpeg(binary: string, input: readonly string[]): Promise<void> {
  const error = await new Promise<Error | null>((resolve) => {
    const probe = spawn(binary, ['-version'], { stdio: 'ignore' })
    probe.once('error', resolve)
    probe.once('close', (code) => resolve(code === 0 ? null : new Error(`exit code ${code}`)))
  })
  if (error) {
    throw new CodedError('CAM_OPEN', {
      expected: `the program ${binary}`,
      actual: error.message,
      hint: 'install ffmpeg 5.1 or later and put it on the PATH (Debian: apt-get install ffmpeg)',
      cause: error,
    })
  }
  const at = input.lastIndexOf('-i')
  const name = input[at + 1]
  if (at < 0 || name === undefined) {
    throw new CodedError('CFG_INVALID', {
      path: 'camera.input',
      expected: 'arguments that end with -i <input>',
      actual: redact(input.join(' ')),
    })
  }
  const aFile = !liveAt(input) && !input.includes('-f') && !/^[a-z0-9]+:/i.test(name)
  if (aFile) {
    await access(name).catch((e: unknown) => {
      throw asCoded(e, 'CAM_OPEN', { file: name, expected: 'a readable file' })
    })
  }
}

export interface FfmpegRun {
  stdout: Readable
  /** When the pictures of stdout were taken. */
  stamps: PictureStamps
  /** The end of stderr, of the lines kept, without passwords. */
  stderr(): string
  /** Resolves when the process and its pipes are closed: what it died of, or null after exit code 0. */
  closed: Promise<string | null>
  /** Asks it to leave, so that the camera's session is closed properly; kills it after one second. */
  stop(): void
}

/** @param keep is asked for every line of stderr */
export function startFfmpeg(
  binary: string,
  args: readonly string[],
  keep: (line: string) => boolean,
): FfmpegRun {
  const stamped = args.some((arg) => arg.includes(STAMP_FILTERS))
  const child = spawn(binary, args, {
    stdio: ['ignore', 'pipe', 'pipe', stamped ? 'pipe' : 'ignore'],
  }) as ChildProcessByStdio<null, Readable, Readable>
  endWithThisProcess(child)
  const stamps = new PictureStamps(stamped ? (child.stdio[3] as Readable) : null)
  let tail = ''
  let ending = false
  createInterface({ input: child.stderr }).on('line', (line) => {
    // Of its own end it complains, too, as of a broken pipe.
    const asked = ending
    stamps.read(line)
    if (keep(line) && !asked) tail = `${tail}${line}\n`.slice(-4_000)
  })
  let failure: string | null = null
  child.once('error', (e) => (failure = e.message))
  const closed = new Promise<string | null>((resolve) => {
    child.once('close', (code, signal) =>
      resolve(failure ?? (code === 0 ? null : signal !== null ? `signal ${signal}` : `exit code ${code}`)),
    )
  })
  return {
    stdout: child.stdout,
    stamps,
    stderr: () => redact(tail).trim(),
    closed,
    stop() {
      ending = true
      child.kill('SIGTERM')
      child.stdout.destroy()
      const kill = setTimeout(() => child.kill('SIGKILL'), 1_000)
      void closed.then(() => clearTimeout(kill))
    },
  }
}

/**
 * One that waits for a camera does not see that nobody reads its pictures any more: a line that was killed would leave it
 * behind, and a camera that serves one at a time could not be opened again. A shell sees the end of this process by its
 * own input, and ends it as `stop` does. Where there is no shell, it ends at its next picture.
 */
function endWithThisProcess(child: ChildProcess): void {
  if (child.pid === undefined) return
  const end = 'read -r _; kill -TERM "$1"; sleep 1; kill -KILL "$1"'
  const watch = spawn('sh', ['-c', end, 'sh', String(child.pid)], { stdio: ['pipe', 'ignore', 'ignore'] })
  watch.on('error', () => undefined)
  child.once('exit', () => watch.kill('SIGKILL'))
}
