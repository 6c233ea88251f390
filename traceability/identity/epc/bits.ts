import { refuse } from '../refuse.ts'

/** Bits of a tag's EPC bank from left to right; places in errors are hex digits of the text as read. */
export class BitReader {
  readonly #bits: string
  readonly #textAt: number
  at = 0

  /** @param textAt where the hex digits begin in the text as read */
  constructor(hex: string, textAt: number) {
    this.#bits = [...hex].map((c) => Number.parseInt(c, 16).toString(2).padStart(4, '0')).join('')
    this.#textAt = textAt
  }

  get length(): number {
    return this.#bits.length
  }

  get left(): number {
    return this.#bits.length - this.at
  }

  /** Place of the current bit in the text as read. */
  get place(): number {
    return this.#textAt + Math.floor(this.at / 4)
  }

  /** @throws TRC_IDENTITY when the tag has fewer bits */
  take(bits: number): string {
    if (this.left < bits) this.refuse(`${bits} more bits`, `${this.left} bits`)
    const part = this.#bits.slice(this.at, this.at + bits)
    this.at += bits
    return part
  }

  number(bits: number): bigint {
    return bits === 0 ? 0n : BigInt(`0b${this.take(bits)}`)
  }

  /** A number of exactly `digits` decimal digits. @throws TRC_IDENTITY when it has more */
  decimal(bits: number, digits: number, what: string): string {
    const place = this.place
    const text = bits === 0 ? '' : this.number(bits).toString()
    if (digits === 0 && (text === '' || text === '0')) return ''
    if (text.length > digits) refuse(place, `${what} of ${digits} digits`, text)
    return text.padStart(digits, '0')
  }

  /** Characters of `width` bits; zero bits end the text, and nothing follows them. */
  text(width: 6 | 7, count: number, what: string): string {
    let out = ''
    let ended = false
    for (let i = 0; i < count; i++) {
      const place = this.place
      const code = Number(this.number(width))
      if (code === 0) ended = true
      else if (ended) refuse(place, `nothing behind the end of ${what}`, String(code))
      // Six-bit characters are ISO 646 without its top bits (TDS table G-1): 0..31 stand for '@' and above.
      else out += String.fromCharCode(width === 7 || code >= 32 ? code : code + 64)
    }
    return out
  }

  /** Characters of six bits up to a terminator of six zero bits. @throws TRC_IDENTITY for `most` without one */
  ended(most: number, what: string): string {
    let out = ''
    for (let c = this.text(6, 1, what); c !== ''; c = this.text(6, 1, what)) {
      out += c
      if (out.length >= most) this.refuse(`the end of ${what}`, out)
    }
    return out
  }

  /** Padding up to the next word of tag memory. @throws TRC_IDENTITY when more than 16 bits or a set bit is left */
  end(): void {
    const place = this.place
    const rest = this.#bits.slice(this.at)
    if (rest.length >= 16 || rest.includes('1')) refuse(place, 'the end of the EPC', `${rest.length} bits`)
  }

  refuse(expected: string, actual: string): never {
    return refuse(this.place, expected, actual)
  }
}
