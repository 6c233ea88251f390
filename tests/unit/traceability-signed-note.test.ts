import { createPrivateKey } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { asCoded, errorText } from '../../contracts/index.ts'
import {
  checkNote,
  cosignText,
  formatNote,
  NOTE_TYPE,
  noteSigner,
  parseCheckpoint,
  parseCheckpointText,
  parseNote,
  parseVerifierKey,
  signText,
} from '../../traceability/index.ts'

/** Key, text and signature of golang.org/x/mod/sumdb/note, note_test.go. */
const GO = {
  vkey: 'PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW',
  seed: 'YEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz',
  text: "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n",
  line: '— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n',
}
const GO_NOTE = `${GO.text}\n${GO.line}`

/** The example of c2sp.org/tlog-cosignature; its keys are not published. */
const SOFA = `example.com/behind-the-sofa
20852163
CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=

— example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=
— witness.example.com/w1 jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/zXcrtPHeolMI5OWXEhZCB9dlrDJsX3b2oyin1nPZqhf5nNo0xUe+mbIUBkBIfZ+qnA==
`

/**
 * The same text and time cosigned with the seed 00 01 … 1f by Python's cryptography 48:
 * `k = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))`, `k.sign(b"cosignature/v1\ntime 1679315147\n" + body)`,
 * key id `sha256(name + b"\n\x04" + public)[:4]`.
 */
const PY = {
  vkey: 'witness.example.com/w1+a0059f11+BAOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4',
  line: '— witness.example.com/w1 oAWfEQAAAABkGFDLBuRDazBLVac2NE+Y+IjbjQOcXLfF9CSDZVUIoS83rE1nFZsVE8YiWV6Ngr7lV8H6bdoBQGP/l73euDMQ9k+bBQ==\n',
}

/** PKCS #8 of a 32-byte Ed25519 seed: RFC 8410, 7. */
const fromSeed = (seed: Uint8Array) =>
  createPrivateKey({
    key: Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), seed]),
    format: 'der',
    type: 'pkcs8',
  })

describe('signed note, c2sp.org/signed-note', () => {
  it('opens the note of the Go reference implementation and signs it byte for byte', () => {
    const key = parseVerifierKey(GO.vkey)
    const note = parseNote(GO_NOTE)
    expect(note.text).toBe(GO.text)
    expect(checkNote(note, key)).toEqual({ state: 'valid', time: null })
    expect(formatNote(note)).toBe(GO_NOTE)
    // The Go key holds the signature type in front of the seed.
    const seed = Buffer.from(`A${GO.seed}`, 'base64').subarray(1)
    const signer = noteSigner('PeterNeumann', NOTE_TYPE.ed25519, fromSeed(seed))
    expect(signer.key.vkey).toBe(GO.vkey)
    expect(formatNote({ text: GO.text, signatures: [signText(GO.text, signer)] })).toBe(GO_NOTE)
  })

  it('refuses every mangled key of the Go test', () => {
    const bytes = [...GO.vkey]
    bytes.forEach((c, i) => {
      const mangled = [
        ...bytes.slice(0, i),
        String.fromCharCode(c.charCodeAt(0) + 1),
        ...bytes.slice(i + 1),
      ].join('')
      expect(() => parseVerifierKey(mangled), mangled).toThrow(/TRC_KEY/)
    })
    for (const vkey of [
      'PeterNeumann+cc469956+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TWBADKEY==',
      'PeterNeumann+173116ae+ZRpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW',
    ])
      expect(() => parseVerifierKey(vkey)).toThrow(/TRC_KEY/)
  })

  it('says of a note saved with line ends of Windows that it has those', () => {
    const told = (note: string): unknown => {
      try {
        return parseNote(note)
      } catch (error) {
        return errorText(asCoded(error, 'TRC_NOTE'))
      }
    }
    expect(told(GO_NOTE.replaceAll('\n', '\r\n'))).toEqual({
      en: expect.stringContaining('expected lines that end with LF; found line ends of Windows (CRLF)'),
      zh: expect.stringContaining('应为 以 LF 结束的行;实际为 Windows 换行符 (CRLF)'),
    })
    expect(told(GO_NOTE.replace('If', '\rIf'))).toMatchObject({
      en: expect.stringContaining('expected text without control characters'),
    })
  })

  it('takes an altered text for an invalid signature and an unknown key for none', () => {
    const altered = parseNote(GO_NOTE.replace('answer', 'ansver'))
    expect(checkNote(altered, parseVerifierKey(GO.vkey))).toEqual({ state: 'invalid' })
    expect(checkNote(altered, parseVerifierKey(PY.vkey))).toEqual({ state: 'absent' })
  })

  it.each([
    ['no signature', GO.text],
    ['no empty line', GO.text + GO.line],
    ['no last newline', GO_NOTE.slice(0, -1)],
    ['a control character', GO_NOTE.replace('you', 'y\tu')],
    ['a hyphen for the dash', GO_NOTE.replace('—', '-')],
    ['bad base64', GO_NOTE.replace('x08go', 'x08g*')],
    ['a plus in the name', GO_NOTE.replace('— Peter', '— Pe+ter')],
  ])('refuses a note with %s', (_what, note) => {
    expect(() => parseNote(note)).toThrow(/TRC_NOTE/)
  })
})

describe('checkpoint and cosignature', () => {
  it('reads the example of c2sp.org/tlog-cosignature', () => {
    const c = parseCheckpoint(SOFA)
    expect(c).toMatchObject({ origin: 'example.com/behind-the-sofa', size: 20852163, extensions: [] })
    expect(c.note.signatures.map((s) => s.name)).toEqual([
      'example.com/behind-the-sofa',
      'witness.example.com/w1',
    ])
    expect(c.note.signatures[1]?.bytes.readBigUInt64BE(0)).toBe(1679315147n)
  })

  it('cosigns as an independent program does', () => {
    const { text } = parseNote(SOFA)
    const signer = noteSigner(
      'witness.example.com/w1',
      NOTE_TYPE.cosignature,
      fromSeed(Uint8Array.from({ length: 32 }, (_, i) => i)),
    )
    expect(signer.key.vkey).toBe(PY.vkey)
    const note = parseNote(`${text}\n${PY.line}`)
    expect(checkNote(note, parseVerifierKey(PY.vkey))).toEqual({ state: 'valid', time: 1679315147 })
    expect(formatNote({ text, signatures: [cosignText(text, signer, 1679315147)] })).toBe(
      `${text}\n${PY.line}`,
    )
  })

  it.each([
    ['a size with a leading zero', 'o\n01\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n'],
    ['a short root', 'o\n1\nCsUYapGGPo4=\n'],
    ['an empty origin', '\n1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n'],
    ['an empty extension line', 'o\n1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n'],
    [
      'a size beyond what can be counted',
      'o\n99999999999999999999\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n',
    ],
  ])('refuses %s', (_what, text) => {
    expect(() => parseCheckpointText(text)).toThrow(/TRC_NOTE/)
  })

  it('keeps extension lines', () => {
    expect(
      parseCheckpointText('o\n1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\nx 1\n').extensions,
    ).toEqual(['x 1'])
  })
})
