import { CodedError } from '../../contracts/index.ts'
import { type LineReader, tooLong } from './line-splitter.ts'

/** `struct input_event` of a 64-bit Linux (linux/input.h): time of 16 bytes, then type, code (16 bits) and value (32). */
const EVENT_BYTES = 24
const TYPE_AT = 16
/** Types and codes: linux/input-event-codes.h. */
const EV_SYN = 0
const EV_KEY = 1
/** The kernel had no room for events: keys are missing. */
const SYN_DROPPED = 3
const RELEASED = 0
const PRESSED = 1

/** Characters of a US keyboard, plain and with Shift, from the code of the first key of a row on. */
const ROWS: readonly (readonly [first: number, plain: string, shifted: string])[] = [
  [2, '1234567890-=', '!@#$%^&*()_+'],
  [16, 'qwertyuiop[]', 'QWERTYUIOP{}'],
  [30, "asdfghjkl;'`", 'ASDFGHJKL:"~'],
  [43, '\\zxcvbnm,./', '|ZXCVBNM<>?'],
  [55, '*', '*'],
  [57, ' ', ' '],
  [71, '789-456+1230.', '789-456+1230.'],
  [98, '/', '/'],
]
const KEYS = new Map(
  ROWS.flatMap(([first, plain, shifted]) =>
    [...plain].map((char, n) => [first + n, [char, shifted[n] ?? char]] as const),
  ),
)
/** Enter, Enter of the keypad, and Tab, which scanners send in its place. */
const CLOSING = new Set([28, 96, 15])
const CAPS_LOCK = 58
/** Both keys of each. */
const SHIFT = [42, 54]
const CTRL = [29, 97]
const ALT = [56, 100]
/** They change nothing: Num Lock, Scroll Lock, the logo keys. */
const SILENT = new Set([69, 70, 125, 126, CAPS_LOCK, ...SHIFT, ...CTRL, ...ALT])
const KEYPAD = { first: 71, last: 82 }

/**
 * A scanner that is a keyboard (keyboard wedge, USB HID), as Linux tells its keys. It must be set to a US keyboard. Control
 * characters come as Ctrl with a key (GS = Ctrl and `]`), and characters that no key has as their number on the keypad
 * while Alt is held. A line with a key that is no character is refused: a code that lacks one would be another code.
 */
export class KeyboardLines implements LineReader {
  readonly #max: number
  readonly #held = new Set<number>()
  #rest: Buffer = Buffer.alloc(0)
  #line = ''
  #spoilt: CodedError | null = null
  #skipping = false
  #capsLock = false
  #number = ''

  /** @param maxLength characters of a line, at most */
  constructor(maxLength: number) {
    this.#max = maxLength
  }

  get begun(): boolean {
    return !this.#skipping && (this.#line !== '' || this.#number !== '' || this.#spoilt !== null)
  }

  skip(): void {
    this.#skipping = true
  }

  push(chunk: Uint8Array): (string | CodedError)[] {
    const bytes = Buffer.concat([this.#rest, chunk])
    const lines: (string | CodedError)[] = []
    let at = 0
    for (; at + EVENT_BYTES <= bytes.length; at += EVENT_BYTES) {
      const type = bytes.readUInt16LE(at + TYPE_AT)
      const code = bytes.readUInt16LE(at + TYPE_AT + 2)
      if (type === EV_SYN && code === SYN_DROPPED) {
        this.#held.clear()
        this.#spoil('keys that the system dropped')
      }
      if (type !== EV_KEY) continue
      const line = this.#key(code, bytes.readInt32LE(at + TYPE_AT + 4))
      if (line !== null) lines.push(line)
    }
    this.#rest = bytes.subarray(at)
    return lines
  }

  #key(code: number, value: number): string | CodedError | null {
    if (value === RELEASED) {
      this.#held.delete(code)
      if (ALT.includes(code)) this.#closeNumber()
      return null
    }
    // A key that is held repeats; a scanner presses it again.
    if (value !== PRESSED) return null
    this.#held.add(code)
    if (CLOSING.has(code)) return this.#close()
    if (code === CAPS_LOCK) this.#capsLock = !this.#capsLock
    if (SILENT.has(code)) return null
    const [plain, shifted] = KEYS.get(code) ?? []
    if (plain === undefined || shifted === undefined) this.#spoil(`the key ${code}`)
    else if (this.#holds(ALT)) this.#digit(code, plain)
    else if (this.#holds(CTRL)) this.#type(String.fromCharCode(shifted.toUpperCase().charCodeAt(0) & 0x1f))
    else {
      const upper = this.#holds(SHIFT) !== (this.#capsLock && /[a-z]/.test(plain))
      this.#type(upper ? shifted : plain)
    }
    return null
  }

  #holds(keys: readonly number[]): boolean {
    return keys.some((key) => this.#held.has(key))
  }

  #type(char: string): void {
    this.#line += char
    if (this.#line.length > this.#max) {
      this.#line = ''
      this.#spoilt ??= tooLong(this.#max)
    }
  }

  #digit(code: number, plain: string): void {
    if (code < KEYPAD.first || code > KEYPAD.last || !/\d/.test(plain))
      this.#spoil(`Alt with the key ${code}`)
    else this.#number += plain
  }

  #closeNumber(): void {
    const number = this.#number
    this.#number = ''
    if (number === '') return
    if (Number(number) > 255) this.#spoil(`Alt with ${number}`)
    else this.#type(String.fromCharCode(Number(number)))
  }

  #spoil(actual: string): void {
    this.#spoilt ??= new CodedError('CAM_BAD_REQUEST', {
      expected: 'characters of a US keyboard, closed by Enter',
      actual,
      hint: 'set the scanner to a US keyboard, control characters as Ctrl with a key',
    })
  }

  #close(): string | CodedError | null {
    const line = this.#skipping ? '' : (this.#spoilt ?? this.#line)
    this.#skipping = false
    this.#line = ''
    this.#number = ''
    this.#spoilt = null
    return line === '' ? null : line
  }
}
