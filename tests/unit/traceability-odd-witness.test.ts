import { createHash } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { proofSchema } from '../../contracts/index.ts'
import {
  type LogProof,
  NOTE_TYPE,
  openKey,
  readLogKey,
  serveWitness,
  startLogProof,
  verifyDataDir,
  Witness,
} from '../../traceability/index.ts'
import { cosignText, parseNote, signatureLine } from '../../traceability/log/index.ts'
import { capture, ORIGIN, signNow, temporary } from './samples/signed-log.ts'

const base = temporary()
beforeAll(async () => {
  await capture(base.dir, 1, 20)
  await signNow(base.dir)
})
afterAll(() => base.dispose())

const NAME = 'witness.test.example/w1'
let state: string
let dir: string
beforeEach(() => {
  state = mkdtempSync(join(tmpdir(), 'sightline-odd-witness-'))
  dir = base.copy()
})
afterEach(() => rmSync(state, { recursive: true, force: true }))

const signer = () => openKey(join(state, 'witness.pem'), NAME, NOTE_TYPE.cosignature)

/** A line whose witness answers as it is told to. */
async function witnessed(
  answer: (body: string, response: ServerResponse) => void,
  check: (proof: LogProof) => Promise<void>,
): Promise<LogProof> {
  const server = createServer((request: IncomingMessage, response) => {
    void text(request).then((body) => answer(body, response))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const proof = await startLogProof({
    dataDir: dir,
    spec: proofSchema.parse({ everyMs: 1, witnesses: [{ url, key: signer().key.vkey }] }),
    fallbackOrigin: ORIGIN,
    onAlarm: () => undefined,
  })
  try {
    await check(proof)
  } finally {
    await proof.close()
    server.closeAllConnections()
    server.close()
  }
  return proof
}

describe('a witness that answers oddly', () => {
  it.each([
    ['nothing with 409, as a proxy may', 409, ''],
    ['a page with 409', 409, '<html>conflict</html>'],
  ])('%s: the line signs on, and says why there is no cosignature', async (_what, status, body) => {
    const proof = await witnessed(
      (_, response) => response.writeHead(status).end(body),
      async (p) => {
        await expect.poll(() => p.state().unreachable.length + (p.state().fault === null ? 0 : 1)).toBe(1)
        const { size } = p.state()
        await capture(dir, 21, 24)
        await expect.poll(() => p.state().size).toBeGreaterThan(size)
      },
    )
    expect(proof.state().fault).toBeNull()
    expect(proof.state().unreachable[0]?.reason).toMatch(/TRC_WITNESS.*HTTP 409/)
  })

  it('a clock that counts microseconds: such a cosignature is none, and the log stays as good as it was', async () => {
    const proof = await witnessed(
      (body, response) => {
        const note = parseNote(body.slice(body.indexOf('\n\n') + 2))
        response.end(signatureLine(cosignText(note.text, signer(), 1_767_600_000_000_000)))
      },
      (p) => expect.poll(() => p.state().unreachable[0]?.reason).toMatch(/TRC_WITNESS.*a cosignature by/),
    )
    expect(proof.state()).toMatchObject({ fault: null, cosigned: [] })
    expect(await verifyDataDir(dir)).toMatchObject({ state: 'intact', findings: [] })
  })
})

describe('a witness that is asked oddly', () => {
  const asked = (port: number, request: string): Promise<string> => {
    const socket = connect(port, '127.0.0.1')
    socket.end(request)
    return text(socket)
  }

  /** Where `Witness` keeps what it cosigned last of a log. */
  const stateFile = (origin: string): string =>
    join(state, 'state', `${createHash('sha256').update(origin).digest('hex')}.checkpoint`)

  it('answers, and goes on: no question ends it', async () => {
    const key = readLogKey(dir)
    const witness = new Witness({
      signer: signer(),
      stateDir: join(state, 'state'),
      logs: key === null ? [] : [key],
    })
    const server = await serveWitness(witness, { host: '127.0.0.1', port: 0, onRefusal: () => undefined })
    const port = Number(new URL(server.url).port)
    try {
      for (const path of ['//', 'http://', '/%', '/checkpoint?origin=%E0%A4%A'])
        expect(await asked(port, `GET ${path} HTTP/1.1\r\nHost: w\r\nConnection: close\r\n\r\n`)).toMatch(
          /^HTTP\/1\.1 404 /,
        )
      // Damaged by a disk: nothing is cosigned, and whoever asks hears why.
      const origin = 'damaged.test.example'
      writeFileSync(stateFile(origin), 'torn')
      const answer = await fetch(`${server.url}/checkpoint?origin=${origin}`)
      expect([answer.status, await answer.text()]).toEqual([500, expect.stringContaining('TRC_NOTE')])
      expect((await fetch(`${server.url}/checkpoint?origin=other`)).status).toBe(404)
    } finally {
      await server.close()
    }
  })
})
