import { createHash, randomBytes } from 'node:crypto'
import { Integer, OctetString } from 'asn1js'
import {
  AlgorithmIdentifier,
  Certificate,
  ContentInfo,
  ExtKeyUsage,
  id_ExtKeyUsage,
  id_sha256,
  MessageImprint,
  SignedData,
  TimeStampReq,
  TimeStampResp,
  TSTInfo,
} from 'pkijs'
import { asCoded, CodedError, timeLimit } from '../../contracts/index.ts'

/** Extended key usage of a time-stamp authority: RFC 3161, 2.3. */
const TIME_STAMPING = '1.3.6.1.5.5.7.3.8'
const NONCE_BYTES = 8
const MAX_ANSWER_BYTES = 1_048_576

/**
 * Has bytes stamped by an RFC 3161 authority over HTTP (3.4): the authority sees their SHA-256 only.
 *
 * @returns DER of the TimeStampToken
 * @throws TRC_WITNESS when it cannot be reached, refuses, stamps something else, or by a certificate that verifiers refuse
 */
export async function requestTimeStamp(
  url: string,
  data: Uint8Array,
  { timeoutMs, signal }: { timeoutMs: number; signal?: AbortSignal },
): Promise<Buffer> {
  const limit = timeLimit(timeoutMs, signal)
  try {
    const nonce = randomBytes(NONCE_BYTES)
    // A positive number in its shortest form, as DER wants it.
    nonce[0] = ((nonce[0] ?? 0) & 0x3f) | 0x40
    const response = await fetch(url, {
      method: 'POST',
      redirect: 'error',
      headers: { 'content-type': 'application/timestamp-query' },
      body: timeStampQuery(data, nonce),
      signal: limit.signal,
    })
    const bytes = Buffer.from(await response.arrayBuffer())
    if (!response.ok || bytes.length > MAX_ANSWER_BYTES) throw new Error(`HTTP ${response.status}`)
    const answer = TimeStampResp.fromBER(new Uint8Array(bytes))
    // 0 granted, 1 granted with modifications: 2.4.2.
    if (answer.status.status > 1 || !answer.timeStampToken) throw new Error(`status ${answer.status.status}`)
    const token = Buffer.from(answer.timeStampToken.toSchema().toBER())
    const read = await readToken(token, data)
    checkAuthority(read)
    const { info } = read
    const echoed = info.nonce === undefined ? null : Buffer.from(info.nonce.valueBlock.valueHexView)
    if (echoed === null || !echoed.equals(nonce)) throw new Error('the answer is to another request')
    return token
  } catch (error) {
    throw asCoded(error, 'TRC_WITNESS', { path: url, expected: 'a time-stamp (RFC 3161)' })
  } finally {
    limit.clear()
  }
}

/** DER of a TimeStampReq over the SHA-256 of the data; asks for the authority's certificate. */
function timeStampQuery(data: Uint8Array, nonce: Uint8Array): Uint8Array<ArrayBuffer> {
  const request = new TimeStampReq({
    version: 1,
    messageImprint: new MessageImprint({
      hashAlgorithm: new AlgorithmIdentifier({ algorithmId: id_sha256 }),
      hashedMessage: new OctetString({ valueHex: Uint8Array.from(sha256(data)).buffer }),
    }),
    nonce: new Integer({ valueHex: Uint8Array.from(nonce).buffer }),
    certReq: true,
  })
  return new Uint8Array(request.toSchema().toBER())
}

export interface TimeStampCheck {
  ok: boolean
  /** RFC 3339; of the authority, when the token could be read. */
  time: string | null
  /** The authority by its certificate. */
  authority: string
  /** Whether its certificate leads to one of the trusted ones. */
  trusted: boolean
  reason: string | null
}

/**
 * Whether a token stamps these bytes.
 *
 * @param token DER
 * @param trusted DER certificates of authorities; none = only that the token is in itself in order, whoever made it
 */
export async function checkTimeStamp(
  token: Uint8Array,
  data: Uint8Array,
  trusted: readonly Uint8Array[],
): Promise<TimeStampCheck> {
  let time: string | null = null
  let authority = ''
  try {
    const read = await readToken(token, data)
    time = read.info.genTime.toISOString()
    authority = read.authority
    if (trusted.length === 0) return { ok: true, time, authority, trusted: false, reason: null }
    checkAuthority(read)
    const trustedCerts = trusted.map((der) => Certificate.fromBER(Uint8Array.from(der)))
    await read.signed.verify({
      signer: 0,
      data: Uint8Array.from(data).buffer,
      trustedCerts,
      checkChain: true,
    })
    return { ok: true, time, authority, trusted: true, reason: null }
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    return { ok: false, time, authority, trusted: false, reason }
  }
}

interface ReadToken {
  signed: SignedData
  info: TSTInfo
  certificate: Certificate
  authority: string
}

/** @throws when the token is malformed, does not stamp the data, or its signature is wrong */
async function readToken(token: Uint8Array, data: Uint8Array): Promise<ReadToken> {
  const signed = new SignedData({ schema: ContentInfo.fromBER(Uint8Array.from(token)).content })
  const content = signed.encapContentInfo.eContent
  if (!content) throw new Error('an empty token')
  const info = TSTInfo.fromBER(content.getValue())
  if (
    info.messageImprint.hashAlgorithm.algorithmId !== id_sha256 ||
    !Buffer.from(info.messageImprint.hashedMessage.valueBlock.valueHexView).equals(sha256(data))
  )
    throw new Error('the token stamps other bytes')
  const verified = await signed.verify({
    signer: 0,
    data: Uint8Array.from(data).buffer,
    extendedMode: true,
  })
  const certificate = verified.signerCertificate
  if (verified.signatureVerified !== true || !certificate)
    throw new Error('the signature of the token is wrong')
  if (!purposesOf(certificate).includes(TIME_STAMPING))
    throw new CodedError('TRC_WITNESS', {
      expected: 'a certificate for time-stamping',
      actual: 'one for another purpose',
    })
  const names = certificate.subject.typesAndValues.map((t) => String(t.value.valueBlock.value))
  return { signed, info, certificate, authority: names.join(', ') }
}

function purposesOf({ extensions }: Certificate): string[] {
  const usage = extensions?.find((e) => e.extnID === id_ExtKeyUsage)?.parsedValue
  return usage instanceof ExtKeyUsage ? usage.keyPurposes : []
}

/**
 * What every verifier refuses a token for that goes by the authority: its certificate has to be for time-stamping and
 * nothing else, said critically (RFC 3161, 2.3), and valid at the time that the token states.
 */
function checkAuthority({ certificate, info: { genTime: at } }: ReadToken): void {
  const isCritical = certificate.extensions?.find((e) => e.extnID === id_ExtKeyUsage)?.critical === true
  if (!isCritical || purposesOf(certificate).length !== 1)
    throw new CodedError('TRC_WITNESS', {
      expected: 'a certificate for time-stamping alone, by a critical extension (RFC 3161, 2.3)',
      actual: isCritical ? 'one for other purposes, too' : 'an extension that is not critical',
      hint: 'verifiers refuse what it stamps: have the authority take another certificate',
    })
  const [begin, end] = [certificate.notBefore.value, certificate.notAfter.value]
  if (at < begin || at > end)
    throw new CodedError('TRC_WITNESS', {
      expected: `a certificate that is valid at ${at.toISOString()}`,
      actual: `one of ${begin.toISOString()} to ${end.toISOString()}`,
      hint: 'verifiers refuse what it stamps: have the authority renew its certificate',
    })
}

const sha256 = (data: Uint8Array): Buffer => createHash('sha256').update(data).digest()
