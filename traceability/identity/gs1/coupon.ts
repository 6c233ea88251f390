/** Reads a coupon's digits field by field; the first field that is wrong sets `wrong` to its offset. */
class Digits {
  readonly #text: string
  #at = 0
  wrong: number | null = null

  constructor(text: string) {
    this.#text = text
    const other = text.search(/\D/)
    if (other >= 0) this.wrong = other
  }

  get done(): boolean {
    return this.wrong !== null || this.#at === this.#text.length
  }

  take(length: number): string {
    if (this.wrong !== null) return ''
    const part = this.#text.slice(this.#at, this.#at + length)
    if (part.length < length) this.wrong = this.#at
    else this.#at += length
    return part
  }

  /** One digit out of a set. */
  code(allowed: string): string {
    const at = this.#at
    const c = this.take(1)
    if (this.wrong === null && !allowed.includes(c)) this.wrong = at
    return c
  }

  /** A length digit out of a set, then that many digits plus `more`; 9 stands for none where it is allowed. */
  sized(allowed: string, more: number): void {
    const c = this.code(allowed)
    if (this.wrong === null && !(c === '9' && allowed !== ALL)) this.take(Number(c) + more)
  }

  date(): string {
    const at = this.#at
    const text = this.take(6)
    if (this.wrong === null && !isCouponDate(text)) this.wrong = at
    return text
  }

  /** The mark of an optional field. */
  field(mark: string): boolean {
    if (this.done || this.#text[this.#at] !== mark) return false
    this.#at += 1
    return true
  }

  end(): number | null {
    return this.wrong ?? (this.#at < this.#text.length ? this.#at : null)
  }

  refuse(at: number): void {
    this.wrong ??= at
  }

  get at(): number {
    return this.#at
  }
}

const ALL = '0123456789'

function isCouponDate(v: string): boolean {
  const [year, month, day] = [0, 2, 4].map((i) => Number(v.slice(i, i + 2))) as [number, number, number]
  return (
    month >= 1 && month <= 12 && day >= 1 && day <= new Date(Date.UTC(2000 + year, month, 0)).getUTCDate()
  )
}

/**
 * North American coupon code of AI (8110): North American Coupon Application Guideline Using GS1 DataBar Expanded.
 *
 * @returns offset of the first wrong field, or null
 */
export function couponCode(text: string): number | null {
  const d = new Digits(text)
  d.sized('0123456', 6)
  d.take(6)
  d.sized('12345', 0)
  d.sized('12345', 0)
  d.code('012349')
  d.take(3)
  // Second purchase, third purchase, dates, serial, retailer, miscellaneous: each optional, in this order.
  if (d.field('1')) {
    d.code('0123')
    purchase(d)
  }
  if (d.field('2')) purchase(d)
  const expires = d.field('3') ? d.date() : null
  const at = d.at
  if (d.field('4')) {
    const starts = d.date()
    if (expires !== null && d.wrong === null && starts > expires) d.refuse(at + 1)
  }
  if (d.field('5')) d.sized(ALL, 6)
  if (d.field('6')) d.sized('1234567', 6)
  if (d.field('9')) {
    d.code('01256')
    d.code('012')
    d.take(1)
    d.code('01')
  }
  return d.end()
}

function purchase(d: Digits): void {
  d.sized('12345', 0)
  d.code('012349')
  d.take(3)
  d.sized('01234569', 6)
}

/** Positive offer file coupon of AI (8112): GS1 AI (8112) Coupon Data Specification. @returns as `couponCode` */
export function positiveOffer(text: string): number | null {
  const d = new Digits(text)
  d.code('01')
  d.sized('0123456', 6)
  d.take(6)
  d.sized(ALL, 6)
  return d.end()
}
