import { createPrivateKey, X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createSecureContext } from 'node:tls'
import { asCoded, CodedError, errorText, type I18n } from '../../contracts/index.ts'
import type { Certificate, CertificatePem, LineState } from '../../dashboard/index.ts'
import { log } from './log.ts'

/** PEM files. */
export interface CertificateFiles {
  certificate: string
  key: string
}

/** How often the files are read: a certificate is renewed in place, beside the running line, ms. */
const LOOK_EVERY_MS = 60_000
const DAY_MS = 86_400_000
/** Whoever renews by a program has done so long before, days. */
const SOON_DAYS = 14

interface Read extends CertificatePem {
  /** Epoch, ms. */
  expiresMs: number
}

/**
 * The certificate by which pages are served to other machines, as its files say now. What is wrong with it ends no line:
 * the last good one is shown on, or none, and it is told until the files are in order.
 */
export class CertificateWatch implements Certificate {
  readonly #files: CertificateFiles
  readonly #listeners: ((pem: CertificatePem) => void)[] = []
  readonly #timer: NodeJS.Timeout
  #read: Read | null = null
  #fault: CodedError | null = null

  constructor(files: CertificateFiles, everyMs = LOOK_EVERY_MS) {
    this.#files = files
    this.#look()
    this.#timer = setInterval(() => this.#look(), everyMs)
    this.#timer.unref()
  }

  get current(): CertificatePem | null {
    return this.#read
  }

  onRenewed(listener: (pem: CertificatePem) => void): void {
    this.#listeners.push(listener)
  }

  degraded(now = Date.now()): LineState['degraded'] {
    const texts: I18n[] = []
    if (this.#fault !== null) {
      const { en, zh } = errorText(this.#fault)
      texts.push(
        this.#read === null
          ? { en: `no page is served by https: ${en}`, zh: `无法通过 https 提供页面:${zh}` }
          : { en: `the certificate of before is still served: ${en}`, zh: `仍在使用原有证书:${zh}` },
      )
    }
    if (this.#read !== null) {
      const days = Math.floor((this.#read.expiresMs - now) / DAY_MS)
      const day = new Date(this.#read.expiresMs).toISOString().slice(0, 10)
      if (days < 0)
        texts.push({
          en: `the certificate for https expired on ${day}: browsers and programs refuse it`,
          zh: `https 证书已于 ${day} 过期:浏览器和程序将拒绝连接`,
        })
      else if (days < SOON_DAYS)
        texts.push({
          en: `the certificate for https expires on ${day}`,
          zh: `https 证书将于 ${day} 过期`,
        })
    }
    return texts.map((text, i) => ({ id: i === 0 ? 'https' : `https-${i}`, text }))
  }

  close(): void {
    clearInterval(this.#timer)
  }

  #look(): void {
    try {
      const read = readCertificate(this.#files)
      const same = read.cert === this.#read?.cert && read.key === this.#read.key
      const first = this.#read === null && this.#fault === null
      this.#read = read
      this.#fault = null
      if (same) return
      if (!first) log.info({ file: this.#files.certificate }, 'another certificate is served by https')
      for (const listener of this.#listeners) listener(read)
    } catch (error) {
      const why = asCoded(error, 'CFG_INVALID')
      if (why.message !== this.#fault?.message) log.error({ code: why.code }, why.message)
      this.#fault = why
    }
  }
}

/** A further port of the pages, with the certificate for it; null where none is asked for. */
export const openCertificate = <T extends CertificateFiles>(
  https: T | undefined,
): (Omit<T, 'certificate' | 'key'> & { certificate: CertificateWatch }) | null => {
  if (https === undefined) return null
  const { certificate, key, ...at } = https
  return { ...at, certificate: new CertificateWatch({ certificate, key }) }
}

/** @throws CFG_MISSING_FILE, CFG_INVALID with the file */
function readCertificate(files: CertificateFiles): Read {
  const cert = textOf(files.certificate, 'a certificate')
  const key = textOf(files.key, 'the private key of a certificate')
  const leaf = parsed(files.certificate, 'a certificate in PEM', () => new X509Certificate(cert))
  const own = parsed(files.key, 'a private key in PEM without a passphrase', () => createPrivateKey(key))
  if (!leaf.checkPrivateKey(own))
    throw new CodedError('CFG_INVALID', {
      file: files.key,
      expected: 'the private key of the first certificate of the other file',
      actual: 'that of another one',
    })
  parsed(files.certificate, 'a certificate that TLS takes', () => createSecureContext({ cert, key }))
  return { cert, key, expiresMs: Date.parse(leaf.validTo) }
}

function textOf(file: string, expected: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    throw asCoded(error, 'CFG_MISSING_FILE', { file, expected })
  }
}

function parsed<T>(file: string, expected: string, parse: () => T): T {
  try {
    return parse()
  } catch (error) {
    throw new CodedError('CFG_INVALID', { file, expected, actual: (error as Error).message, cause: error })
  }
}
